import { describe, expect, it } from 'vitest';
import type { Call } from '../../../src/connectors/http.ts';
import { failureOf } from '../../conformance/world.ts';
import { aino, call, given, refOf, world } from './setup.ts';

describe('what changed in the panel', () => {
  const fromNow = async (w: { changes(cursor: string | null, call: Call): Promise<{ cursor: string }> }) =>
    (await w.changes(null, call)).cursor;
  const ids = ({ profiles }: { profiles: { ref: { id: string } }[] }) => profiles.map(({ ref }) => ref.id);

  it('begins with nobody, and then is whoever was changed, as they are now', async () => {
    await using w = await world();
    const { id } = w.vendor.add(aino);
    w.vendor.add({ email: 'eino@sahko.test' });
    const first = await w.changes(null, call);
    expect(first.profiles).toEqual([]);
    for (const email of ['one@sahko.test', 'two@sahko.test']) w.vendor.edit(id, { email });
    expect(await w.changes(first.cursor, call)).toMatchObject({
      profiles: [{ ref: { id }, fields: { email: 'two@sahko.test' } }],
    });
  });

  it('is never what Kaiku wrote itself', async () => {
    await using w = await world();
    const [one, two] = [w.vendor.add(aino), w.vendor.add({ email: 'eino@sahko.test' })];
    const cursor = await fromNow(w);
    await w.recipient.rectify(refOf(one.id), given({ email: 'uusi@sahko.test' }), [], call);
    await w.recipient.restrict(refOf(one.id), [], call);
    w.vendor.edit(two.id, { email: 'eino.uusi@sahko.test' });
    expect(ids(await w.changes(cursor, call))).toEqual([two.id]);
  });

  it('has no value in it that Kaiku wrote, whoever changed the contact since, until somebody edits that one', async () => {
    await using w = await world();
    const { id } = w.vendor.add(aino);
    const cursor = await fromNow(w);
    await w.recipient.rectify(refOf(id), given({ email: 'uusi@sahko.test', familyName: 'Laine' }), [], call);
    w.vendor.edit(id, { phone: '+358402' });
    const news = { givenName: 'Aino', phone: '+358402', customerNumber: 'K-7' };
    expect((await w.changes(cursor, call)).profiles.map(({ fields }) => fields)).toEqual([news]);
    expect(
      (await w.webhook.follow({ place: 'contacts', locator: id }, call)).map((one) => 'fields' in one && one.fields),
    ).toEqual([news]);
    // who looks sees it all the same
    expect(await w.recipient.read(refOf(id), call)).toMatchObject({ fields: { email: 'uusi@sahko.test', familyName: 'Laine' } });
    w.vendor.edit(id, { email: 'third@sahko.test' });
    expect((await w.changes(cursor, call)).profiles.map(({ fields }) => fields)).toEqual([
      { ...news, email: 'third@sahko.test' },
    ]);
  });

  it('is an edit though Kaiku wrote another field behind it', async () => {
    await using w = await world();
    const { id } = w.vendor.add(aino);
    const cursor = await fromNow(w);
    w.vendor.edit(id, { email: 'uusi@sahko.test' });
    await w.recipient.rectify(refOf(id), given({ givenName: 'Aini' }), [], call);
    expect(await w.changes(cursor, call)).toMatchObject({ profiles: [{ fields: { email: 'uusi@sahko.test' } }] });
  });

  it('is heard in two polls and no third: one that the panel commits late is not passed over', async () => {
    await using w = await world();
    const { id } = w.vendor.add(aino);
    let cursor = await fromNow(w);
    w.vendor.edit(id, { email: 'uusi@sahko.test' });
    const heard: string[][] = [];
    for (let poll = 0; poll < 3; poll++) {
      const page = await w.changes(cursor, call);
      heard.push(ids(page));
      cursor = page.cursor;
    }
    expect(heard).toEqual([[id], [id], []]);
  });

  it('is read over pages to the last, each contact once, and not those who are gone', async () => {
    await using w = await world({ pageSize: 3 });
    const cursor = await fromNow(w);
    const all = Array.from({ length: 8 }, (_, n) => w.vendor.add({ email: `person${n}@sahko.test` }).id);
    for (const id of all) w.vendor.edit(id, { email: `other${id}@sahko.test` });
    await w.recipient.erase(refOf(all[0] ?? ''), call);
    expect(ids(await w.changes(cursor, call))).toEqual(all.slice(1));
  });

  it('is everybody where the panel has forgotten the cursor, and goes on from there', async () => {
    await using w = await world();
    const cursor = await fromNow(w);
    const { id } = w.vendor.add(aino);
    w.vendor.add({ email: 'eino@sahko.test' });
    w.vendor.forgetChanges();
    const all = await w.changes(cursor, call);
    expect(ids(all)).toHaveLength(2);
    w.vendor.edit(id, { email: 'uusi@sahko.test' });
    expect(ids(await w.changes(all.cursor, call))).toEqual([id]);
  });

  it('never begins anew with a saved cursor that is none', async () => {
    await using w = await world();
    for (const cursor of ['', 'null', '{}', '{"before":1,"last":"x"}']) await expect(w.changes(cursor, call)).rejects.toThrow();
    expect(w.server.log).toEqual([]);
  });

  it('does not run in circles where the panel does', async () => {
    const pages = [
      { changes: [], cursor: 'a', more: true },
      { changes: [], cursor: 'b', more: true },
    ];
    let asked = 0;
    await using w = await world({
      behind: () => async () => {
        const text = JSON.stringify(pages[asked++ % 2]);
        return { status: 200, headers: {}, body: Buffer.from(text), text: () => text, json: () => JSON.parse(text) as unknown };
      },
    });
    expect((await failureOf(w.changes(JSON.stringify({ before: 'a', last: 'b' }), call))).code).toBe('ANSWER_GARBLED');
    expect(asked).toBeLessThan(5);
  });
});
