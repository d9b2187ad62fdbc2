import { beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../src/core/failure.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { aino } from '../jobs/world.ts';
import { type Browser, browserOf, plannedErasure } from './console-dpo.ts';
import { granted, idOf, linkedAino, openTestHub, type TestHub } from './hub.ts';

let hub: TestHub;
let browser: Browser;
beforeEach(async () => {
  hub = await openTestHub();
  browser = browserOf(hub);
  return () => hub.close();
});

const values = /aino|virtanen|sahko|40123|A-1/i;

describe('finding a person', () => {
  it('leads to the one who is meant, and puts nothing of what was typed into an address or a log', async () => {
    const id = await linkedAino(hub);
    for (const form of [{ email: ' AINO@Sahko.Test' }, { phone: '040 123 4567' }, { customerNumber: 'a-1' }]) {
      const answer = await browser.send('/people', { system: 'crm', remoteId: '', ...form }, 'dpo');
      expect([answer.status, answer.to], JSON.stringify(form)).toEqual([303, `/people/${id}`]);
    }
    expect((await browser.send('/people', { system: 'crm', remoteId: '1' }, 'dpo')).to).toBe(`/people/${id}`);
    expect(hub.logged()).not.toMatch(values);
  });

  it('lists several with their roles, and says when nobody is known', async () => {
    await linkedAino(hub);
    hub.register.put('3', { person: { ...aino, customerNumber: 'A-3' }, role: 'prospect', ...granted });
    await pollRegister(hub.needs, 'crm');
    const several = await browser.send('/people', { email: aino.email }, 'dpo', 'sv');
    expect(several.status).toBe(200);
    expect(several.words).toContain('2 personer hittades');
    expect(several.words).toContain('presumtiv kund');
    const nobody = await browser.send('/people', { email: 'nobody@sahko.test' }, 'dpo', 'fi');
    expect(nobody.words).toContain('Poistettua henkilöä ei enää tunneta');
    expect(nobody.text).not.toContain('nobody@');
  });

  it('says in words what is wrong with what was typed', async () => {
    const wrong = await browser.send('/people', { email: 'not an address' }, 'dpo');
    expect([wrong.status, wrong.words.includes('This is no e-mail address')]).toEqual([400, true]);
    const empty = await browser.send('/people', { email: '', system: 'crm', remoteId: '' }, 'dpo', 'fi');
    expect([empty.status, empty.words.includes('Täytä ainakin yksi kenttä')]).toEqual([400, true]);
  });

  it('is not for an admin, an auditor or a viewer', async () => {
    const id = await linkedAino(hub);
    for (const role of ['admin', 'auditor', 'viewer'] as const) {
      expect((await browser.open('/people', role)).status, role).toBe(403);
      expect((await browser.open(`/people/${id}`, role)).status, role).toBe(403);
      expect((await browser.send(`/people/${id}/read`, { reason: 'request' }, role)).status, role).toBe(403);
    }
  });
});

describe('the page of a person', () => {
  it('shows duties, links and disclosures in three languages, and no value', async () => {
    const id = await linkedAino(hub);
    for (const [lang, rule, given] of [
      ['en', 'the same e-mail address', 'equal'],
      ['fi', 'sama sähköpostiosoite', 'sama'],
      ['sv', 'samma e-postadress', 'lika'],
    ] as const) {
      const page = await browser.open(`/people/${id}`, 'dpo', lang);
      expect(page.status).toBe(200);
      expect(page.words).toContain(rule);
      expect(page.words).toContain(given);
      expect(page.text).not.toContain('⟦');
      expect(page.text).not.toMatch(/virtanen|sahko\.test|40123/i);
    }
  });

  it('marks field by field what differs, told from prints alone', async () => {
    const id = await linkedAino(hub);
    const before = await browser.open(`/people/${id}`, 'dpo');
    expect(before.words).toMatch(/e-mail has a value = equal/);
    expect(before.words).toMatch(/phone has a value · not given there = equal/);
    hub.register.put('1', { person: { ...aino, familyName: 'Korhonen' } });
    await pollRegister(hub.needs, 'crm');
    expect((await browser.open(`/people/${id}`, 'dpo')).words).toMatch(/family name has a value ≠ differs/);
  });

  it('offers the ties to the decision maker and explains to the DPO whose they are', async () => {
    const id = await linkedAino(hub);
    expect((await browser.open(`/people/${id}`, 'dpo')).text).not.toContain('/unlink');
    const page = await browser.open(`/people/${id}`, 'decision-maker');
    const link = /\/links\/([0-9a-f-]{36})\/unlink/.exec(page.text)?.[1];
    expect((await browser.send(`/links/${link}/unlink`, {}, 'dpo')).status).toBe(403);
    expect((await browser.send(`/links/${link}/unlink`, {}, 'decision-maker')).to).toBe(`/people/${id}?said=unlinked`);
    expect(await hub.dump('record')).not.toContain(link ?? 'none');
  });

  it('links a row to another person, and refuses what is no id', async () => {
    const id = await linkedAino(hub);
    const other = await idOf(hub, 'other@sahko.test');
    const link = /\/links\/([0-9a-f-]{36})\/relink/.exec((await browser.open(`/people/${id}`, 'decision-maker')).text)?.[1];
    const wrong = await browser.send(`/links/${link}/relink`, { subject: 'Aino' }, 'decision-maker');
    expect([wrong.status, wrong.words.includes('no id of a person')]).toEqual([400, true]);
    expect((await browser.send(`/links/${link}/relink`, { subject: other }, 'decision-maker')).to).toBe(
      `/people/${other}?said=relinked`,
    );
  });

  it('merges two subjects of one person only for the decision maker', async () => {
    const id = await linkedAino(hub);
    const other = await idOf(hub, 'other@sahko.test');
    expect((await browser.send(`/people/${id}/merge`, { subject: other }, 'dpo')).status).toBe(403);
    expect((await browser.send(`/people/${id}/merge`, { subject: id }, 'decision-maker')).status).toBe(409);
    expect((await browser.send(`/people/${id}/merge`, { subject: other }, 'decision-maker')).status).toBe(303);
  });

  it('has each recipient read and put right on demand', async () => {
    const id = await linkedAino(hub);
    const row = [...hub.newsletter.rows.values()].find((r) => r.fields.email === aino.email);
    if (row) row.fields.familyName = 'Wrong';
    expect((await browser.send(`/people/${id}/resync`, { system: 'newsletter' }, 'dpo')).to).toContain('said=resyncOrdered');
    await hub.settle();
    expect(row?.fields.familyName).toBe('Virtanen');
    expect((await hub.ask('POST', `/subjects/${id}/resync`)).json()).toEqual({ subject: id, systems: ['newsletter', 'partner'] });
    expect((await hub.ask('POST', `/subjects/${id}/resync`, { system: 'crm' })).status).toBe(400);
    expect((await hub.ask('POST', `/subjects/${id}/resync`, {}, 'admin')).status).toBe(403);
  });
});

describe('a live read', () => {
  it('shows the values once, only what a purpose declares, and writes down who looked and why', async () => {
    const id = await linkedAino(hub);
    hub.register.put('1', { person: { ...aino, birthDate: '1980-05-05' } });
    const page = await browser.send(`/people/${id}/read`, { reason: 'accuracy', note: 'Aino rang about it' }, 'dpo');
    expect(page.words).toContain('Virtanen');
    expect(page.words).not.toContain('1980');
    expect(page.words).toContain('run by people');
    const log = await hub.dump('audit_entry');
    expect(log).toMatch(/person\.read/);
    expect(log).not.toMatch(/rang/);
    expect(await hub.dump('person_read')).not.toMatch(/rang/);
    expect(hub.logged()).not.toMatch(values);
    const after = await browser.open(`/people/${id}`, 'dpo');
    expect(after.words).toContain('Aino rang about it');
    expect(after.words).not.toContain('Virtanen');
  });

  it('reads nothing without a reason', async () => {
    const id = await linkedAino(hub);
    hub.newsletter.log.length = 0;
    for (const reason of ['', 'curiosity']) {
      const page = await browser.send(`/people/${id}/read`, { reason }, 'dpo', 'fi');
      expect([page.status, page.words.includes('Mitään ei luettu')], reason).toEqual([400, true]);
    }
    expect((await hub.ask('POST', `/subjects/${id}/read`, { reason: 'curiosity' })).status).toBe(400);
    expect(hub.newsletter.log).toEqual([]);
    expect(await hub.dump('audit_entry')).not.toContain('person.read');
  });

  it('shows the others when one system is silent, and says what it said', async () => {
    const id = await linkedAino(hub);
    hub.newsletter.read = async () => {
      throw new Failure('RECIPIENT_UNREACHABLE');
    };
    const page = await browser.send(`/people/${id}/read`, { reason: 'request' }, 'dpo');
    expect(page.words).toContain('newsletter: could not be reached');
    expect(page.words).toContain('Virtanen');
    const { rows } = (await hub.ask('POST', `/subjects/${id}/read`, { reason: 'request' })).json<{
      rows: { system: string; problem?: string }[];
    }>();
    expect(rows.map((r) => [r.system, r.problem])).toEqual([
      ['crm', undefined],
      ['newsletter', 'RECIPIENT_UNREACHABLE'],
      ['partner', 'people'],
    ]);
  });

  it('marks a value that is not the register’s', async () => {
    const id = await linkedAino(hub);
    const row = [...hub.newsletter.rows.values()].find((r) => r.fields.email === aino.email);
    if (row) row.fields.familyName = 'Virtonen';
    const page = await browser.send(`/people/${id}/read`, { reason: 'accuracy' }, 'dpo');
    expect(page.words).toMatch(/Virtanen Virtonen ≠ differs/);
    expect(page.words).toMatch(/given name Aino Aino (?!≠)/);
  });

  it('keeps no note once the person is erased', async () => {
    const id = await linkedAino(hub);
    await browser.send(`/people/${id}/read`, { reason: 'request', note: 'a note' }, 'dpo');
    expect(await hub.dump('person_read')).not.toContain('"sealed_note":null');
    const { id: found } = (await hub.ask('POST', '/cases', { type: 'erasure', subject: id })).json<{ id: string }>();
    await hub.settle();
    await hub.ask('POST', `/cases/${found}/approve`);
    await hub.settle();
    expect(await hub.dump('person_read')).toMatch(/"sealed_note": ?null/);
    expect((await browser.open(`/people/${id}`, 'dpo')).words).toContain('This person was erased');
  });
});

describe('opening an erasure', () => {
  it('shows the plan while nothing happens, then opens the case', async () => {
    const id = await linkedAino(hub);
    const plan = await browser.send(`/people/${id}/erasure-plan`, {}, 'dpo');
    expect(plan.words).toContain('This is only a plan');
    expect(plan.words).toContain('Erased: ');
    expect((await hub.ask('GET', '/cases')).json()).toEqual([]);
    const opened = await browser.send(`/people/${id}/erasure`, { received: '2026-11-20', channel: 'phone', note: 'rang' }, 'dpo');
    expect(opened.to).toMatch(/^\/cases\/[0-9a-f-]{36}\?said=caseOpened$/);
    const page = await browser.open(opened.to, 'dpo');
    expect(page.words).toContain('20 Nov 2026');
    expect(page.words).toContain('the console');
    expect((await browser.send(`/people/${id}/erasure`, {}, 'dpo')).to).toContain('caseJoined');
    expect((await browser.send(`/people/${id}/erasure`, { received: 'yesterday' }, 'dpo')).status).toBe(400);
  });

  it('leads to the case that is open already', async () => {
    const { subject, found } = await plannedErasure(hub);
    const page = await browser.open(`/people/${subject}`, 'dpo');
    expect(page.text).toContain(`href="/cases/${found}"`);
    expect(page.text).not.toContain('erasure-plan');
  });
});
