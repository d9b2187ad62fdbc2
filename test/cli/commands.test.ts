import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../src/core/failure.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { driveRun } from '../../src/jobs/resync.ts';
import { aino } from '../jobs/world.ts';
import { granted, linkedAino } from '../server/hub.ts';
import { openShell, type Shell } from './run.ts';

let shell: Shell;
beforeEach(async () => {
  shell = await openShell();
  return () => shell.close();
});

describe('a notice', () => {
  it('in which nothing is found is 0, and one with a finding is 1, with its law', async () => {
    expect((await shell.kaiku('notice', 'check', 'good.yaml')).code).toBe(0);
    const found = await shell.kaiku('notice', 'check', 'bad.yaml');
    expect([found.code, found.out]).toEqual([1, expect.stringMatching(/- no right to complain/)]);
    const { findings } = (await shell.kaiku('notice', 'check', 'bad.yaml', '--json')).json<{ findings: unknown[] }>();
    expect(findings).toEqual([{ code: 'complaint-not-told', law: 'GDPR Art. 13(2)(d)' }]);
  });
});

describe('wrong use', () => {
  it.each([
    ['a command that is none', ['erasee', '--email', aino.email]],
    ['no command', []],
    ['an option that is none', ['status', '--emial', aino.email]],
    ['nobody named', ['erase']],
    ['two people named', ['erase', '--email', aino.email, '--subject', randomUUID()]],
    ['a role that is none', ['token', 'create', '--role', 'king']],
    ['a role of start that is none', ['start', '--role', 'king']],
    ['a port that is none', ['sandbox', 'mailchimp', '--port', 'x']],
    ['a system that is none', ['link', 'nowhere']],
    ['an id that is none', ['case', 'show', '42']],
    ['an outcome that is none', ['task', 'answer', randomUUID(), '--outcome', 'done']],
    ['a refusal without its reason', ['case', 'refuse', randomUUID()]],
    ['a notice without a file', ['notice', 'check']],
    ['a company that is none', ['demo', '--company', 'acme']],
    ['a restore of nothing', ['restore']],
    ['an extension without its reasons', ['case', 'extend', randomUUID()]],
    ['a pause about something else', ['case', 'pause', randomUUID(), '--reason', 'holiday']],
  ])('is 2 and says what is wrong: %s', async (_what, argv) => {
    const ran = await shell.kaiku(...argv);
    expect(ran.code).toBe(2);
    expect(ran.err).toMatch(/\w{3}/);
    expect(ran.out).toBe('');
  });

  it('suggests the command that was meant', async () => {
    expect((await shell.kaiku('staus')).err).toContain('status');
  });

  it('is not help that was asked for', async () => {
    for (const argv of [['--help'], ['help'], ['audit', '--help'], ['audit', 'export', '--help']]) {
      const ran = await shell.kaiku(...argv);
      expect([ran.code, ran.err]).toEqual([0, '']);
    }
    expect((await shell.kaiku('audit', 'export', '--help')).out).toContain('{index, line, proof}');
  });
});

describe('what main hands in', () => {
  it('is started with its options, and its exit code is the command’s', async () => {
    expect((await shell.kaiku('start', '--role', 'worker')).out).toBe('started worker');
    expect((await shell.kaiku('demo')).code).toBe(1);
    expect((await shell.kaiku('demo', '--once')).code).toBe(0);
    expect((await shell.kaiku('sandbox', 'mailchimp', '--port', '4010')).out).toBe('mailchimp 4010');
    expect((await shell.kaiku('config', 'schema')).json()).toEqual({ type: 'object' });
    expect(shell.opened()).toBe(0);
  });
});

describe('case open', () => {
  it('opens any right with what is asked, exit 1 while it waits for a decision', async () => {
    const id = await linkedAino(shell.hub);
    const ran = await shell.kaiku(
      'case',
      'open',
      '--type',
      'rectification',
      '--subject',
      id,
      '--set',
      'familyName=Korhonen',
      '--set',
      'phone=',
    );
    expect(ran.code).toBe(1);
    expect(ran.out).toMatch(/rectification case .*: planned, due 20/);
    expect(ran.out).toContain('familyName');
    expect(await shell.kaiku('case', 'open', '--type', 'objection', '--email', aino.email)).toMatchObject({ code: 0 });
    const listed = await shell.kaiku('case', 'list');
    expect(listed.out).toMatch(/rectification .*planned/);
    expect(listed.out).toMatch(/objection .*running/);
    const restriction = await shell.kaiku('case', 'open', '--type', 'restriction', '--subject', id, '--json');
    const { id: caseId } = restriction.json<{ id: string }>();
    expect((await shell.kaiku('case', 'lift', caseId)).code).toBe(4);
    expect(await shell.kaiku('case', 'open', '--type', 'rectification', '--subject', id, '--set', 'Korhonen')).toMatchObject({
      code: 2,
      err: expect.stringContaining('field=value'),
    });
    expect((await shell.kaiku('case', 'open', '--type', 'objection', '--subject', id, '--purpose', 'invoicing')).code).toBe(2);
  });
});

