import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { type AuditEntry, entryLine } from '../../src/core/audit-entry.ts';
import { verifyEntries, verifyExport, verifyLog } from '../../src/core/audit-verify.ts';
import { inclusionProof, leafHash, rootOf } from '../../src/core/merkle.ts';
import { checkpointText, signNote, vkeyOf } from '../../src/core/signed-note.ts';

const seed = Buffer.alloc(32, 7);
const origin = 'log.example.fi';
const vkey = vkeyOf(seed, origin);

const lines = Array.from({ length: 21 }, (_, n) => {
  const entry: AuditEntry = {
    v: 1,
    id: `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`,
    time: new Date(Date.UTC(2026, 10, 22, 10, n)).toISOString(),
    actor: 'kaiku',
    action: 'duty.moved',
    version: n,
  };
  return entryLine(entry);
});
const leaf = (line: string) => leafHash(Buffer.from(line));
const hashes = lines.map(leaf);
const noteAt = (size: number, by = seed) =>
  signNote(by, origin, checkpointText({ origin, size, root: rootOf(hashes.slice(0, size)) }));
const checkpoint = noteAt(lines.length);

async function* each<T>(items: readonly T[]): AsyncIterable<T> {
  yield* items;
}
const check = (changed: readonly string[], note = checkpoint) => verifyExport(each(changed), note, vkey);

describe('an exported file', () => {
  it('verifies with its checkpoint and key alone', async () => {
    expect(await check(lines)).toEqual({
      size: 21,
      root: rootOf(hashes).toString('base64'),
      verified: true,
      checkpoints: 1,
    });
    expect(await check([...lines.map((line) => `${line}\n`), ''])).toMatchObject({ verified: true });
    expect(await check([], noteAt(0))).toMatchObject({ size: 0, verified: true });
  });

  const edit = fc.oneof(
    fc.record({ how: fc.constant('change' as const), at: fc.nat(lines.length - 1), by: fc.nat(999) }),
    fc.record({ how: fc.constant('drop' as const), at: fc.nat(lines.length - 1), by: fc.nat() }),
    fc.record({ how: fc.constant('double' as const), at: fc.nat(lines.length - 1), by: fc.nat() }),
    fc.record({
      how: fc.constant('swap' as const),
      at: fc.nat(lines.length - 1),
      by: fc.integer({ min: 1, max: lines.length - 1 }),
    }),
    fc.record({ how: fc.constant('cut' as const), at: fc.nat(lines.length - 1), by: fc.nat() }),
    fc.record({ how: fc.constant('respace' as const), at: fc.nat(lines.length - 1), by: fc.nat() }),
  );
  test.prop([edit], { numRuns: 1000 })('shows every change, loss, repetition, swap and cut', async ({ how, at, by }) => {
    const edited = [...lines];
    if (how === 'change') edited[at] = entryLine({ ...JSON.parse(lines[at] as string), version: 1000 + by });
    if (how === 'drop') edited.splice(at, 1);
    if (how === 'double') edited.splice(at, 0, lines[at] as string);
    if (how === 'swap') {
      const to = (at + by) % lines.length;
      [edited[at], edited[to]] = [edited[to] as string, edited[at] as string];
    }
    if (how === 'cut') edited.length = at;
    if (how === 'respace') edited[at] = (edited[at] as string).replace(',', ', ');
    const found = await check(edited);
    expect(found.verified).toBe(false);
    expect(found.firstBad).toBeTypeOf('number');
    if (how === 'respace') expect(found.firstBad).toBe(at);
    if (how === 'cut') expect(found.firstBad).toBe(at);
  });

  it('does not verify under another key, an altered checkpoint or none', async () => {
    expect(await check(lines, noteAt(lines.length, Buffer.alloc(32, 8)))).toMatchObject({ verified: false, checkpoints: 0 });
    expect(await check(lines, checkpoint.replace('\n21\n', '\n20\n'))).toMatchObject({ verified: false, checkpoints: 0 });
    expect(await check(lines, '')).toMatchObject({ verified: false, checkpoints: 0 });
    // the entries are not to blame
    expect(await check(lines, '')).not.toHaveProperty('firstBad');
  });
});

