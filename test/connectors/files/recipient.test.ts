import { describe, expect, it } from 'vitest';
import type { Fields } from '../../../src/core/person.ts';
import { allow } from '../../../src/core/policy.ts';
import { MemoryExchange } from '../memory-exchange.ts';
import { call, file, left, open, parse, person, usual } from './setup.ts';

const ref = { place: 'row', id: '1' };
const given = (fields: Fields) => allow(fields, { fields: Object.keys(fields) as (keyof Fields)[] });
const may = (day: number) => Date.UTC(2026, 4, day);
const marked = { mark: { column: 'What', change: 'U', erase: 'P' }, erasure: 'rows' };

function world(settings: Record<string, unknown> = {}) {
  const exchange = new MemoryExchange();
  exchange.put('out/persons-1.csv', file(person(1), person(2)), may(1));
  return { ...open(settings, exchange), exchange, again: () => open(settings, exchange).recipient };
}

describe('a system of files, by its declaration alone', () => {
  it('reads rows, finds them by what one person alone has, and lists them', async () => {
    const { recipient } = world();
    expect(await recipient.read(ref, call)).toEqual({
      ref,
      standing: 'active',
      refused: false,
      fields: {
        givenName: 'Aino',
        familyName: 'Mäkeläb',
        email: 'aino1@odd.test',
        phone: '040 100 1001',
        address: { street: 'Tie 1', city: 'Åbo' },
      },
    });
    expect(await recipient.read({ place: 'row', id: '9' }, call)).toBeNull();
    expect(await recipient.find({ email: 'AINO2@odd.test', phone: '040 100 1001' }, 'row', call)).toMatchObject([
      { ref: { id: '2' } },
    ]);
    expect(await recipient.find({ phone: '040 100 1001' }, 'row', call)).toEqual([]);
    const rows = [];
    for await (const page of recipient.list(call)) rows.push(...page);
    expect(rows).toHaveLength(2);
    expect(recipient.carries).toEqual(['givenName', 'familyName', 'email', 'phone', 'address']);
    expect(recipient.asHeld?.({ address: { street: 'Tie 5', postcode: '00100' } }, 'row')).toEqual({
      address: { street: 'Tie 5' },
    });
  });

  it('leaves a correction as a file with the whole row, and nothing once their export shows it', async () => {
    const { exchange, recipient, again } = world(marked);
    const fresh = given({ email: 'uusi@odd.test', phone: '+358 40 1' });
    expect(await recipient.rectify(ref, fresh, ['givenName'], call)).toEqual({ kind: 'accepted', ref });
    expect(left(exchange)).toEqual([
      "What;Id;First;Last;Mail;Phone;Street;City\r\nU;1;;Mäkeläb;uusi@odd.test;'+358 40 1;Tie 1;Åbo\r\n",
    ]);
    exchange.files.delete([...exchange.files.keys()].find((path) => path.startsWith('in/kaiku-')) ?? '');
    exchange.put('out/persons-3.csv', file("1;;Mäkeläb;uusi@odd.test;'+358 40 1;Tie 1;Åbo", person(2)), Date.now() + 2000);
    const last = again();
    expect(await last.rectify(ref, fresh, ['givenName'], call)).toEqual({ kind: 'accepted', ref });
    expect((await last.read(ref, call))?.fields).toMatchObject({ email: 'uusi@odd.test', phone: '+358 40 1' });
    expect(left(exchange)).toEqual([]);
  });

  it('writes nothing at all where people make every change: the next export is the proof', async () => {
    const { connector, exchange, recipient, again } = world({ corrections: 'people' });
    const asked = { kind: 'refused', code: 'done-by-people', ask: true };
    const fresh = given({ email: 'uusi@odd.test' });
    expect(await recipient.rectify(ref, fresh, [], call)).toEqual(asked);
    expect(await recipient.erase(ref, call)).toEqual(asked);
    expect(await connector.check(call, true)).toEqual([{ right: 'export: read', ok: true }]);
    expect([...exchange.files.keys()]).toEqual(['out/persons-1.csv']);
    exchange.put('out/persons-2.csv', file(person(1, { mail: 'uusi@odd.test' }), person(2)), may(2));
    expect(await again().rectify(ref, fresh, [], call)).toEqual({ kind: 'accepted', ref });
    exchange.put('out/persons-3.csv', file(person(2)), may(3));
    expect(await again().erase(ref, call)).toEqual({ kind: 'not-found' });
  });

  it('erases by a row with the mark and the key alone, or asks people', async () => {
    const { exchange, recipient } = world(marked);
    expect(await recipient.erase(ref, call)).toEqual({ kind: 'accepted', ref });
    expect(left(exchange)).toEqual(['What;Id;First;Last;Mail;Phone;Street;City\r\nP;1;;;;;;\r\n']);
    expect(await recipient.erase({ place: 'row', id: '9' }, call)).toEqual({ kind: 'not-found' });
    const asking = world();
    expect(await asking.recipient.erase(ref, call)).toEqual({ kind: 'refused', code: 'done-by-people', ask: true });
    expect(asking.exchange.writes).toEqual([]);
  });

  it('asks people for a value that cannot be written, and never makes or restricts a row', async () => {
    const { exchange, recipient } = world({ encoding: 'utf-8' });
    for (const familyName of ['a;b', 'a"b', 'a\nb'])
      expect(await recipient.rectify(ref, given({ familyName }), [], call)).toEqual({
        kind: 'refused',
        code: 'not-writable',
        ask: true,
      });
    expect(await recipient.create(given({ email: 'a@b.test' }), 'row', call)).toMatchObject({ kind: 'refused' });
    expect(await recipient.restrict(ref, [], call)).toMatchObject({ kind: 'refused' });
    expect(exchange.writes).toEqual([]);
  });

  it('never reads its own files as theirs, where both share a folder', async () => {
    const exchange = new MemoryExchange();
    exchange.put('persons.csv', file(person(1), person(2)), may(1));
    const settings = { export: { names: '*.csv' }, changes: {} };
    await open(settings, exchange).recipient.rectify(ref, given({ email: 'uusi@odd.test' }), [], call);
    expect((await open(settings, exchange).recipient.read(ref, call))?.fields.email).toBe('aino1@odd.test');
  });

  it('says what a declaration lacks', () => {
    const faults = (over: Record<string, unknown>) =>
      (parse({ ...usual, ...over }).error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`).join();
    expect(faults({})).toBe('');
    expect(faults({ erasure: 'rows' })).toContain('rows needs the mark of an erasure');
    expect(faults({ map: {} })).toContain('which field stands in which column');
    expect(faults({ mark: { column: 'What', erase: '-' } })).toContain('a word of letters and digits');
    expect(faults({ delimiter: '"' })).not.toBe('');
  });

  it('probes reading and writing', async () => {
    const { exchange, connector } = world();
    expect(await connector.check(call, true)).toEqual([
      { right: 'export: read', ok: true },
      { right: 'changes: write', ok: true },
    ]);
    expect(exchange.writes).toEqual(['write in/.kaiku-write-test', 'remove in/.kaiku-write-test']);
  });
});
