import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { linkedAino } from '../server/hub.ts';
import { openShell, type Shell } from './run.ts';

let shell: Shell;
let file: string;
beforeEach(async () => {
  shell = await openShell();
  file = join(shell.data, 'log.jsonl');
  return () => shell.close();
});

const bend = async (from: string | RegExp, to: string) => writeFile(file, (await readFile(file, 'utf8')).replace(from, to));

describe('an exported log', () => {
  beforeEach(async () => {
    await linkedAino(shell.hub);
    expect((await shell.kaiku('audit', 'export', '-o', file)).code).toBe(0);
  });

  it('verifies from the three files alone', async () => {
    const opened = shell.opened();
    const ran = await shell.kaiku('audit', 'verify', file, '--json');
    expect(ran.code).toBe(0);
    const { size } = ran.json<{ size: number }>();
    expect(ran.json()).toMatchObject({ verified: true, checkpoints: 1, root: expect.any(String) });
    expect(size).toBe((await readFile(file, 'utf8')).trimEnd().split('\n').length);
    expect(shell.opened()).toBe(opened);
  });

  it('does not verify when a word of it is changed, and says from where on; exit 4', async () => {
    await bend('"action":"subject.seen"', '"action":"subject.Seen"');
    const ran = await shell.kaiku('audit', 'verify', file, '--json');
    expect([ran.code, ran.json()['verified']]).toEqual([4, false]);
    expect(ran.json()['firstBad']).toEqual(expect.any(Number));
  });

  it('does not verify when an entry is cut off the end, or added', async () => {
    const whole = await readFile(file, 'utf8');
    await writeFile(file, `${whole.trimEnd().split('\n').slice(0, -1).join('\n')}\n`);
    expect((await shell.kaiku('audit', 'verify', file)).code).toBe(4);
    await writeFile(file, `${whole}${whole.split('\n')[0]}\n`);
    expect((await shell.kaiku('audit', 'verify', file)).code).toBe(4);
  });

  it('does not verify against the key of another instance', async () => {
    const other = await openShell();
    try {
      await linkedAino(other.hub);
      await other.kaiku('audit', 'export', '-o', join(other.data, 'log.jsonl'));
      await writeFile(join(shell.data, 'vkey'), await readFile(join(other.data, 'vkey')));
    } finally {
      await other.close();
    }
    expect((await shell.kaiku('audit', 'verify', file)).code).toBe(4);
  });

  it('is wrong use without what stands beside it', async () => {
    await rm(join(shell.data, 'checkpoint'));
    const ran = await shell.kaiku('audit', 'verify', file);
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining('checkpoint')]);
    expect((await shell.kaiku('audit', 'verify', join(shell.data, 'nothing'))).code).toBe(2);
  });
});

describe('an exported case', () => {
  it('holds its own entries, and verifies by their proofs', async () => {
    const id = await linkedAino(shell.hub);
    const { case: caseId } = (await shell.kaiku('erase', '--subject', id, '--yes', '--json')).json<{ case: string }>();
    await shell.hub.settle();
    await shell.kaiku('audit', 'export', '--case', caseId, '-o', file);
    const ran = await shell.kaiku('audit', 'verify', file, '--json');
    expect([ran.code, ran.json()['verified']]).toEqual([0, true]);
    await bend('case.approved', 'case.refused');
    expect((await shell.kaiku('audit', 'verify', file)).code).toBe(4);
  });

  it('does not verify, and crashes nothing, when a line of it is damaged', async () => {
    const id = await linkedAino(shell.hub);
    const { case: caseId } = (await shell.kaiku('erase', '--subject', id, '--json')).json<{ case: string }>();
    await shell.kaiku('audit', 'export', '--case', caseId, '-o', file);
    const whole = await readFile(file, 'utf8');
    for (const line of [
      '{"index": 7, "li',
      '{"index":-1,"line":"{}","proof":[]}',
      '{"index":1e15,"line":"{}","proof":["?"]}',
      '7',
    ]) {
      await writeFile(file, `${whole}${line}\n`);
      expect((await shell.kaiku('audit', 'verify', file)).code, line).toBe(4);
    }
  });
});

describe('a checkpoint that somebody kept', () => {
  it('is held against the log of the hub; exit 2 for what is none', async () => {
    await linkedAino(shell.hub);
    await shell.kaiku('audit', 'export', '-o', file);
    const kept = join(shell.data, 'checkpoint');
    expect(await shell.kaiku('audit', 'verify', '--against', kept)).toMatchObject({
      code: 0,
      out: expect.stringContaining('verified'),
    });
    expect((await shell.kaiku('audit', 'verify', '--against', join(shell.data, 'none'))).code).toBe(2);
    expect((await shell.kaiku('audit', 'verify', file, '--against', kept)).code).toBe(2);
    await writeFile(kept, 'nothing');
    expect(await shell.kaiku('audit', 'verify', '--against', kept)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/no checkpoint/),
    });
    expect(await shell.kaiku('audit', 'places')).toMatchObject({ code: 0, out: expect.stringContaining('audit.checkpoints') });
  });
});