describe('the whole log', () => {
  const kept = (changed: readonly string[]) => each(changed.map((line, n) => ({ line, hash: hashes[n] ?? leaf(line) })));
  const notes = [4, 9, 16, 21].map((size) => noteAt(size));

  it('verifies against all its checkpoints, in any order', async () => {
    expect(await verifyLog(kept(lines), [...notes].reverse(), vkey)).toMatchObject({ verified: true, checkpoints: 4 });
  });

  test.prop([fc.nat(lines.length - 1)])('names the entry that was edited', async (at) => {
    const edited = lines.with(at, entryLine({ ...JSON.parse(lines[at] as string), actor: 'somebody' }));
    expect(await verifyLog(kept(edited), notes, vkey)).toMatchObject({ verified: false, firstBad: at });
  });

  it('names the last checkpoint that fits when the hashes were edited too', async () => {
    const edited = lines.with(11, entryLine({ ...JSON.parse(lines[11] as string), actor: 'somebody' }));
    const both = each(edited.map((line) => ({ line, hash: leaf(line) })));
    expect(await verifyLog(both, notes, vkey)).toMatchObject({ verified: false, firstBad: 9, checkpoints: 2 });
  });

  it('shows a fork: two signed histories of the same log', async () => {
    const forked = lines.with(2, entryLine({ ...JSON.parse(lines[2] as string), actor: 'somebody' }));
    const note = signNote(seed, origin, checkpointText({ origin, size: 9, root: rootOf(forked.slice(0, 9).map(leaf)) }));
    expect(await verifyLog(kept(lines), [note, ...notes], vkey)).toMatchObject({ verified: false });
  });

  it('may have grown beyond its last checkpoint where that is said', async () => {
    expect(await verifyLog(kept(lines), notes.slice(0, 3), vkey)).toMatchObject({ verified: false, firstBad: 16 });
    expect(await verifyLog(kept(lines), notes.slice(0, 3), vkey, { mayGrow: true })).toMatchObject({ verified: true });
  });
});

describe('single entries', () => {
  const proven = [3, 8, 20].map((index) => ({
    index,
    line: lines[index] as string,
    proof: inclusionProof(hashes, index).map((hash) => hash.toString('base64')),
  }));

  it('verify without the rest of the log', () => {
    expect(verifyEntries(proven, checkpoint, vkey)).toMatchObject({ size: 3, verified: true, checkpoints: 1 });
  });

  it('do not verify when one was changed, or stands elsewhere', () => {
    const changed = proven.with(1, { ...(proven[1] as (typeof proven)[number]), line: lines[9] as string });
    expect(verifyEntries(changed, checkpoint, vkey)).toMatchObject({ verified: false, firstBad: 8 });
    const moved = proven.with(1, { ...(proven[1] as (typeof proven)[number]), index: 9 });
    expect(verifyEntries(moved, checkpoint, vkey)).toMatchObject({ verified: false, firstBad: 9 });
    expect(verifyEntries(proven, 'no note', vkey)).toMatchObject({ verified: false });
  });
});

describe('a log whose key was rotated', () => {
  const younger = Buffer.alloc(32, 8);
  const keys = [vkeyOf(younger, origin), vkey];
  const kept = () => each(lines.map((line, n) => ({ line, hash: hashes[n] as Buffer })));

  it('verifies over the rotation', async () => {
    const notes = [noteAt(5), noteAt(9), noteAt(21, younger)];
    expect(await verifyLog(kept(), notes, keys)).toMatchObject({ verified: true, checkpoints: 3 });
  });

  it('takes no checkpoint that the old key signs after the new one did', async () => {
    expect(await verifyLog(kept(), [noteAt(9, younger), noteAt(21)], keys)).toMatchObject({ verified: false });
  });

  it('does not know a key that is not its own', async () => {
    expect(await verifyLog(kept(), [noteAt(9), noteAt(21, younger)], [vkey])).toMatchObject({ verified: false });
  });
});