describe('case prepare', () => {
  it('prints the link that hands the answer over, once it is known who asks', async () => {
    const id = await linkedAino(shell.hub);
    const { id: found } = (await shell.kaiku('case', 'open', '--type', 'access', '--subject', id, '--json')).json<{
      id: string;
    }>();
    expect((await shell.kaiku('case', 'approve', found)).code).toBe(0);
    expect((await shell.kaiku('case', 'prepare', found)).code).toBe(4);
    expect((await shell.kaiku('case', 'identity', found, '--how', 'call-back')).out).toContain('proven');
    const ran = await shell.kaiku('case', 'prepare', found);
    expect(ran.code).toBe(1);
    expect(ran.out).toMatch(/^https?:\/\/\S+\/answer\/\S{40,}\nIt opens once[\s\S]*Not read: partner/);
  });
});

describe('case', () => {
  it('shows how its day is counted, and moves its clock only through the gate: else exit 4', async () => {
    const id = await linkedAino(shell.hub);
    const opened = (await shell.hub.ask('POST', '/cases', { type: 'erasure', subject: id })).json<{ id: string }>();
    expect((await shell.kaiku('case', 'show', opened.id)).out).toMatch(/due 20\d\d-\d\d-\d\d\n {2}.* is .* in Europe\/Helsinki/);
    expect((await shell.kaiku('case', 'pause', opened.id)).out).toContain('the clock stands still since');
    expect((await shell.kaiku('case', 'resume', opened.id)).code).toBe(0);
    expect((await shell.kaiku('case', 'resume', opened.id)).code).toBe(4);
    expect(await shell.kaiku('case', 'extend', opened.id, '--reason', 'x', '--told-on', '2020-01-01')).toMatchObject({
      code: 4,
      err: expect.stringContaining('before the request was received'),
    });
    expect((await shell.kaiku('case', 'extend', opened.id, '--reason', 'many systems')).out).toContain('extended by two');
    expect((await shell.kaiku('case', 'extend', opened.id, '--reason', 'many systems')).code).toBe(4);
  });
});

describe('erase', () => {
  it('stops at the plan without --yes, exit 1, and erases nothing', async () => {
    const id = await linkedAino(shell.hub);
    const ran = await shell.kaiku('erase', '--email', aino.email, '--json');
    expect(ran.code).toBe(1);
    const { case: caseId, plan } = ran.json<{ case: string; plan: { system: string; step: string }[] }>();
    expect(plan.map((p) => p.system)).toEqual(['newsletter', 'partner', 'crm']);
    await shell.hub.settle();
    expect(shell.hub.newsletter.rows.size).toBe(2);
    expect((await shell.kaiku('case', 'show', caseId, '--json')).json()).toMatchObject({ state: 'planned', subject: id });
  });

  it('erases with --yes, once, and refuses a second time with 4', async () => {
    const id = await linkedAino(shell.hub);
    const ran = await shell.kaiku('erase', '--subject', id, '--yes', '--reason', 'asked by mail', '--json');
    expect(ran.code).toBe(0);
    const { case: caseId } = ran.json<{ case: string }>();
    await shell.hub.settle();
    expect(shell.hub.newsletter.rows.size).toBe(1);
    expect((await shell.kaiku('case', 'approve', caseId)).code).toBe(4);
    const [task] = (await shell.kaiku('task', 'list', '--json')).json<{ id: string }[]>();
    expect((await shell.kaiku('task', 'answer', task?.id ?? '', '--outcome', 'erased')).code).toBe(0);
    expect((await shell.kaiku('task', 'answer', task?.id ?? '', '--outcome', 'erased')).code).toBe(4);
    const again = await shell.kaiku('erase', '--subject', id, '--yes');
    expect([again.code, again.err]).toEqual([4, expect.stringContaining('erased before')]);
    const status = (await shell.kaiku('status', '--case', caseId, '--json')).json<{
      state: string;
      decision: { reason: string };
    }>();
    expect(status).toMatchObject({ state: 'closed', decision: { reason: 'asked by mail' } });
  });

  it('names the people that an address could mean', async () => {
    shell.hub.register.put('1', { person: aino, ...granted });
    shell.hub.register.put('2', { person: { ...aino, customerNumber: 'A-2' }, ...granted });
    await pollRegister(shell.hub.needs, 'crm');
    const ran = await shell.kaiku('erase', '--email', aino.email, '--yes');
    expect(ran.code).toBe(4);
    expect(ran.err.match(/--subject [0-9a-f-]{36}/g)).toHaveLength(2);
  });
});

