import { sql } from 'kysely';
import { beforeEach, expect, it } from 'vitest';
import { untilShown } from '../../src/jobs/shown-later.ts';
import { row } from '../../src/store/database.ts';
import { file, open, person } from '../connectors/files/setup.ts';
import { MemoryExchange } from '../connectors/memory-exchange.ts';
import { openTestHub, type TestHub } from './hub.ts';

let hub: TestHub;
let exchange: MemoryExchange;
beforeEach(async () => {
  exchange = new MemoryExchange();
  exchange.put('out/persons-1.csv', file(person(1), person(2), person(3), person(4)), Date.UTC(2026, 4, 1));
  hub = await openTestHub({
    needs: (needs) => ({
      ...needs,
      connectors: { ...needs.connectors, newsletter: open({ corrections: 'people' }, exchange).connector },
    }),
  });
  return () => hub.close();
});

const names = () => [...exchange.files.keys()];
const give = (text: string, as?: 'admin' | 'system-owner' | 'dpo', system = 'newsletter') =>
  hub.ask('POST', `/systems/${system}/exports`, { content: Buffer.from(text).toString('base64') }, as);

it('takes an export that people downloaded under a name that the next look reads, and says nothing of what stands in it', async () => {
  const taken = await give(file(person(1), person(2), person(3)), 'admin');
  expect([taken.status, taken.json()]).toEqual([
    201,
    { system: 'newsletter', rows: 3, sha256: expect.stringMatching(/^[0-9a-f]{64}$/), woken: 0 },
  ]);
  expect(names()).toEqual(['out/persons-1.csv', expect.stringMatching(/^out\/persons\d{17}\.csv$/)]);
  expect(
    await hub.needs.connectors['newsletter']?.recipient?.read({ place: 'row', id: '4' }, { beforeWire: async () => 0 }),
  ).toBeNull();
  const whole = `${await hub.dump('audit_entry')}${hub.logged()}`;
  expect(whole).toContain('export.taken');
  expect(whole).toContain('rows-3');
  expect(whole).not.toContain('odd.test');
});

it('takes it as it is too, by whoever has the file and no tool', async () => {
  const raw = await hub.raw({
    method: 'POST',
    url: '/api/v1/systems/newsletter/exports',
    headers: { authorization: 'Bearer local-token', 'content-type': 'text/csv' },
    payload: file(person(1), person(2)),
  });
  expect([raw.status, raw.json()['rows']]).toEqual([201, 2]);
});

it.each([
  ['lacks a column', 'Id;First;Last;Mail\r\n1;A;B;c@odd.test\r\n', /persons\d+\.csv, line 1: the column "Phone" is missing/],
  ['has a key twice', file(person(1), person(1)), /line 3: the same key as on line 2/],
  ['is cut', file(person(1)).slice(0, -6), /persons\d+\.csv, line/],
  ['lacks very many rows', file(person(4)), /3 of 4 rows are missing in it/],
  ['is empty', '', /persons\d+\.csv, line/],
])('refuses one that %s, with file, line and reason, and stores nothing', async (_, text, why) => {
  const refused = await give(text);
  expect([refused.status, refused.json()['code']]).toEqual([400, 'export-refused']);
  expect(refused.json()['detail']).toMatch(why);
  expect(names()).toEqual(['out/persons-1.csv']);
  expect(await hub.dump('audit_entry')).not.toContain('export.taken');
});

it('is for whoever runs that system, and for systems that are read so', async () => {
  expect((await give(file(person(1)), 'dpo')).status).toBe(403);
  // a token has no system of its own
  expect((await give(file(person(1)), 'system-owner')).status).toBe(404);
  expect((await give(file(person(1)), 'admin', 'nowhere')).status).toBe(404);
  expect((await give(file(person(1)), 'admin', 'partner')).json()['code']).toBe('takes-no-export');
  expect(names()).toEqual(['out/persons-1.csv']);
});

it('lets every duty look that waits for an export', async () => {
  const { id } = (await row(
    hub.needs.db,
    sql<{
      id: string;
    }>`INSERT INTO subject (id, role, state, register) VALUES (gen_random_uuid(), 'customer', 'active', 'crm') RETURNING id`,
  )) ?? { id: '' };
  await sql`INSERT INTO duty (id, subject, recipient, wanted, lane, state, reason, wake_at)
            VALUES (gen_random_uuid(), ${id}, 'newsletter', 1, 2, 'waiting', ${untilShown}, now() + interval '1 hour')`.execute(
    hub.needs.db,
  );
  expect((await give(file(person(1), person(2), person(3)))).json()['woken']).toBe(1);
  const duty = await row(
    hub.needs.db,
    sql<{ soon: boolean }>`SELECT wake_at < now() + interval '10 seconds' AS soon FROM duty WHERE subject = ${id}`,
  );
  expect(duty?.soon).toBe(true);
});

it('takes it from the form of the system’s page, and shows there why it was refused', async () => {
  const of = (text: string) =>
    [
      '--x',
      'content-disposition: form-data; name="file"; filename="vienti.csv"',
      'content-type: text/csv',
      '',
      text,
      '--x--',
      '',
    ].join('\r\n');
  const send = (text: string) =>
    hub.raw({
      method: 'POST',
      url: '/systems/newsletter/exports',
      headers: {
        authorization: 'Bearer local-token',
        'accept-language': 'en',
        'content-type': 'multipart/form-data; boundary=x',
        origin: 'http://localhost',
        host: 'localhost',
      },
      payload: of(text),
    });
  const page = await hub.raw({ method: 'GET', url: '/systems/newsletter', headers: { authorization: 'Bearer local-token' } });
  expect(page.text).toContain('action="/systems/newsletter/exports"');
  const refused = await send(file(person(1), person(1)));
  expect(refused.status).toBe(400);
  expect(refused.text).toMatch(/line 3: the same key as on line 2/);
  expect(names()).toHaveLength(1);
  const taken = await send(file(person(1), person(2), person(3)));
  expect([taken.status, taken.headers['location']]).toEqual([303, expect.stringContaining('/systems/newsletter')]);
  expect(names()).toHaveLength(2);
});
