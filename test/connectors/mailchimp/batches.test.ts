import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Rectification, RemoteRef, Written } from '../../../src/connectors/connector.ts';
import { createWire, memoryGate, type WireRequest } from '../../../src/connectors/http.ts';
import { batchesOf } from '../../../src/connectors/mailchimp/batches.ts';
import { createClient } from '../../../src/connectors/mailchimp/client.ts';
import { tarGz } from '../../../src/connectors/mailchimp/sandbox/tar.ts';
import type { Switches } from '../../../src/connectors/mailchimp/sandbox/world.ts';
import { filesIn } from '../../../src/connectors/mailchimp/tar.ts';
import { Failure } from '../../../src/core/failure.ts';
import { audience, call, given, world } from './setup.ts';

type World = Awaited<ReturnType<typeof world>>;
const address = (n: number) => `n${n}@sahko.test`;

/** Members, and a correction of each one's family name. */
function crowd(w: World, count: number): Rectification[] {
  return Array.from({ length: count }, (_, n) => {
    const { id, contact_id } = w.vendor.seedMember(audience, { email: address(n), FNAME: 'Aino' });
    const ref: RemoteRef = { place: audience, id: String(contact_id), key: String(id) };
    return { ref, fields: given({ email: address(n), givenName: 'Aino', familyName: `Uusi ${n}` }), blanked: [] };
  });
}
type Said = Written | Failure;
const many = (w: World, items: readonly Rectification[]): Promise<Said[]> =>
  w.recipient.rectifyMany?.(items, call) ?? Promise.reject(new Error('no such verb'));
const kindsOf = (said: readonly Said[]) => [...new Set(said.map((one) => (one instanceof Failure ? one.code : one.kind)))];
const patchesIn = (w: World) =>
  w.vendor.writes
    .filter(({ path }) => path === '/3.0/batches')
    .flatMap(({ body }) => (JSON.parse(body) as { operations: { method: string; path: string }[] }).operations)
    .filter(({ method }) => method === 'PATCH')
    .map(({ path }) => path);
const singles = (w: World) => w.server.log.filter(({ path }) => path.includes('/members/'));

