import { appendFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../../src/core/failure.ts';
import { type SftpServer, startSftpServer } from '../../support/sftp-server.ts';
import { call, file, people, poll, row, upTo, type WorldOptions, world } from './setup.ts';

const idsOf = (records: readonly { ref: { id: string } }[]) => records.map(({ ref }) => ref.id);
const hintOf = (failure: unknown) => (failure instanceof Failure ? `${failure.code}: ${failure.hint}` : String(failure));

describe('Mepco as the register of staff, over SFTP', () => {
  let server: SftpServer | undefined;
  beforeEach(async () => {
    server ??= await startSftpServer();
    for (const name of readdirSync(server.folder)) rmSync(join(server.folder, name), { recursive: true });
  });
  afterAll(async () => server?.[Symbol.asyncDispose]());
  const open = (options: WorldOptions = {}) => world({ ...options, ...(server ? { server } : {}) });
  const there = () => readdirSync(server?.folder ?? '').sort();

  it('takes a whole export, and says of each person what stands there', async () => {
    await using w = await open();
    w.leave('henkilot-1.csv', file(row(7, { code: '131052-308t', end: '3.5.2026' }), row(8)));
    const { records, cursor } = await poll(w, null);
    expect(records).toHaveLength(2);
    expect(records[0]).toMatchObject({
      ref: { place: 'person', id: '0007' },
      role: 'employee',
      person: {
        givenName: 'Äijä',
        familyName: 'Haönen',
        email: 'henkilo7@cervi.test',
        language: 'fi',
        identityCode: '131052-308T',
      },
      erase: false,
      events: { 'employment-end': '2026-05-03' },
      changedAt: new Date(Date.UTC(2026, 4, 4, 8, 1)),
    });
    expect(records[1]?.events).toBeUndefined();
    // nobody's value stands in what is saved
    expect(cursor).not.toMatch(/cervi|Äijä|131052/);
    expect(await poll(w, cursor)).toMatchObject({ records: [], pages: 0 });
  });

  it('takes no file that still grows, and takes it once it stands still', async () => {
    let next = 3;
    let grows = true;
    await using w = await open({
      wait: async () => {
        if (grows) appendFileSync(join(server?.folder ?? '', 'henkilot-1.csv'), `${row(next++)}\r\n`);
      },
    });
    w.leave('henkilot-1.csv', people(1, 2));
    expect(await poll(w, null)).toMatchObject({ records: [], pages: 0 });
    expect(await w.register.sweep('person', call)).toMatchObject({ complete: false, why: 'export-unfinished' });
    grows = false;
    expect(idsOf((await poll(w, null)).records)).toEqual(['0001', '0002', '0003', '0004']);
  });

  it('takes nothing behind a file that is still being written, where names give the order', async () => {
    let grows = true;
    await using w = await open({
      settings: { orderBy: 'name' },
      wait: async () => {
        if (grows) appendFileSync(join(server?.folder ?? '', 'henkilot-1.csv'), ' ');
      },
    });
    w.leave('henkilot-1.csv', people(1));
    w.leave('henkilot-2.csv', people(1, 2));
    expect(await poll(w, null)).toMatchObject({ pages: 0 });
    grows = false;
    w.leave('henkilot-1.csv', people(1));
    expect(await poll(w, null)).toMatchObject({ pages: 2 });
  });

  it('takes the same content once, under its own name and as changes under any', async () => {
    await using w = await open({ settings: { delta: 'muutokset*.csv' } });
    w.leave('henkilot-1.csv', people(1, 2));
    w.leave('muutokset-1.csv', file(row(1, { email: 'uusi@cervi.test' })));
    w.leave('henkilot-2.csv', people(1, 2, 3));
    w.leave('muutokset-2.csv', file(row(1, { email: 'uudempi@cervi.test' })));
    const first = await poll(w, null);
    expect(first.pages).toBe(4);
    // put there again: by its old name, and as a copy
    w.leave('henkilot-1.csv', people(1, 2));
    w.leave('muutokset-1 (copy).csv', file(row(1, { email: 'uusi@cervi.test' })));
    const again = await poll(w, first.cursor);
    expect(again).toMatchObject({ pages: 0, records: [] });
    expect(there()).toEqual(['henkilot-2.csv', 'muutokset-2.csv']);
  });

  it('takes the same again under a new name as no news, and a return to what was as news', async () => {
    await using w = await open();
    w.leave('henkilot-1.csv', file(row(1), row(2)));
    const first = await poll(w, null);
    w.leave('henkilot-2.csv', file(row(1), row(2)));
    const second = await poll(w, first.cursor);
    expect(second).toMatchObject({ pages: 1, records: [] });
    w.leave('henkilot-3.csv', file(row(1, { email: 'vahinko@cervi.test' }), row(2)));
    const third = await poll(w, second.cursor);
    w.leave('henkilot-4.csv', file(row(1), row(2)));
    const fourth = await poll(w, third.cursor);
    expect([third, fourth].map(({ records }) => records[0]?.person.email)).toEqual(['vahinko@cervi.test', 'henkilo1@cervi.test']);
  });

  it('reads an export that always has one name, also when it goes back to what was', async () => {
    await using w = await open();
    let cursor: string | null = null;
    const seen: unknown[] = [];
    for (const email of ['a@cervi.test', 'b@cervi.test', 'a@cervi.test']) {
      w.leave('henkilot.csv', file(row(1, { email }), row(2)));
      const said = await poll(w, cursor);
      cursor = said.cursor;
      seen.push(said.records[0]?.person.email);
    }
    expect(seen).toEqual(['a@cervi.test', 'b@cervi.test', 'a@cervi.test']);
    expect(there()).toEqual(['henkilot.csv']);
  });

  it('clears plain files only after the saved cursor says that they were taken, and keeps the newest whole one', async () => {
    await using w = await open({ settings: { delta: 'muutokset*.csv' } });
    w.leave('henkilot-1.csv', people(1, 2));
    w.leave('muutokset-1.csv', file(row(2, { email: 'uusi@cervi.test' })));
    w.leave('henkilot-2.csv', people(1, 2, 3));
    w.leave('muutokset-2.csv', file(row(3, { email: 'toinen@cervi.test' })));
    const all = there();
    const first = await poll(w, null);
    expect([first.pages, there()]).toEqual([4, all]);
    // the import was rolled back: everything is there to be taken again
    expect((await poll(w, null)).pages).toBe(4);
    expect(there()).toEqual(all);
    await poll(w, first.cursor);
    expect(there()).toEqual(['henkilot-2.csv', 'muutokset-2.csv']);
    expect(await w.register.look({ place: 'person', id: '0003' }, call)).toMatchObject({
      record: { person: { email: 'toinen@cervi.test' } },
    });
  });

  it('moves taken files where the settings say so, and finishes what a fallen process left aside', async () => {
    await using w = await open({ settings: { movedTo: 'taken' } });
    mkdirSync(join(w.server.folder, 'taken'));
    w.leave('henkilot-1.csv', people(1));
    w.leave('henkilot-2.csv', people(1, 2));
    const { cursor } = await poll(w, null);
    const [first] = (JSON.parse(cursor ?? '') as { taken: { sha256: string }[] }).taken;
    rmSync(join(w.server.folder, 'henkilot-1.csv'));
    writeFileSync(join(w.server.folder, `.kaiku-${first?.sha256.slice(0, 16)}`), people(1));
    await poll(w, cursor);
    expect(there()).toEqual(['henkilot-2.csv', 'taken']);
    expect(readdirSync(join(w.server.folder, 'taken'))).toEqual(['henkilot-1.csv']);
  });

  it('puts a file back that came in the place of a taken one', async () => {
    await using w = await open({ settings: { full: undefined, delta: 'muutokset.csv' } });
    w.leave('muutokset.csv', file(row(1)), 1);
    const { cursor } = await poll(w, null);
    // another content of the same size, in the same second
    w.leave('muutokset.csv', file(row(2)), 1);
    await poll(w, cursor);
    expect(there()).toEqual(['muutokset.csv']);
  });

  it('proves a disappearance by a whole export, and never by changes', async () => {
    await using w = await open({ settings: { delta: 'muutokset*.csv' } });
    w.leave('henkilot-1.csv', people(...upTo(10)));
    w.leave('muutokset-1.csv', file(row(1, { email: 'uusi@cervi.test' })));
    const { cursor } = await poll(w, null);
    const whole = await w.register.sweep('person', call);
    expect([whole.complete, whole.ids.size, await w.register.total('person', call)]).toEqual([true, 10, 10]);
    w.leave('henkilot-2.csv', people(...upTo(9)));
    const next = w.connect();
    const after = await next.register?.sweep('person', call);
    expect([after?.complete, after?.ids.has('0010')]).toEqual([true, false]);
    expect(await next.register?.look({ place: 'person', id: '0010' }, call)).toEqual({ kind: 'gone' });
    expect((await poll(w, cursor)).pages).toBe(1);

    await using changes = await open({ settings: { full: undefined, delta: 'henkilot*.csv' } });
    expect(await changes.register.sweep('person', call)).toMatchObject({ complete: false, why: 'no-whole-export' });
    expect(await changes.register.look({ place: 'person', id: '0099' }, call)).toEqual({ kind: 'hidden' });
  });

  it('stops before very many people vanish or change at once, until a person agreed to that very file', async () => {
    await using w = await open();
    w.leave('henkilot-1.csv', people(...upTo(20)));
    const { cursor } = await poll(w, null);
    w.leave('henkilot-2.csv', people(...upTo(14)));
    const stopped = await poll(w, cursor);
    expect(stopped.pages).toBe(0);
    expect(hintOf(stopped.failure)).toMatch(
      /henkilot-2\.csv, line 15: 6 of 20 people are missing in it; .* add [0-9a-f]{16} to agreed/,
    );
    expect(await w.register.sweep('person', call)).toMatchObject({ complete: false, why: 'export-refused' });
    const [, code = ''] = /add ([0-9a-f]{16})/.exec(hintOf(stopped.failure)) ?? [];
    const agreed = w.connect({ settings: { agreed: [code] } });
    expect((await poll(agreed as never, cursor)).records).toHaveLength(14);

    w.leave('henkilot-2.csv', file(...upTo(20).map((n) => row(n, { email: `vaihtui${n}@cervi.test` }))));
    expect(hintOf((await poll(w, cursor)).failure)).toMatch(/email is another for 20 of 20 people/);
  });

  it('lets a few go: in a small company one who leaves is a large part', async () => {
    await using w = await open();
    w.leave('henkilot-1.csv', people(1, 2, 3));
    const { cursor } = await poll(w, null);
    w.leave('henkilot-2.csv', people(1));
    expect(await poll(w, cursor)).toMatchObject({ pages: 1 });
  });

  it('holds changes back behind a refused file, and a whole export frees them', async () => {
    await using w = await open({ settings: { delta: 'muutokset*.csv' } });
    w.leave('henkilot-1.csv', people(1, 2));
    w.leave('muutokset-1.csv', file('0001;x'));
    w.leave('muutokset-2.csv', file(row(2, { email: 'uusi@cervi.test' })));
    const first = await poll(w, null);
    expect([first.pages, hintOf(first.failure)]).toEqual([
      1,
      'ANSWER_GARBLED: muutokset-1.csv, line 2: 2 columns where the header has 6; nothing of this file was taken',
    ]);
    w.leave('henkilot-2.csv', people(1, 2, 3));
    const second = await poll(w, first.cursor);
    expect([idsOf(second.records), second.failure]).toEqual([['0001', '0002', '0003'], undefined]);
  });

  it('names changes that came behind newer ones, and passes a late whole export over', async () => {
    await using w = await open({ settings: { delta: 'muutokset*.csv' } });
    w.leave('henkilot-2.csv', people(1, 2), 10);
    const { cursor } = await poll(w, null);
    w.leave('henkilot-1.csv', people(1), 5);
    expect(await poll(w, cursor)).toMatchObject({ pages: 0 });
    w.leave('muutokset-1.csv', file(row(1)), 6);
    expect(hintOf((await poll(w, cursor)).failure)).toMatch(/muutokset-1\.csv is older than changes that were taken already/);
  });

  it('lays changes over what was known, where a blank says nothing', async () => {
    const settings = { delta: 'muutokset*.csv' };
    const change = file('0001;;uusi@cervi.test;;;');
    for (const [blanks, givenName] of [
      ['unchanged', 'Äijä'],
      ['empty', undefined],
    ] as const) {
      await using w = await open({ settings: { ...settings, blanks } });
      w.leave('henkilot-1.csv', people(1, 2));
      const { cursor } = await poll(w, null);
      w.leave('muutokset-1.csv', change);
      const { records } = await poll(w, cursor);
      expect(records.map(({ person }) => [person.givenName, person.email])).toEqual([[givenName, 'uusi@cervi.test']]);
      for (const name of there()) rmSync(join(w.server.folder, name));
    }
  });

  it('keeps people of two companies with one number apart, and leading zeros', async () => {
    await using w = await open({ settings: { map: { email: 'User email' } }, register: { for: 'employee', permissions: {} } });
    w.leave('henkilot-1.csv', 'YHTIÖNUMERO;PERSON  NUMBER;USER EMAIL\n01;007;a@cervi.test\n02;007;b@cervi.test\n');
    expect(idsOf((await poll(w, null)).records)).toEqual(['01/007', '02/007']);
  });

  it('skips a row without a number, and then proves of nobody that they are gone', async () => {
    await using w = await open();
    w.leave('henkilot-1.csv', file(row(1), ';Nimetön Henkilö;nimeton@cervi.test;FINNISH;;', '', ';;;;;'));
    expect(idsOf((await poll(w, null)).records)).toEqual(['0001']);
    expect(await w.register.sweep('person', call)).toMatchObject({ complete: false, why: 'rows-without-number' });
  });

  it('takes a quotation mark for a letter, where there are no quotes', async () => {
    await using w = await open();
    w.leave(
      'henkilot-1.csv',
      file(row(1, { name: 'Matti Meikäläinen "Masa"' }), row(2, { name: `${' '.repeat(200_000)}"M" Aho` })),
    );
    expect((await poll(w, null)).records.map(({ person }) => person.familyName)).toEqual(['"Masa"', 'Aho']);
  });

  it('reads a file without a header row by the names in the settings', async () => {
    await using w = await open({
      settings: {
        columns: ['username', 'first name', 'last name', 'employee number'],
        number: 'employee number',
        map: { givenName: 'first name', familyName: 'last name' },
      },
      register: { for: 'employee', permissions: {} },
    });
    w.leave('henkilot-1.csv', 'matti;Matti;Meikäläinen;0042\n');
    expect((await poll(w, null)).records).toMatchObject([
      { ref: { id: '0042' }, person: { givenName: 'Matti', familyName: 'Meikäläinen' } },
    ]);
  });

  it('says when no export came for longer than is expected', async () => {
    await using w = await open({ settings: { expectedEveryHours: 48 } });
    w.leave('henkilot-1.csv', people(1));
    const said = await poll(w, null);
    expect([said.pages, hintOf(said.failure)]).toEqual([1, 'RECIPIENT_UNAVAILABLE: no export came for more than 48 hours']);
  });

  it('refuses a look where nothing lies, or at no person', async () => {
    await using w = await open();
    await expect(w.register.look({ place: 'person', id: '1' }, call)).rejects.toMatchObject({ code: 'RECIPIENT_UNAVAILABLE' });
    await expect(w.register.look({ place: 'lead', id: '1' }, call)).rejects.toThrow(/people are persons/);
  });

  it('is never the register of people whom everybody may see', async () => {
    await expect(open({ register: { for: 'customer', permissions: {} } })).rejects.toThrow(/staff is seen by HR alone/);
  });
});
