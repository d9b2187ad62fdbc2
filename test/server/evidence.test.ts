import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { verifyEntries } from '../../src/core/audit-verify.ts';
import { verifyConsistency } from '../../src/core/merkle.ts';
import { parseCheckpoint, verifyNote } from '../../src/core/signed-note.ts';
import type { EvidencePack } from '../../src/server/evidence-shape.ts';
import { aino } from '../jobs/world.ts';
import { browserOf } from './console-dpo.ts';
import { linkedAino, openTestHub, type TestHub } from './hub.ts';

let hub: TestHub;
let found: string;
let folder: string;
/** Aino's erasure, carried out: machines were read back, the partner's people stated it. */
beforeEach(async () => {
  hub = await openTestHub({ testClock: true });
  folder = mkdtempSync(join(tmpdir(), 'kaiku-evidence-'));
  const subject = await linkedAino(hub);
  found = (await hub.ask('POST', '/cases', { type: 'erasure', subject, note: 'Aino Virtanen rang' })).json<{ id: string }>().id;
  await hub.ask('POST', `/cases/${found}/approve`, { reason: 'Aino Virtanen may go' });
  await hub.settle();
  const [task] = (await hub.ask('GET', '/tasks')).json<{ id: string }[]>();
  await hub.ask('POST', `/tasks/${task?.id}/answer`, { outcome: 'erased', note: 'gone from the list' });
  await hub.ask('POST', '/test/clock', { advance: 'P30D' }, 'admin');
  await hub.settle();
  return () => hub.close();
});

const part = (as: string, role: Parameters<TestHub['ask']>[3] = 'dpo') =>
  hub.ask('GET', `/cases/${found}/evidence?as=${as}`, undefined, role);
const pack = async () => (await part('json')).json<EvidencePack>();

/** The pack on bare Node: another process, no package, nothing of Kaiku but the one file. */
async function checked(of: unknown, ...args: string[]) {
  writeFileSync(join(folder, 'evidence.json'), typeof of === 'string' ? of : JSON.stringify(of));
  writeFileSync(join(folder, 'verify.mjs'), (await part('verifier')).text);
  const ran = spawnSync(process.execPath, ['verify.mjs', ...args], { cwd: folder, encoding: 'utf8', env: {} });
  return { code: ran.status, out: `${ran.stdout}${ran.stderr}` };
}

