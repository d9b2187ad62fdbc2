import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type InsightlySandboxOptions, insightlySandbox } from '../../../src/connectors/insightly/sandbox.ts';
import { serveSandbox } from '../../../src/connectors/sandbox.ts';
import { until } from '../../support/until.ts';
import { clock } from './setup.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function served(options: InsightlySandboxOptions = {}, latencyMs = 0) {
  const crm = insightlySandbox({ apiKey: 'key', perSecond: Number.POSITIVE_INFINITY, connections: 100, ...options });
  const server = await serveSandbox(crm, { latencyMs });
  open.push(() => server.close());
  const ask = async (
    method: string,
    path: string,
    body?: unknown,
    authorization = `Basic ${Buffer.from('key:').toString('base64')}`,
  ) => {
    const answer = await fetch(`${server.url}/v3.1${path}`, {
      method,
      headers: { authorization, accept: 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, text, json: () => JSON.parse(text) as never };
  };
  return { crm, ask, server };
}
type Rows = Record<string, unknown>[];

describe('the sandbox of Insightly', () => {
  it('takes the key with and without its colon, and nothing else', async () => {
    const { ask } = await served();
    for (const user of ['key:', 'key', 'key:anything'])
      expect((await ask('GET', '/Users/Me', undefined, `Basic ${Buffer.from(user).toString('base64')}`)).status).toBe(200);
    for (const wrong of [`Basic ${Buffer.from('other:').toString('base64')}`, 'Bearer key', 'Basic ???']) {
      const answer = await ask('GET', '/Contacts', undefined, wrong);
      expect([answer.status, answer.json()]).toEqual([401, { Message: 'Authorization has been denied for this request.' }]);
    }
  });

  it('lists bare arrays in pages, tells the total only when asked, and leaves collections out of brief rows', async () => {
    const { crm, ask } = await served();
    crm.seed(30);
    const people = crm.ids('contact').length;
    const page = await ask('GET', '/Contacts?top=10&skip=20&count_total=true');
    expect(page.json()).toHaveLength(Math.min(people - 20, 10));
    expect(page.headers.get('x-total-count')).toBe(String(people));
    const plain = await ask('GET', '/Contacts?top=10&brief=true');
    expect(plain.headers.get('x-total-count')).toBeNull();
    expect((plain.json() as Rows)[0]).not.toHaveProperty('CUSTOMFIELDS');
    expect((await ask('GET', '/Contacts?top=501')).status).toBe(400);
    expect((await ask('GET', '/Contacts?top=500&skip=5000')).json()).toEqual([]);
  });

  it('filters strictly later, in whole seconds, on Search alone', async () => {
    const time = clock();
    const { crm, ask } = await served({ now: time.now });
    crm.add('contact', { FIRST_NAME: 'Aino' });
    for (const since of ['2025-04-19T00:49:32Z', '2025-04-19%2000:49:32'])
      expect((await ask('GET', `/Contacts/Search?updated_after_utc=${since}`)).json()).toEqual([]);
    expect((await ask('GET', '/Contacts/Search?updated_after_utc=2025-04-19T00:49:31Z')).json()).toHaveLength(1);
    expect((await ask('GET', '/Contacts?updated_after_utc=2025-04-19T00:49:32Z')).json()).toHaveLength(1);
    expect((await ask('GET', '/Contacts/Search?updated_after_utc=soon')).status).toBe(400);
    expect((await ask('GET', '/Contacts/Search?field_name=FIRST_NAME')).status).toBe(400);
  });

  it('shows the keys and the date form of the live service', async () => {
    const { crm, ask } = await served({ now: clock().now });
    const contact = crm.add('contact', {
      FIRST_NAME: 'Aino',
      Newsletter__c: true,
      CUSTOMFIELDS: [{ FIELD_NAME: 'Interests__c', FIELD_VALUE: 'Heating;Plumbing' }],
    });
    expect((await ask('GET', `/Contacts/${contact}`)).json()).toMatchObject({
      CONTACT_ID: Number(contact),
      VISIBLE_TO: 'EVERYONE',
      VISIBLE_TEAM_ID: null,
      DATE_UPDATED_UTC: '2025-04-19 00:49:32',
      EMAIL_ADDRESS: null,
      CUSTOMFIELDS: expect.arrayContaining([
        { FIELD_NAME: 'Newsletter__c', FIELD_VALUE: true, CUSTOM_FIELD_ID: 'Newsletter__c' },
        { FIELD_NAME: 'Interests__c', FIELD_VALUE: 'Heating;Plumbing', CUSTOM_FIELD_ID: 'Interests__c' },
      ]),
    });
    const lead = crm.add('lead', { LAST_NAME: 'Salmi' });
    expect((await ask('GET', `/Leads/${lead}`)).json()).toMatchObject({ EMAIL: '', LINKS: [], CONVERTED: false });
  });

  it('takes a partial PUT on the collection: what is left out stays, null clears, the date moves', async () => {
    const time = clock();
    const { crm, ask } = await served({ now: time.now });
    const id = crm.add('contact', { FIRST_NAME: 'Aino', LAST_NAME: 'Salmi', PHONE: '1' });
    time.pass(5);
    const answer = await ask('PUT', '/Contacts', {
      CONTACT_ID: Number(id),
      PHONE: null,
      DATE_CREATED_UTC: '2001-01-01 00:00:00',
    });
    expect(answer.status).toBe(201);
    expect(crm.record('contact', id)).toMatchObject({
      LAST_NAME: 'Salmi',
      PHONE: null,
      DATE_CREATED_UTC: '2025-04-19 00:49:32',
      DATE_UPDATED_UTC: '2025-04-19 00:49:37',
    });
    expect((await ask('PUT', '/Contacts', { PHONE: '2' })).status).toBe(400);
    expect((await ask('PUT', '/Contacts', { CONTACT_ID: 1, PHONE: '2' })).status).toBe(404);
    expect((await ask('PUT', '/Contacts', { CONTACT_ID: Number(id), SALUTATION: 'x'.repeat(51) })).status).toBe(400);
    expect((await ask('PUT', `/Contacts/${id}`, { PHONE: '2' })).status).toBe(405);
  });

  it('deletes with an empty 202 and no trace, keeps 30 days in the bin, and restores', async () => {
    const time = clock();
    const { crm, ask } = await served({ now: time.now });
    const id = crm.add('contact', { FIRST_NAME: 'Aino' });
    const answer = await ask('DELETE', `/Contacts/${id}`);
    expect([answer.status, answer.text]).toEqual([202, '']);
    expect((await ask('GET', `/Contacts/${id}`)).status).toBe(404);
    expect((await ask('GET', '/Contacts/Search?updated_after_utc=2000-01-01T00:00:00Z')).json()).toEqual([]);
    expect((await ask('DELETE', `/Contacts/${id}`)).status).toBe(404);
    expect(crm.restore('contact', id)).toBe(id);
    expect((await ask('GET', `/Contacts/${id}`)).status).toBe(200);
    crm.remove('contact', id);
    time.pass(31 * 86_400);
    expect(crm.bin('contact')).toEqual([]);
  });

  it('hides a record from the key: 403 by id, absent from lists', async () => {
    const { crm, ask } = await served();
    const id = crm.add('contact', { FIRST_NAME: 'Aino' });
    crm.hide('contact', id);
    for (const method of ['GET', 'DELETE']) expect((await ask(method, `/Contacts/${id}`)).status).toBe(403);
    expect((await ask('GET', '/Contacts?top=5')).json()).toEqual([]);
  });

  it('counts the daily quota in every answer, refuses above it and above the rate, and starts anew the next day', async () => {
    const time = clock();
    const { ask } = await served({ now: time.now, quota: 2, perSecond: 3 });
    const first = await ask('GET', '/Contacts?top=1');
    expect([first.headers.get('x-ratelimit-limit'), first.headers.get('x-ratelimit-remaining')]).toEqual(['2', '1']);
    await ask('GET', '/Contacts?top=1');
    const spent = await ask('GET', '/Contacts?top=1');
    expect([spent.status, spent.headers.get('x-ratelimit-remaining'), spent.headers.get('retry-after')]).toEqual([
      429,
      '0',
      null,
    ]);
    expect(() => spent.json()).toThrow();
    time.pass(86_400);
    expect((await ask('GET', '/Contacts?top=1')).status).toBe(429);
    // the limit is one of the second: it comes back with time of this machine, and no sooner
    const back = await until(
      'the next second',
      async () => {
        const answer = await ask('GET', '/Contacts?top=1');
        return answer.status === 200 && answer;
      },
      5,
    );
    expect(back.headers.get('x-ratelimit-remaining')).toBe('1');
  });

  it('refuses more at once than it takes', async () => {
    const { ask } = await served({ connections: 2 }, 50);
    const statuses = await Promise.all(Array.from({ length: 12 }, () => ask('GET', '/Contacts?top=1').then((a) => a.status)));
    expect(statuses).toContain(429);
    expect(statuses).toContain(200);
  });

  it('knows its custom fields, and answers an unknown kind with those of all', async () => {
    const { ask } = await served();
    const names = async (kind: string) =>
      new Set(((await ask('GET', `/CustomFields/${kind}`)).json() as Rows).map((d) => d.FIELD_FOR));
    expect(await names('CONTACT')).toEqual(new Set(['CONTACT']));
    expect(await names('Nothing')).toEqual(new Set(['CONTACT', 'LEAD', 'ORGANISATION']));
  });

  it('has tags, validates new records, and knows the limit of its plan', async () => {
    const { crm, ask } = await served({ recordLimit: 2 });
    const id = crm.add('contact', { FIRST_NAME: 'Aino' });
    await ask('POST', `/Contacts/${id}/Tags`, { TAG_NAME: 'erase' });
    expect((await ask('GET', `/Contacts/${id}/Tags`)).json()).toEqual([{ TAG_NAME: 'erase' }]);
    expect((await ask('GET', '/Contacts/SearchByTag?tagName=erase')).json()).toHaveLength(1);
    expect((await ask('POST', '/Contacts', { LAST_NAME: 'Salmi' })).status).toBe(400);
    expect((await ask('POST', '/Contacts', { FIRST_NAME: 'Onni' })).status).toBe(201);
    expect((await ask('POST', '/Contacts', { FIRST_NAME: 'Eino' })).status).toBe(402);
    expect((await ask('GET', '/Contact')).status).toBe(405);
  });

  it('reports added and updated people to a webhook, and deleted ones never', async () => {
    const got: { body: string; authorization: string | undefined }[] = [];
    const listener = createServer((request, response) => {
      let body = '';
      request
        .on('data', (chunk) => (body += String(chunk)))
        .on('end', () => {
          got.push({ body, authorization: request.headers.authorization });
          response.end();
        });
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    open.push(() => new Promise((resolve) => listener.close(() => resolve())));
    const { crm } = await served({
      now: clock().now,
      webhook: { url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}/hook`, user: 'u', password: 'p', repeat: 2 },
    });
    const id = crm.add('contact', { FIRST_NAME: 'Aino' });
    await crm.delivered();
    expect(got).toHaveLength(2);
    expect(got[0]?.body).toContain('"DATE_UPDATED_UTC":"\\/Date(1745023772000+0200)\\/"');
    expect(got[0]?.authorization).toBe(`Basic ${Buffer.from('u:p').toString('base64')}`);
    crm.remove('contact', id);
    await crm.delivered();
    expect(got).toHaveLength(2);
  });

  it('fills itself with the same fictional people every time', async () => {
    const [one, two] = [insightlySandbox(), insightlySandbox()];
    const people = one.seed(60);
    expect(two.seed(60)).toEqual(people);
    expect(new Set(people.map((p) => p.email)).size).toBe(60);
    expect(people.every((p) => p.email.endsWith('.test'))).toBe(true);
    expect(
      people.some((p) => p.kind === 'lead') &&
        people.some((p) => p.newsletter) &&
        people.some((p) => /[åäö]/i.test(p.familyName)),
    ).toBe(true);
  });
});