describe('many corrections', () => {
  it('are carried by two batches instead of two calls each, and answered in their order', async () => {
    await using w = await world();
    const items = crowd(w, 40);
    const said = await many(w, items);
    expect(said).toEqual(items.map(({ ref }) => ({ kind: 'accepted', ref })));
    expect(
      w.vendor
        .members(audience)
        .map((m) => (m['merge_fields'] as { LNAME: string }).LNAME)
        .sort(),
    ).toEqual(items.map((_, n) => `Uusi ${n}`).sort());
    expect(singles(w)).toEqual([]);
    expect(w.server.log.length).toBeLessThan(20);
    // and once more: nothing differs, so nothing is sent
    const before = w.vendor.writes.length;
    expect(kindsOf(await many(w, items))).toEqual(['accepted']);
    expect(w.vendor.writes.slice(before)).toHaveLength(1);
    expect(w.vendor.writes.at(-1)?.body).not.toContain('PATCH');
  });

  it('send neither a standing nor our key to the storage host', async () => {
    const asked: WireRequest[] = [];
    await using w = await world({
      behind: (wire) => (request, c) => {
        asked.push(request);
        return wire(request, c);
      },
    });
    await many(w, crowd(w, 12));
    const archives = asked.filter(({ url }) => url.includes('/results/'));
    expect(archives).toHaveLength(2);
    for (const { headers } of archives) expect(JSON.stringify(headers)).not.toMatch(/authorization/i);
    expect(asked.some(({ body }) => String(body).includes('\\"merge_fields\\"'))).toBe(true);
    expect(asked.some(({ body }) => String(body).includes('\\"status\\"'))).toBe(false);
  });

  it('that partly fail are told apart, and whatever is in doubt is settled by a look at the member', async () => {
    await using w = await world();
    const items = crowd(w, 16);
    const [inert, erased, taken, forgotten, invalid, moved, left] = items as [
      Rectification,
      Rectification,
      Rectification,
      Rectification,
      Rectification,
      Rectification,
      Rectification,
    ];
    const gone = w.vendor.seedMember(audience, { email: 'gone@sahko.test' });
    const refOf = (m: Record<string, unknown>): RemoteRef => ({
      place: audience,
      id: String(m['contact_id']),
      key: String(m['id']),
    });
    await w.recipient.erase(refOf(gone), call);
    await w.recipient.erase(erased.ref, call);
    w.vendor.clean(address(0));
    w.vendor.changeAddress(address(5), 'moved@sahko.test');
    w.vendor.seedMember(audience, { email: address(5), LNAME: 'Other' });
    w.vendor.unsubscribe(address(6));
    taken.fields = given({ email: address(15) });
    forgotten.fields = given({ email: 'gone@sahko.test' });
    invalid.fields = given({ email: 'foo@example.com' });
    moved.fields = given({ familyName: 'Uusi 5' });
    left.fields = given({ email: address(6), familyName: 'Uusi 6' });
    const said = await many(w, items);
    expect(said.slice(0, 5)).toEqual([
      { kind: 'refused', code: 'inert' },
      { kind: 'not-found' },
      { kind: 'refused', code: 'address-taken' },
      { kind: 'refused', code: 'forgotten' },
      { kind: 'refused', code: 'address-invalid' },
    ]);
    expect(kindsOf(said.slice(5))).toEqual(['accepted']);
    expect(inert.ref.id).toBeTruthy();
    expect(w.vendor.member(audience, 'moved@sahko.test')).toMatchObject({ merge_fields: { LNAME: 'Uusi 5' } });
    expect(w.vendor.member(audience, address(6))).toMatchObject({ status: 'unsubscribed', merge_fields: { LNAME: 'Uusi 6' } });
    expect(w.vendor.member(audience, address(5))).toMatchObject({ merge_fields: { LNAME: 'Other' } });
    expect(w.vendor.members(audience)).toHaveLength(16);
  });

  it('never put two operations on one member into a batch', async () => {
    await using w = await world();
    const items = crowd(w, 12);
    const [first] = items as [Rectification];
    items.push({ ref: first.ref, fields: given({ familyName: 'Last' }), blanked: [] });
    expect(kindsOf(await many(w, items))).toEqual(['accepted']);
    const patches = patchesIn(w);
    expect(patches).toHaveLength(12);
    expect(new Set(patches).size).toBe(12);
    expect(w.vendor.member(audience, address(0))).toMatchObject({ merge_fields: { LNAME: 'Last' } });
  });

  it.each(['loses-results', 'repeats-results', 'cuts-archive', 'old-url'] satisfies Switches['batchTrouble'][])(
    'are all done, and none twice, when the archive %s',
    async (batchTrouble) => {
      await using w = await world({ switches: { batchTrouble } });
      const items = crowd(w, 15);
      expect(await many(w, items)).toEqual(items.map(({ ref }) => ({ kind: 'accepted', ref })));
      for (const n of items.keys())
        expect(w.vendor.member(audience, address(n))).toMatchObject({ merge_fields: { LNAME: `Uusi ${n}` } });
      // what a batch did already is seen by the look, and not sent again
      const alone = w.vendor.writes.filter(({ method }) => method === 'PATCH').length;
      expect(alone + patchesIn(w).length).toBe(15);
      if (batchTrouble === 'old-url') expect(singles(w)).toEqual([]);
    },
  );

  it('that are few go one by one', async () => {
    await using w = await world();
    expect(kindsOf(await many(w, crowd(w, 9)))).toEqual(['accepted']);
    expect(w.vendor.writes.filter(({ path }) => path.includes('batches'))).toEqual([]);
  });

  it('of more than 500 take a batch for each 500', async () => {
    await using w = await world({ batchStepMs: 5 });
    const items = crowd(w, 520);
    expect(kindsOf(await many(w, items))).toEqual(['accepted']);
    const sizes = w.vendor.writes
      .filter(({ path }) => path === '/3.0/batches')
      .map(({ body }) => (JSON.parse(body) as { operations: unknown[] }).operations.length);
    expect(sizes).toEqual([500, 500, 20, 20]);
    expect(w.server.log.length).toBeLessThan(60);
  });

  it('are not begun where Mailchimp has too many batches waiting, and lost where the answer was', async () => {
    await using w = await world();
    const items = crowd(w, 12);
    w.server.fault({ kind: 'throttle', path: '/batches' });
    await expect(many(w, items)).rejects.toMatchObject({ code: 'RECIPIENT_THROTTLED' });
    // the batch of reads was lost: they are read one by one
    w.server.fault({ kind: 'commit-then-drop', path: '/batches', method: 'POST' });
    expect(kindsOf(await many(w, items))).toEqual(['accepted']);
    expect(singles(w)).toHaveLength(24);
  });

  it('wait over a status that fails for a while', async () => {
    await using w = await world();
    w.server.fault({ kind: 'html-502', path: '/batches/' });
    w.server.fault({ kind: 'bare-403', path: '/batches/' });
    w.server.fault({ kind: 'html-502', path: '/results/', times: 1 });
    expect(kindsOf(await many(w, crowd(w, 12)))).toEqual(['accepted']);
    expect(singles(w)).toEqual([]);
  });

  it.each(['commit-then-drop', 'cut-body', 'html-502', 'bare-403'] as const)(
    'end right when they are tried again over %s anywhere, with every standing as it was',
    async (kind) => {
      await using w = await world({ switches: { compliance: false }, batchStepMs: 1 });
      const items = crowd(w, 12);
      w.vendor.unsubscribe(address(1));
      w.vendor.clean(address(2));
      w.vendor.archive(address(3));
      for (const path of ['/batches', '/batches/', '/results/']) {
        for (const item of items) item.fields = given({ familyName: `${path} ${kind}` });
        w.server.fault({ kind, path });
        for (let tries = 0; tries < 4; tries++) {
          const said = await many(w, items).catch((error: unknown) => error);
          if (Array.isArray(said)) break;
          expect(said).toBeInstanceOf(Failure);
        }
        w.server.clearFaults();
        const standings = items.map((_, n) => w.vendor.member(audience, address(n))?.['status']);
        expect(standings).toEqual([
          'subscribed',
          'unsubscribed',
          'cleaned',
          'archived',
          ...Array.from({ length: 8 }, () => 'subscribed'),
        ]);
        const names = w.vendor.members(audience).map((m) => (m['merge_fields'] as { LNAME: string }).LNAME);
        expect(names.filter((name) => name === `${path} ${kind}`)).toHaveLength(10);
      }
    },
  );
});