describe('the evidence pack of a case', () => {
  it('proves each statement by entries of the signed log, on bare Node and by another verifier', async () => {
    const made = await pack();
    expect(made.duties.map((d) => [d.system, d.outcome, d.evidence]).sort()).toEqual([
      ['crm', 'erased', 'acknowledged'],
      ['newsletter', 'erased', 'observed'],
      ['partner', 'erased', 'acknowledged'],
    ]);
    const ran = await checked(made);
    expect([ran.code, ran.out]).toEqual([0, expect.stringContaining('verified')]);
    expect(ran.out).toMatch(/partner: erased, acknowledged, stated by \S+/);
    expect(verifyEntries(made.entries, made.checkpoint, made.vkey)).toMatchObject({ verified: true });
  });

  it('holds no value of the person, and no reason or note in free words', async () => {
    const text = (await part('json')).text;
    expect(text).not.toMatch(/aino|virtanen|sahko|gone from the list/i);
    expect(text).not.toContain(aino.email);
  });

  it('is not believed when anything in it was bent', async () => {
    const made = await pack();
    const bend = (edit: (of: EvidencePack) => void) => {
      const copy = structuredClone(made);
      edit(copy);
      return checked(copy);
    };
    const bent: [string, (of: EvidencePack) => void, RegExp][] = [
      [
        'a stronger word',
        (p) => {
          for (const duty of p.duties) Object.assign(duty, { evidence: 're-observed' });
        },
        /does not say that this is/,
      ],
      ['another outcome', (p) => void Object.assign(p.duties[0] ?? {}, { outcome: 'absent' }), /does not say that it is absent/],
      [
        'an altered entry',
        (p) => void Object.assign(p.entries[0] ?? {}, { line: p.entries[0]?.line.replace('"v":1', '"v":2') }),
        /is not in the signed log/,
      ],
      ['an entry left out', (p) => void p.entries.splice(-3), /does not say/],
      ['another index', (p) => void Object.assign(p.entries[0] ?? {}, { index: 1 }), /is not in the signed log/],
      [
        'another log',
        (p) => void Object.assign(p, { checkpoint: p.checkpoint.replace(/^(.*\n)(\d+)/, '$199999') }),
        /not signed by the key/,
      ],
      ['no entries', (p) => void Object.assign(p, { entries: [] }), /no entry that proves/],
      [
        'another case',
        (p) => void Object.assign(p.case, { id: '00000000-0000-4000-8000-000000000000' }),
        /belongs to another case/,
      ],
    ];
    for (const [what, edit, says] of bent) {
      const ran = await bend(edit);
      expect([what, ran.code, ran.out]).toEqual([what, 1, expect.stringMatching(says)]);
    }
    expect((await checked('hello')).code).toBe(2);
    expect((await checked('{"format":"other"}')).code).toBe(2);
  });

  it('is held to the key and the checkpoint that somebody kept elsewhere', async () => {
    const made = await pack();
    writeFileSync(join(folder, 'key'), `${made.vkey}\n`);
    writeFileSync(join(folder, 'kept'), made.checkpoint);
    expect((await checked(made, '--vkey', 'key', '--checkpoint', 'kept')).code).toBe(0);
    // kept earlier: the pack proves that its log goes on from there
    const { size } = parseCheckpoint(made.checkpoint) ?? { size: 0 };
    const later = (await hub.ask('GET', `/cases/${found}/evidence?since=${size}`)).json<EvidencePack>();
    const ran = await checked(later, '--vkey', 'key', '--checkpoint', 'kept');
    expect([ran.code, ran.out]).toEqual([0, expect.not.stringContaining('no proof between')]);
    const broken = { ...later, consistency: { ...later.consistency, proof: later.consistency?.proof.slice(1) } };
    expect(await checked(broken, '--checkpoint', 'kept')).toMatchObject({
      code: 1,
      out: expect.stringContaining('is of another log'),
    });
    expect((await checked(made, '--checkpoint', 'kept')).code).toBe(0);
    writeFileSync(join(folder, 'key'), made.vkey.replace(/\+[0-9a-f]{8}\+/, '+00000000+'));
    expect(await checked(made, '--vkey', 'key')).toMatchObject({
      code: 1,
      out: expect.stringContaining('not signed by the key'),
    });
  });

  it('is there as a PDF, on the page, and for nobody who may not see the case', async () => {
    const pdf = await hub.app.inject({
      method: 'GET',
      url: `/api/v1/cases/${found}/evidence?as=pdf&language=fi`,
      headers: { authorization: 'Bearer token-of-dpo' },
    });
    expect(pdf.rawPayload.subarray(0, 5).toString()).toBe('%PDF-');
    const browser = browserOf(hub);
    expect((await browser.open(`/cases/${found}`, 'dpo', 'fi')).words).toContain('Todisteet luettavaksi (PDF)');
    expect((await part('json', 'viewer')).status).toBe(403);
    expect((await part('zip')).status).toBe(400);
  });

  it('of a restriction is proven by the entries about its duties', async () => {
    const { id } = (await hub.ask('GET', `/subjects?email=other@sahko.test`)).json<{ id: string }[]>()[0] ?? { id: '' };
    found = (await hub.ask('POST', '/cases', { type: 'restriction', subject: id })).json<{ id: string }>().id;
    await hub.ask('POST', `/cases/${found}/approve`);
    await hub.settle();
    const made = await pack();
    expect(made.duties.some((d) => d.outcome === 'restricted')).toBe(true);
    expect(await checked(made)).toMatchObject({ code: 0 });
  });
});

it('the log proves that what it was is the beginning of what it is', async () => {
  const [older, newer] = [parseCheckpoint(await kept()), await later()];
  const { proof } = (await hub.ask('GET', `/audit/consistency?from=${older?.size}`, undefined, 'auditor')).json<{
    proof: string[];
  }>();
  if (!older || !newer) throw new Error('no checkpoint');
  const hashes = proof.map((hash) => Buffer.from(hash, 'base64'));
  expect(verifyConsistency(older.size, newer.size, older.root, newer.root, hashes)).toBe(true);
  expect(verifyConsistency(older.size, newer.size, newer.root, older.root, hashes)).toBe(false);
  expect((await hub.ask('GET', '/audit/consistency?from=0', undefined, 'auditor')).status).toBe(400);
  expect((await hub.ask('GET', '/audit/consistency?from=9&to=99999', undefined, 'auditor')).status).toBe(400);

  async function kept() {
    const note = (await hub.ask('GET', '/audit/checkpoint', undefined, 'auditor')).text;
    return verifyNote(note, (await pack()).vkey) === null ? '' : note;
  }
  async function later() {
    await part('json');
    return parseCheckpoint((await hub.ask('GET', '/audit/checkpoint', undefined, 'auditor')).text);
  }
});
