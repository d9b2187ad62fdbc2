import { createHash, createHmac } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { normalise, variants } from '../../src/core/identifier.ts';
import { approveCase, openErasureCase } from '../../src/jobs/erasure.ts';
import { takeIn } from '../../src/jobs/take-in.ts';
import { writeBackup } from '../../src/store/backup.ts';
import { rows } from '../../src/store/database.ts';
import { openWorld, type World } from '../jobs/world.ts';
import { testRuntime } from '../support/runtime.ts';

/** Whoever has a copy of the database, and a list of people to look for, but no key. `KAIKU_KNOWN`: how many people. */
const known = Number(process.env['KAIKU_KNOWN'] ?? 200);
const personOf = (n: number) => ({
  givenName: `Etunimi${n}`,
  familyName: 'Tunnettu',
  email: `tunnettu.${n}@sahko.test`,
  phone: `+35840${5_500_000 + n}`,
  customerNumber: `T-${n}`,
});
const people = Array.from({ length: known }, (_, n) => personOf(n));

let world: World;
let copy: string;
let close: () => Promise<void>;
beforeAll(async () => {
  const runtime = await testRuntime();
  world = await openWorld(runtime.databaseUrl);
  const { needs } = world;
  for (const [n, person] of people.entries()) {
    const ref = { place: 'contact', id: `known-${n}` };
    const record = { ref, role: 'customer', person, erase: false, granted: {}, refused: {}, changedAt: new Date() };
    await takeIn(needs, 'crm', record as never);
  }
  // every tenth is erased, so that tombstones, cases and envelopes are in the copy too
  for (const { id } of (await rows(needs.db, sql<{ id: string }>`SELECT id FROM subject ORDER BY id`)).filter(
    (_, n) => n % 10 === 0,
  )) {
    const opened = { subject: id, source: 'api', channel: null, receivedAt: new Date(), approve: 'person' as const };
    await approveCase(needs, (await openErasureCase(needs, opened)).id, 'test');
  }
  const folder = await mkdtemp(join(tmpdir(), 'kaiku-copy-'));
  await writeBackup(needs.db, join(folder, 'copy'), new Date());
  copy = gunzipSync(await readFile(join(folder, 'copy'))).toString('utf8');
  await rm(folder, { recursive: true });
  close = async () => {
    await world.close();
    await runtime.drop();
  };
}, 600_000);
afterAll(() => close());

/** Every way that a value may stand in a copy: as it is, and as its bytes are written in one. */
const written = (bytes: Buffer) => [bytes.toString('hex'), bytes.toString('base64'), bytes.toString('base64url')];
const inTheClear = (value: string) => [value, value.toUpperCase(), ...written(Buffer.from(value))];
const digests = (value: string) =>
  ['md5', 'sha1', 'sha256', 'sha512'].flatMap((kind) => written(createHash(kind).update(value).digest()));
const spellings = ({ email, phone }: (typeof people)[number]) => [
  email,
  phone,
  phone.slice(1),
  `0${phone.slice(4)}`,
  normalise('phone', phone) ?? '',
];

it(`reveals none of ${known} known addresses and telephones in the clear, nor by a digest without a key`, () => {
  // the copy is whole, and the search finds what is there
  for (const table of ['subject', 'tombstone', 'identifier', 'audit_entry', 'duty']) expect(copy).toContain(`T ${table}\n`);
  expect(copy).toContain(world.needs.instance);
  const lower = copy.toLowerCase();
  const words = new Set(lower.match(/[0-9a-z+/=_-]{20,}/g)?.map((word) => word.replace(/^x(?=[0-9a-f]+$)/, '')));
  expect(words.has(String(anyHash(world)).toLowerCase())).toBe(true);
  const found = people.flatMap((person) =>
    spellings(person).flatMap((value) => [
      ...inTheClear(value).filter((text) => lower.includes(text.toLowerCase())),
      ...digests(value).filter((text) => words.has(text.toLowerCase())),
    ]),
  );
  expect(found).toEqual([]);
});

it('holds no key that would make its keyed hashes: not among all values of 16 to 64 bytes in it', () => {
  const keys = new Set<string>();
  for (const [, hex = ''] of copy.matchAll(/(?:\\\\x)?((?:[0-9a-f]{2}){16,64})(?![0-9a-f])/g)) keys.add(hex);
  expect(keys.size).toBeGreaterThan(known);
  const right = world.needs.vault.keys.hmac.current.bytes;
  // the same search with the right key among the candidates finds the person: the test can fail
  const [{ email }] = [people[1] ?? personOf(1)];
  const spelled = variants('email', email).map(({ value }) => value);
  expect(hashesUnder(right, spelled).some((hash) => copy.includes(hash))).toBe(true);
  const opened = [...keys].filter((hex) => hashesUnder(Buffer.from(hex, 'hex'), spelled).some((hash) => copy.includes(hash)));
  expect(opened).toEqual([]);
  for (const { bytes } of [world.needs.vault.keys.kek.current, world.needs.vault.keys.hmac.current])
    for (const text of written(bytes)) expect(copy).not.toContain(text);
  for (const text of written(world.needs.signer.seed)) expect(copy).not.toContain(text);
});

it('makes another hash of the same person under another key', () => {
  const { email } = personOf(1);
  const spelled = variants('email', email).map(({ value }) => value);
  expect(hashesUnder(Buffer.alloc(32, 7), spelled).some((hash) => copy.includes(hash))).toBe(false);
});

/** A hash that stands in the copy, so that the search of words is seen to work. */
const anyHash = ({ needs }: World) => needs.vault.hash('email', personOf(1).email).toString('hex');

/** The hash of an identifier, written out a second time. */
function hashesUnder(key: Buffer, values: string[]): string[] {
  return values.map((value) => createHmac('sha256', key).update(`kaiku identifier\0email\0${value}`).digest('hex'));
}
