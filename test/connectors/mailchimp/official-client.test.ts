import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { hashOf } from '../../../src/connectors/mailchimp/mapping.ts';
import { aino, audience, type BatchAnswer, clock, officialClient, world } from './setup.ts';

/** The sandbox, driven by the vendor's own client over its own transport: what it would meet, not what we would like. */

interface VendorError {
  status: number;
  response: { body: Record<string, unknown>; headers: Record<string, string>; text: string };
}
const failing = async (work: Promise<unknown>): Promise<VendorError> => {
  try {
    await work;
  } catch (error) {
    return error as VendorError;
  }
  throw new Error('the call succeeded');
};
const subscribed = (email: string, more: object = {}) => ({
  email_address: email,
  status_if_new: 'subscribed' as const,
  ...more,
});

describe('the official client against the sandbox', () => {
  it('pings, and is told when the key is wrong', async () => {
    await using w = await world();
    expect(await officialClient(w.server.url).ping.get()).toEqual({ health_status: "Everything's Chimpy!" });
    const wrong = await failing(officialClient(w.server.url, 'other-us1').ping.get());
    expect(wrong).toMatchObject({ status: 401, response: { body: { title: 'API Key Invalid' } } });
  });

  it('upserts: status_if_new only for the new, a partial body keeps the rest', async () => {
    await using w = await world();
    const { lists } = officialClient(w.server.url);
    const made = await lists.setListMember(
      audience,
      hashOf(aino),
      subscribed(aino, { merge_fields: { FNAME: 'Aino', LNAME: 'Virtanen', UNKNOWN: 'x' } }),
    );
    expect(made).toMatchObject({ id: hashOf(aino), status: 'subscribed', merge_fields: { FNAME: 'Aino', LNAME: 'Virtanen' } });
    w.vendor.unsubscribe(aino);
    const kept = await lists.setListMember(audience, hashOf(aino), subscribed(aino, { merge_fields: { FNAME: 'Aini' } }));
    expect(kept).toMatchObject({ status: 'unsubscribed', merge_fields: { FNAME: 'Aini', LNAME: 'Virtanen' } });
    expect(made.merge_fields).not.toHaveProperty('UNKNOWN');
  });

  it('renames by the old hash: the contact stays, hash and address id follow', async () => {
    await using w = await world();
    const { lists } = officialClient(w.server.url);
    const made = await lists.setListMember(audience, hashOf(aino), subscribed(aino));
    const moved = await lists.updateListMember(audience, hashOf(aino), { email_address: 'uusi@sahko.test' });
    expect(moved).toMatchObject({ id: hashOf('uusi@sahko.test'), contact_id: made.contact_id, web_id: made.web_id });
    expect(moved.unique_email_id).not.toBe(made.unique_email_id);
    for (const key of [hashOf('uusi@sahko.test'), 'uusi@sahko.test', made.contact_id]) {
      expect(await lists.getListMember(audience, key)).toMatchObject({ email_address: 'uusi@sahko.test' });
    }
    expect(await failing(lists.getListMember(audience, hashOf(aino)))).toMatchObject({
      status: 404,
      response: { body: { title: 'Resource Not Found' } },
    });
  });

  it('makes a second member of a PUT to the new hash, and says Member Exists without a type', async () => {
    await using w = await world();
    const { lists } = officialClient(w.server.url);
    await lists.setListMember(audience, hashOf(aino), subscribed(aino));
    await lists.setListMember(audience, hashOf('uusi@sahko.test'), subscribed('uusi@sahko.test'));
    expect(w.vendor.members(audience)).toHaveLength(2);
    const { status, response } = await failing(
      lists.updateListMember(audience, hashOf(aino), { email_address: 'uusi@sahko.test' }),
    );
    expect({ status, ...response.body }).toMatchObject({
      status: 400,
      title: 'Member Exists',
      detail: 'uusi@sahko.test is already a list member. Use PUT to insert or update list members.',
    });
    expect(response.body).not.toHaveProperty('type');
    expect(response.headers['x-request-id']).toBe(response.body['instance']);
    expect(response.headers['content-type']).toContain('application/problem+json');
    const unlowered = await failing(lists.setListMember(audience, hashOf('x@y.test').replace(/^./, 'f'), subscribed(aino)));
    expect(unlowered.response.body['title']).toBe('Member Exists');
  });

  it('blocks the way back for those who left, as long as the block is on', async () => {
    await using w = await world();
    const { lists } = officialClient(w.server.url);
    w.vendor.seedMember(audience, { email: aino });
    w.vendor.unsubscribe(aino);
    const back = () => lists.updateListMember(audience, hashOf(aino), { status: 'subscribed' });
    expect(await failing(back())).toMatchObject({ status: 400, response: { body: { title: 'Member In Compliance State' } } });
    w.vendor.switches.compliance = false;
    expect(await back()).toMatchObject({ status: 'subscribed' });
    w.vendor.clean(aino);
    w.vendor.switches.compliance = true;
    expect((await failing(back())).response.body['title']).toBe('Member In Compliance State');
    w.vendor.resubscribeByForm(aino);
    expect(w.vendor.member(audience, aino)).toMatchObject({ status: 'subscribed' });
  });

  it('lets those back whom the API itself unsubscribed', async () => {
    await using w = await world();
    const { lists } = officialClient(w.server.url);
    w.vendor.seedMember(audience, { email: aino });
    await lists.updateListMember(audience, hashOf(aino), { status: 'unsubscribed' });
    expect(await lists.updateListMember(audience, hashOf(aino), { status: 'subscribed' })).toMatchObject({
      status: 'subscribed',
    });
  });

  it('archives with everything kept, once', async () => {
    await using w = await world();
    const { lists } = officialClient(w.server.url);
    w.vendor.seedMember(audience, { email: aino, FNAME: 'Aino' });
    expect(await lists.deleteListMember(audience, hashOf(aino))).toBeNull();
    expect(await lists.getListMember(audience, hashOf(aino))).toMatchObject({
      status: 'archived',
      merge_fields: { FNAME: 'Aino' },
    });
    const again = await failing(lists.deleteListMember(audience, hashOf(aino)));
    expect(again).toMatchObject({
      status: 405,
      response: {
        headers: { allow: 'GET, PUT' },
        body: { detail: 'This list member cannot be removed. Can not archive a contact that is bounced, pending or archived' },
      },
    });
    expect(await lists.updateListMember(audience, hashOf(aino), { status: 'subscribed' })).toMatchObject({
      status: 'subscribed',
    });
  });

  it('forgets for good: nothing by GET, nobody back by API, only by the form', async () => {
    await using w = await world();
    const { lists } = officialClient(w.server.url);
    w.vendor.seedMember(audience, { email: aino });
    expect(await lists.deleteListMemberPermanent(audience, hashOf(aino))).toBeNull();
    expect((await failing(lists.getListMember(audience, hashOf(aino)))).status).toBe(404);
    const forgotten = { status: 400, response: { body: { title: 'Forgotten Email Not Subscribed' } } };
    expect(await failing(lists.setListMember(audience, hashOf(aino), subscribed(aino)))).toMatchObject(forgotten);
    expect(await failing(lists.addListMember(audience, { email_address: aino, status: 'subscribed' }))).toMatchObject(forgotten);
    expect((await failing(lists.deleteListMemberPermanent(audience, hashOf(aino)))).status).toBe(404);
    w.vendor.resubscribeByForm(aino);
    expect(await lists.getListMember(audience, hashOf(aino))).toMatchObject({ status: 'subscribed' });
  });

  it('judges addresses and merge fields', async () => {
    await using w = await world({
      audiences: [
        {
          id: audience,
          merge_fields: [
            { tag: 'LTV', type: 'number' },
            { tag: 'MUST', required: true },
          ],
        },
      ],
    });
    const { lists } = officialClient(w.server.url);
    const add = (email_address: string, merge_fields: Record<string, unknown>) =>
      failing(lists.addListMember(audience, { email_address, status: 'subscribed', merge_fields }));
    expect((await add('foo@example.com', { MUST: 'x' })).response.body['detail']).toBe(
      'foo@example.com looks fake or invalid, please enter a real email address.',
    );
    expect((await add('AAAAA', { MUST: 'x' })).response.body['detail']).toBe('Please provide a valid email address.');
    const wrong = await add(aino, { LTV: 'much', MUST: 'x' });
    expect(wrong.response.body).toMatchObject({
      title: 'Invalid Resource',
      detail: 'Your merge fields were invalid.',
      errors: [{ field: 'LTV', message: 'Please enter a number' }],
    });
    expect((await add(aino, {})).response.body).toMatchObject({ errors: [{ field: 'MUST', message: 'Please enter a value' }] });
    const made = await lists.setListMember(
      audience,
      hashOf(aino),
      subscribed(aino, { merge_fields: { FNAME: 'ä'.repeat(300) } }),
      { skipMergeValidation: true },
    );
    expect(made).toMatchObject({ merge_fields: { FNAME: 'ä'.repeat(127) } });
  });

  it('takes 500 rows at once, says 200, and tells what failed', async () => {
    await using w = await world();
    const { lists } = officialClient(w.server.url);
    w.vendor.seedMember(audience, { email: aino });
    w.vendor.seedMember(audience, { email: 'left@sahko.test' });
    w.vendor.unsubscribe('left@sahko.test');
    const row = (email_address: string) => ({ email_address, status: 'subscribed' as const });
    const rows = [
      row(aino),
      row('left@sahko.test'),
      row('foo@example.com'),
      ...Array.from({ length: 497 }, (_, n) => row(`n${n}@sahko.test`)),
    ];
    const first = await lists.batchListMembers(audience, { members: rows, update_existing: false });
    expect(first).toMatchObject({
      total_created: 497,
      total_updated: 0,
      error_count: 3,
      errors: [
        { email_address: aino, error_code: 'ERROR_CONTACT_EXISTS' },
        {},
        { email_address: 'foo@example.com', error_code: 'ERROR_GENERIC' },
      ],
    });
    const second = await lists.batchListMembers(audience, { members: rows.slice(0, 2), update_existing: true });
    expect(second).toMatchObject({ total_updated: 2, error_count: 0 });
    expect(w.vendor.member(audience, 'left@sahko.test')).toMatchObject({ status: 'unsubscribed' });
    expect((await failing(lists.batchListMembers(audience, { members: [...rows, row('one@more.test')] }))).status).toBe(400);
  });

  it('reads in pages, by status and by strict time', async () => {
    const time = clock();
    await using w = await world({ now: time.now });
    const { lists } = officialClient(w.server.url);
    for (let n = 0; n < 15; n++) w.vendor.seedMember(audience, { email: `n${n}@sahko.test` });
    expect(await lists.getListMembersInfo(audience)).toMatchObject({ total_items: 15, members: { length: 10 } });
    const small = await lists.getListMembersInfo(audience, { fields: ['members.id', 'total_items'], count: 1000 });
    expect(Object.keys(small)).toEqual(['members', 'total_items']);
    expect((await failing(lists.getListMembersInfo(audience, { count: 1001 }))).status).toBe(400);
    expect((await failing(lists.getListMembersInfo(audience, { fields: ['members.nonsense'] }))).status).toBe(400);
    expect(
      (await failing(lists.getListMembersInfo(audience, { fields: ['members.id'], excludeFields: ['members._links'] }))).status,
    ).toBe(400);
    const { last_changed } = (await lists.getListMember(audience, hashOf('n0@sahko.test'))) as { last_changed: string };
    expect(last_changed).toBe('2025-04-19T00:49:32+00:00');
    const since = async (at: string) =>
      ((await lists.getListMembersInfo(audience, { sinceLastChanged: at, count: 100 })) as { total_items: number }).total_items;
    expect(await since(last_changed)).toBe(0);
    expect(await since('2025-04-19T00:49:31+00:00')).toBe(15);
    w.vendor.archive('n3@sahko.test');
    expect(await lists.getListMembersInfo(audience, { status: 'archived' })).toMatchObject({ total_items: 1 });
    expect(await officialClient(w.server.url).searchMembers.search('n4@sahko.test')).toMatchObject({
      exact_matches: { total_items: 1 },
    });
  });

  it('keeps tags apart, and answers 204 for them', async () => {
    await using w = await world();
    const { lists } = officialClient(w.server.url);
    w.vendor.seedMember(audience, { email: aino });
    expect(await lists.updateListMemberTags(audience, hashOf(aino), { tags: [{ name: 'Lahti', status: 'active' }] })).toBeNull();
    expect(await lists.updateListMemberTags(audience, hashOf(aino), { tags: [] })).toBeNull();
    expect(await lists.getListMember(audience, hashOf(aino))).toMatchObject({ tags_count: 1, tags: [{ name: 'Lahti' }] });
    expect((await failing(lists.updateListMemberTags(audience, hashOf('nobody@sahko.test'), { tags: [] }))).status).toBe(404);
  });

  it('works through a batch later, in its own order, and tells it in an archive elsewhere for ten minutes', async () => {
    const time = clock();
    await using w = await world({ now: time.now });
    const { batches } = officialClient(w.server.url);
    const put = (email: string, n: number) => ({
      method: 'PUT',
      path: `/lists/${audience}/members/${hashOf(email)}`,
      operation_id: `op-${n}`,
      body: JSON.stringify(subscribed(email)),
    });
    const emails = ['foo@example.com', ...Array.from({ length: 20 }, (_, n) => `n${n}@sahko.test`)];
    const started = await batches.start({ operations: emails.map(put) });
    expect(started).toMatchObject({ status: 'pending', total_operations: 21, finished_operations: 0, response_body_url: '' });
    let done: BatchAnswer = started;
    await expect
      .poll(async () => {
        done = await batches.status(started.id);
        return done.status;
      })
      .toBe('finished');
    expect(done).toMatchObject({ finished_operations: 21, errored_operations: 1 });
    const answer = await fetch(done.response_body_url);
    const results = filesOf(gunzipSync(Buffer.from(await answer.arrayBuffer()))).flatMap(
      (file) => JSON.parse(file) as { status_code: number; operation_id: string; response: string }[],
    );
    expect(results).toHaveLength(21);
    expect(results.map((r) => r.operation_id)).not.toEqual(emails.map((_, n) => `op-${n}`));
    const failed = results.find((r) => r.operation_id === 'op-0');
    expect(failed?.status_code).toBe(400);
    expect(JSON.parse(failed?.response ?? '')).toMatchObject({ title: 'Invalid Resource' });
    expect((await fetch(done.response_body_url, { headers: { authorization: 'Basic eDp5' } })).status).toBe(400);
    time.pass(601);
    expect((await fetch(done.response_body_url)).status).toBe(403);
    expect((await fetch((await batches.status(started.id)).response_body_url)).status).toBe(200);
  });

  it('throttles the eleventh request at once, and shows broken answers as the client sees them', async () => {
    await using w = await world();
    const { lists, ping } = officialClient(w.server.url);
    w.vendor.seedMember(audience, { email: aino });
    w.server.fault({ kind: 'hang', path: '/ping', times: 10 });
    const held = Array.from({ length: 10 }, () => ping.get().catch(() => undefined));
    await expect.poll(() => w.server.peak()).toBe(10);
    const eleventh = await failing(lists.getListMember(audience, hashOf(aino)));
    expect(eleventh).toMatchObject({ status: 429, response: { body: { title: 'TooManyRequests' } } });
    expect(eleventh.response.headers).not.toHaveProperty('retry-after');
    await w.server.close();
    await Promise.all(held);
  });
});

/** The contents of a tar archive's regular files. */
function filesOf(tar: Buffer): string[] {
  const files: string[] = [];
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 135), 8);
    if (tar[at + 156] === 48) files.push(tar.toString('utf8', at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}
