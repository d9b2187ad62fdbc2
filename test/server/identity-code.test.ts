import { beforeEach, describe, expect, it } from 'vitest';
import { canonicalIdentityCode } from '../../src/core/identity-code.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { aino } from '../jobs/world.ts';
import { browserOf } from './console-dpo.ts';
import { granted, linkedAino, openTestHub, type TestHub } from './hub.ts';

/** Artificial codes of the population register, one with a separator of the reform of 2023. */
const codes = ['131052-308T', '010594Y9032', '020594x903p'];

let hub: TestHub;
let subject: string;
beforeEach(async () => {
  hub = await openTestHub({ testClock: true });
  subject = await linkedAino(hub);
  return () => hub.close();
});

const inRegister = async (person: Record<string, unknown>, id = '1') => {
  hub.register.put(id, { person: person as never, ...granted });
  await pollRegister(hub.needs, 'crm');
  await hub.settle();
};
const row = (email: string) => [...hub.newsletter.rows.values()].find((r) => r.fields.email === email);
const held = async () =>
  (await hub.ask('GET', '/held')).json<{ kind: string; subject: string; details: { fields: string[] }; verdicts: string[] }[]>();

describe('an identity code in a text of the register', () => {
  it.each(codes)('is carried nowhere, blanks nothing, and is over when it is mended: %s', async (code) => {
    expect(canonicalIdentityCode(code)).not.toBeNull();
    await inRegister({ ...aino, familyName: `Virtanen ${code}` });
    expect(row(aino.email)?.fields).toMatchObject({ givenName: 'Aino', familyName: 'Virtanen' });
    expect(await held()).toMatchObject([{ kind: 'identity-code', subject, details: { fields: ['familyName'] }, verdicts: [] }]);
    const page = await browserOf(hub).open('/held', 'dpo', 'fi');
    expect(page.words).toContain('Korjatkaa se rekisterissä');
    for (const table of ['version', 'held', 'audit_entry', 'task'])
      expect((await hub.dump(table)).toLowerCase()).not.toContain(code.toLowerCase());
    // what else changed meanwhile goes out all the same
    await inRegister({ ...aino, givenName: 'Aino Maria', familyName: `Virtanen ${code}` });
    expect(row(aino.email)?.fields).toMatchObject({ givenName: 'Aino Maria', familyName: 'Virtanen' });
    await inRegister({ ...aino, givenName: 'Aino Maria', familyName: 'Korhonen' });
    expect(row(aino.email)?.fields).toMatchObject({ familyName: 'Korhonen' });
    expect(await held()).toEqual([]);
  });

  it('is no part of what somebody new is given', async () => {
    await inRegister({ givenName: 'Onni', familyName: `Laine (${codes[0]})`, email: 'onni@sahko.test' }, '9');
    expect(row('onni@sahko.test')?.fields).toEqual({ givenName: 'Onni', email: 'onni@sahko.test' });
  });

  it('is covered where a person’s values are read on a screen', async () => {
    const there = row(aino.email);
    if (there) there.fields = { ...there.fields, familyName: `Virtanen ${codes[1]}` };
    const shown = await browserOf(hub).send(`/people/${subject}/read`, { reason: 'request' }, 'dpo');
    expect(shown.words).toContain('Virtanen ******-****');
    expect(shown.text).not.toContain(codes[1]);
  });
});

describe('words that somebody writes', () => {
  it('are refused with an identity code in them, wherever they are kept', async () => {
    const text = `soitti, hetu ${codes[1]}`;
    const { id } = (await hub.ask('POST', '/cases', { type: 'erasure', subject })).json<{ id: string }>();
    const asks: [string, Record<string, unknown>][] = [
      ['/cases', { type: 'restriction', subject, note: text }],
      [`/cases/${id}/approve`, { reason: text }],
      [`/cases/${id}/refuse`, { reason: text }],
      [`/cases/${id}/extend`, { reasons: text }],
      [`/cases/${id}/withdraw`, { reason: text }],
      [`/cases/${id}/except`, { system: 'partner', ground: 'impossible', reason: text }],
      ['/holds', { subject, reason: text, review: '2030-01-01' }],
      [`/tasks/${id}/answer`, { outcome: 'erased', note: text }],
    ];
    for (const [path, body] of asks) {
      const answer = await hub.ask('POST', path, body);
      expect([path, answer.status, answer.text]).toEqual([path, 400, expect.stringContaining('personal identity code')]);
      expect(answer.text).not.toContain(codes[1]);
    }
    expect((await hub.ask('GET', `/cases/${id}`)).json()).toMatchObject({ state: 'planned' });
  });
});