describe('status', () => {
  it('is the subject as the API shows it, and reading ends with 0', async () => {
    const id = await linkedAino(shell.hub);
    const ran = await shell.kaiku('status', '--email', aino.email, '--json');
    expect([ran.code, ran.json()]).toEqual([0, (await shell.hub.ask('GET', `/subjects/${id}`)).json()]);
    const lines = (await shell.kaiku('status', '--subject', id)).out.split('\n');
    expect(lines[1]).toMatch(/^SYSTEM +STATE +OUTCOME +EVIDENCE/);
    expect(lines.slice(2).some((line) => /^newsletter +settled +unchanged/.test(line))).toBe(true);
  });

  it('says so where nobody is known', async () => {
    expect((await shell.kaiku('status', '--email', 'nobody@sahko.test')).out).toContain('Nobody is known');
    expect((await shell.kaiku('status', '--subject', randomUUID())).code).toBe(2);
  });
});

describe('systems', () => {
  it('are linked by a preview, then for good; what a person must decide is 1', async () => {
    shell.hub.newsletter.add({ email: aino.email });
    shell.hub.newsletter.add({ email: 'info@sahko.test' });
    shell.hub.register.put('1', { person: aino, ...granted });
    shell.hub.register.put('2', { person: { ...aino, email: 'info@sahko.test', customerNumber: 'A-2' }, ...granted });
    await pollRegister(shell.hub.needs, 'crm');
    const preview = await shell.kaiku('link', 'newsletter');
    expect(preview.out).toContain('nothing was written');
    const applied = await shell.kaiku('link', 'newsletter', '--apply', '--json');
    expect(applied.code).toBe(1);
    expect(applied.json()).toEqual({
      system: 'newsletter',
      read: 2,
      linked: 1,
      ambiguous: 0,
      shared: 1,
      orphans: 0,
      alreadyLinked: 0,
    });
  });

  it('are resynced by a run that tells its counts', async () => {
    await linkedAino(shell.hub);
    const ran = await shell.kaiku('resync', 'newsletter', '--dry-run', '--json');
    expect(ran.json()).toMatchObject({
      run: expect.any(String),
      state: 'previewed',
      calls: 1,
      counts: { unchanged: 2, orphans: 0 },
    });
    expect(ran.code).toBe(0);
  });

  it('are not waited for while no hub runs: that is told, exit 1', async () => {
    await linkedAino(shell.hub);
    const [row] = shell.hub.newsletter.rows.values();
    if (row) row.fields.givenName = 'Aina';
    const ran = await shell.kaiku('resync', 'newsletter', '--wait');
    expect([ran.code, ran.err]).toEqual([1, expect.stringContaining('kaiku start')]);
  });

  it('are waited for while a hub works, until everything owed there is done', async () => {
    await linkedAino(shell.hub);
    await shell.serve();
    const [row] = shell.hub.newsletter.rows.values();
    if (row) row.fields.givenName = 'Aina';
    let isDone = false;
    const waiting = shell.kaiku('resync', 'newsletter', '--wait', '--json').then((ran) => {
      isDone = true;
      return { ...ran, nameThen: row?.fields.givenName };
    });
    // only once the command looks whether all is done is there somebody who does it
    while (!isDone) {
      if (shell.hub.logged().includes('"route":"/api/v1/runs/:id","status":200')) {
        await shell.hub.settle();
        await driveRun(shell.hub.needs);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(await waiting).toMatchObject({ code: 0, nameThen: 'Aino' });
  });

  it('are checked one by one: a missing right is 1, and a silent system is 3 and hides no other', async () => {
    const { crm, newsletter } = shell.hub.needs.connectors;
    if (!crm || !newsletter) throw new Error('the world lacks a system');
    expect((await shell.kaiku('check')).code).toBe(0);
    newsletter.check = async () => [{ right: 'members: write', ok: false, problem: 'give the key that right' }];
    const missing = await shell.kaiku('check');
    expect([missing.code, missing.out]).toEqual([1, expect.stringContaining('MISSING members: write — give the key that right')]);
    crm.check = async () => {
      throw new Failure('RECIPIENT_UNREACHABLE');
    };
    const silent = await shell.kaiku('check', '--json');
    expect(silent.code).toBe(3);
    expect(silent.json<{ systems: { system: string; ok: boolean; problem?: string }[] }>().systems).toMatchObject([
      { system: 'crm', ok: false, rights: [], problem: 'no connection to the system could be made' },
      { system: 'newsletter', ok: false, problem: 'give the key that right' },
      { system: 'partner', ok: true },
    ]);
  });

  it('are told in words: who is asked and by when, or how far the connector can prove an erasure and why', async () => {
    const { newsletter, crm } = shell.hub.needs.connectors;
    if (!newsletter || !crm) throw new Error('the world lacks a system');
    crm.check = async () => {
      throw new Failure('RECIPIENT_UNREACHABLE');
    };
    const { out } = await shell.kaiku('check');
    for (const { manifest } of [newsletter, crm])
      expect(out).toContain(`Evidence of an erasure ends at "${manifest.erasure.cap}": ${manifest.erasure.why}.`);
    expect(out).toMatch(/finance gets a task .* answered by privacy@partner\.test, in Swedish, within 14 days/);
    expect(out).toContain('Silence never closes a task.');
    const { systems } = (await shell.kaiku('check', '--json')).json<{ systems: Record<string, unknown>[] }>();
    expect(systems.map((s) => [s['system'], s['erasure'], Array.isArray(s['says'])])).toEqual([
      ['crm', { cap: 'acknowledged', why: 'bin' }, true],
      ['newsletter', { cap: newsletter.manifest.erasure.cap, why: newsletter.manifest.erasure.why }, true],
      ['partner', { cap: 'acknowledged', why: 'people' }, true],
    ]);
    expect(systems[2]?.['people']).toMatchObject({ owner: 'finance', answerer: 'privacy@partner.test', dueDays: 14 });
  });
});

describe('a task', () => {
  it('is shown, with identifiers only when asked, and answered with its law', async () => {
    const id = await linkedAino(shell.hub);
    await shell.kaiku('erase', '--subject', id, '--yes');
    await shell.hub.settle();
    const [task] = (await shell.kaiku('task', 'list', '--json')).json<
      { id: string; ask: string; system: string; due: string }[]
    >();
    expect(task).toMatchObject({ ask: 'erase', system: 'partner', due: expect.stringMatching(/^\d{4}-.*Z$/) });
    const shown = (await shell.kaiku('task', 'show', task?.id ?? '')).out;
    expect(shown).not.toMatch(/aino/i);
    expect(shown).toContain('Titta också i gamla listor.');
    expect((await shell.kaiku('task', 'show', task?.id ?? '', '--reveal')).out).toContain(aino.email);
    const answer = ['task', 'answer', task?.id ?? '', '--outcome', 'retained'];
    expect((await shell.kaiku(...answer)).code).toBe(2);
    const kept = await shell.kaiku(...answer, '--until', '2031-12-31', '--law', 'KPL 2:10', '--json');
    expect(kept.json()).toMatchObject({ outcome: 'retained', until: '2031-12-31', law: 'KPL 2:10' });
  });
});

it('makes a token that works, with its role and no more', async () => {
  const { out } = await shell.kaiku('token', 'create', '--role', 'auditor');
  shell.env['KAIKU_TOKEN'] = out;
  expect((await shell.kaiku('audit', 'verify')).code).toBe(0);
  expect((await shell.kaiku('erase', '--email', aino.email)).code).toBe(2);
});

it('tells what the instance stands on', async () => {
  expect((await shell.kaiku('doctor', '--json')).json()).toMatchObject({
    instance: shell.hub.needs.instance,
    journal: { entries: 0 },
  });
});