describe('a batch', () => {
  const connected = (w: World) => {
    const wire = createWire({ gate: memoryGate({ connections: 8 }), deadlineMs: 2000 });
    const options = { baseUrl: `${w.server.url}/3.0`, apiKey: 'key-us1' };
    return batchesOf(createClient(options, wire), wire, options.baseUrl, { first: 10, longest: 20, patience: 150 });
  };
  const operation = (id: string) => ({ id, method: 'GET', path: `/lists/${audience}/members/x` }) as const;

  it('that does not end is stopped, so that it cannot write tomorrow what is true today', async () => {
    await using w = await world({ switches: { batchTrouble: 'never-ends' }, batchStepMs: 1 });
    await expect(connected(w).run([operation('a')], call)).rejects.toMatchObject({ code: 'ANSWER_LOST' });
    expect(w.server.log.at(-1)).toMatchObject({ method: 'DELETE', status: 204 });
  });

  it('tells the answer of each operation, whatever its status', async () => {
    await using w = await world({ batchStepMs: 1 });
    const told = await connected(w).run([operation('a'), operation('b')], call);
    expect([...told.keys()].sort()).toEqual(['a', 'b']);
    expect(told.get('a')).toMatchObject({ status: 404 });
    expect(told.get('a')?.json()).toMatchObject({ title: 'Resource Not Found' });
  });

  it('believes neither of two answers to one operation', async () => {
    await using w = await world({ switches: { batchTrouble: 'repeats-results' }, batchStepMs: 1 });
    expect((await connected(w).run(['a', 'b', 'c', 'd'].map(operation), call)).size).toBe(1);
  });

  it('takes no two operations of one name, and no more than 500', async () => {
    await using w = await world();
    await expect(connected(w).run([operation('a'), operation('a')], call)).rejects.toThrow('one name');
    const tooMany = Array.from({ length: 501 }, (_, n) => operation(String(n)));
    await expect(connected(w).run(tooMany, call)).rejects.toThrow('500');
    expect(w.server.log).toEqual([]);
  });
});

describe('an archive', () => {
  const files = [
    { name: 'a.json', content: Buffer.from('[]') },
    { name: 'b.json', content: Buffer.alloc(1500, 'ä') },
  ];

  it('gives its regular files, and nothing of directories and headers', () => {
    expect(filesIn(tarGz(files)).map(String)).toEqual(files.map(({ content }) => String(content)));
    expect(filesIn(tarGz([]))).toEqual([]);
  });

  it('that is cut or is none is told, at whatever byte', () => {
    const whole = tarGz(files);
    for (let at = 0; at < whole.length; at += 7)
      expect(() => filesIn(whole.subarray(0, at)), `cut at ${at}`).toThrow('not what the system documents');
    expect(() => filesIn(Buffer.from('<html>'.repeat(200)))).toThrow('not what the system documents');
    expect(() => filesIn(gzipSync(Buffer.alloc(70 * 1024 * 1024)))).toThrow('not what the system documents');
  });
});
