import { expect, it } from 'vitest';
import { mepco } from '../../../src/connectors/mepco/connector.ts';
import type { Fields } from '../../../src/core/person.ts';
import { allow } from '../../../src/core/policy.ts';
import { call, file, inMemory, people, poll, row } from './setup.ts';

const ref = { place: 'person', id: '0001' };
const given = (fields: Fields) => allow(fields, { fields: Object.keys(fields) as (keyof Fields)[] });
const byPeople = { kind: 'refused', code: 'done-by-people', ask: true };

it('reads a person from the newest whole export, and finds them by address and identity code', async () => {
  const { exchange, recipient } = inMemory();
  exchange.put('henkilot-1.csv', file(row(1, { code: '131052-308T' }), row(2)));
  expect((await recipient.read(ref, call))?.fields).toMatchObject({ email: 'henkilo1@cervi.test', identityCode: '131052-308T' });
  expect(await recipient.read({ place: 'person', id: '1' }, call)).toBeNull();
  expect(await recipient.find({ email: 'HENKILO2@cervi.test' }, 'person', call)).toMatchObject([{ ref: { id: '0002' } }]);
  expect(await recipient.find({ identityCode: '131052-308t' }, 'person', call)).toMatchObject([{ ref: { id: '0001' } }]);
  expect(await recipient.find({ givenName: 'Äijä' }, 'person', call)).toEqual([]);
  const listed = [];
  for await (const page of recipient.list(call)) listed.push(...page);
  expect(listed).toHaveLength(2);
});

it('asks people for a correction and an erasure, until the next whole export shows that they did it', async () => {
  const { exchange, recipient, connector } = inMemory();
  exchange.put('henkilot-1.csv', people(1, 2));
  const fresh = given({ email: 'uusi@cervi.test' });
  expect(await recipient.rectify(ref, fresh, [], call)).toEqual(byPeople);
  expect(await recipient.rectify(ref, given({}), ['language'], call)).toEqual(byPeople);
  expect(await recipient.erase(ref, call)).toEqual(byPeople);
  expect(await recipient.create(fresh, 'person', call)).toEqual(byPeople);
  expect(await recipient.restrict(ref, [], call)).toEqual({ kind: 'refused', code: 'no-restriction' });

  const corrected = inMemory();
  corrected.exchange.put('henkilot-2.csv', file(row(1, { email: 'uusi@cervi.test' }), row(2)));
  expect(await corrected.recipient.rectify(ref, fresh, [], call)).toEqual({ kind: 'accepted', ref });

  const erased = inMemory();
  erased.exchange.put('henkilot-3.csv', people(2));
  expect(await erased.recipient.erase(ref, call)).toEqual({ kind: 'not-found' });
  expect(await erased.recipient.rectify(ref, fresh, [], call)).toEqual({ kind: 'not-found' });
  expect([...exchange.writes, ...corrected.exchange.writes, ...erased.exchange.writes]).toEqual([]);
  expect(connector.manifest.erasure.cap).toBe('observed');
});

it('proves nothing without a whole export', async () => {
  const { exchange, recipient } = inMemory({ full: undefined, delta: '*.csv' });
  exchange.put('muutokset.csv', people(1));
  await expect(recipient.erase(ref, call)).rejects.toMatchObject({ code: 'RECIPIENT_UNAVAILABLE' });
  await expect(recipient.read(ref, call)).rejects.toMatchObject({ code: 'RECIPIENT_UNAVAILABLE' });
});

it("calls nobody absent by an export with rows that are nobody's, and counts them", async () => {
  const { exchange, recipient, register } = inMemory();
  exchange.put('henkilot-1.csv', file(row(1), ';Nimetön;a@cervi.test;;;', ';Toinen;b@cervi.test;;;'));
  let unread = 0;
  for await (const _ of recipient.list(call, (rows) => (unread += rows)));
  expect(unread).toBe(2);
  expect(await recipient.find({ email: 'henkilo1@cervi.test' }, 'person', call)).toHaveLength(1);
  const other = { place: 'person', id: '0002' };
  const looks = [
    () => recipient.read(other, call),
    () => recipient.erase(other, call),
    () => recipient.find({ email: 'a@cervi.test' }, 'person', call),
    () => register.look(other, call),
  ];
  for (const look of looks)
    await expect(look()).rejects.toMatchObject({
      code: 'RECIPIENT_UNAVAILABLE',
      hint: expect.stringContaining('without a number'),
    });
});

it('carries signals of the register that columns tell', async () => {
  const { exchange, register } = inMemory(
    { map: { email: 'User Email' } },
    {
      for: 'employee',
      erasureSignal: { field: 'Poistetaan', equals: true },
      permissions: {
        news: { granted: { field: 'Tiedotteet', equals: 'kyllä' }, refused: { field: 'Tiedotteet', equals: 'ei' } },
      },
    },
  );
  exchange.put('henkilot-1.csv', 'Person Number;User Email;Tiedotteet;Poistetaan\n1;a@b.test;KYLLÄ;\n2;b@b.test;ei;x\n');
  const { records } = await poll({ register }, null);
  expect(records.map(({ erase, granted, refused }) => [erase, granted['news'], refused['news']])).toEqual([
    [false, true, false],
    [true, false, true],
  ]);
});

it('checks what it may, and names a file that is refused', async () => {
  const { exchange, connector } = inMemory({ movedTo: 'taken' });
  const rights = async (writeTest: boolean) => (await connector.check(call, writeTest)).map(({ ok, problem }) => [ok, problem]);
  expect(await rights(false)).toEqual([
    [true, undefined],
    [null, 'no export lies there yet'],
    [null, 'provable only by writing; --write-test tries it'],
  ]);
  exchange.put('henkilot-1.csv', file('0001;x'));
  const [, reading, clearing] = await rights(true);
  expect(reading?.[1]).toContain('henkilot-1.csv, line 2: 2 columns where the header has 6');
  expect(clearing).toEqual([true, undefined]);
  expect([...exchange.files.keys()]).toEqual(['henkilot-1.csv']);
  expect(exchange.writes).toEqual([
    'write .kaiku-write-test',
    'move .kaiku-write-test taken/.kaiku-write-test',
    'remove taken/.kaiku-write-test',
  ]);
});

it('wants to know what the exports hold', () => {
  const { settings } = mepco;
  const hostKeys = [`SHA256:${'b'.repeat(43)}`];
  const faults = (given: unknown) => (settings.safeParse(given).error?.issues ?? []).map(({ message }) => message).join();
  expect(faults({ hostKeys })).toContain('say what the exports hold');
  expect(faults({ hostKeys, delta: '*.csv', blanks: 'unchanged' })).toContain('needs whole exports');
  expect(faults({ hostKeys: ['aa:bb'], full: '*.csv' })).toContain('SHA256:');
  expect(faults({ hostKeys, full: '../*.csv' })).not.toBe('');
  expect(faults({ hostKeys, full: '*.csv', folder: '../other' })).not.toBe('');
  expect(faults({ hostKeys, full: '*.csv', map: { nickname: 'Nick' } })).toContain('Invalid key');
  expect(faults({ hostKeys, full: '*.csv' })).toBe('');
});

it('has rows of staff alone: a customer with the same mailbox is nobody there', () => {
  const { serves } = inMemory().recipient;
  expect(['employee', 'applicant', 'customer', 'prospect'].filter((role) => serves?.(role))).toEqual(['employee', 'applicant']);
});
