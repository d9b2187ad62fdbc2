import { sql } from 'kysely';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ExtensionFault, PauseFault, WorkingLine } from '../../src/core/legal-clock.ts';
import { recountCases } from '../../src/jobs/case-clock.ts';
import { watch } from '../../src/jobs/watch.ts';
import { workingWords } from '../../src/server/console/case-clock.tsx';
import { languages, translator } from '../../src/server/console/i18n.ts';
import { openAlerts } from '../../src/store/alerts.ts';
import { changes, rows } from '../../src/store/database.ts';
import { until } from '../support/until.ts';
import { linkedAino, openTestHub, type TestHub } from './hub.ts';

interface Case {
  id: string;
  state: string;
  deadline: { date: string; target: string; extended: boolean; pausedSince: string | null; working: string[] };
}

let hub: TestHub;
let aino: string;
beforeEach(async () => {
  hub = await openTestHub({ testClock: true });
  aino = await linkedAino(hub);
  return () => hub.close();
});

/** Opens Aino's erasure as received then; the hub's clock stands a little after it. */
async function received(at: string): Promise<Case> {
  await setNow(new Date(Date.parse(at) + 3_600_000));
  const answer = await hub.ask('POST', '/cases', { type: 'erasure', subject: aino, receivedAt: at });
  expect(answer.status).toBe(201);
  return answer.json<Case>();
}

/** Puts the hub's clock to a moment, as the test clock's route does by steps. */
const setNow = (at: Date) =>
  changes(hub.needs.db, sql`UPDATE instance SET clock_offset = ${at.toISOString()}::timestamptz - now()`);

describe('the time limit of a case', () => {
  it.each([
    // received 19 May 2026: a month ends on Friday 19 June, Midsummer Eve, a working day by default
    ['2026-05-19T09:00:00Z', '2026-06-19', 'that is a Friday and a working day'],
    // received 20 May 2026: Saturday 20 June is Midsummer Day, then Sunday
    ['2026-05-20T09:00:00Z', '2026-06-22', 'that is Midsummer Day → next working day 2026-06-22'],
    // received 25 November 2026: Friday 25 December, St Stephen's Day, Sunday
    ['2026-11-25T09:00:00Z', '2026-12-28', "that is Christmas Day, 2026-12-26 is St Stephen's Day → next working day 2026-12-28"],
    // 31 January: the last day of February
    ['2025-01-31T09:00:00Z', '2025-02-28', 'one month ends 2025-02-28, the last day of the month'],
    // 31 January of a leap year
    ['2028-01-31T09:00:00Z', '2028-02-29', 'one month ends 2028-02-29, the last day of the month'],
    // 29 February: the same date in March
    ['2028-02-29T09:00:00Z', '2028-03-29', 'one month ends 2028-03-29, the same date'],
    // late in the evening in UTC is the next day where the company is
    ['2026-03-04T22:30:00Z', '2026-04-07', 'received 2026-03-05'],
  ])('received %s ends %s and says why', async (at, date, why) => {
    const { deadline, id } = await received(at);
    expect(deadline.date).toBe(date);
    expect(deadline.working.join('\n')).toContain(why);
    const [listed] = (await hub.ask('GET', '/cases')).json<Case[]>();
    expect([listed?.id, listed?.deadline]).toEqual([id, deadline]);
  });

  it('is extended by two months when the person was told in time, and not a day later', async () => {
    const { id } = await received('2026-01-30T09:00:00Z');
    await setNow(new Date('2026-03-03T09:00:00Z'));
    const late = await hub.ask('POST', `/cases/${id}/extend`, { reasons: 'many systems', toldOn: '2026-03-03' });
    expect([late.status, late.json()['code']]).toEqual([409, 'extend-month-over']);
    expect(late.text).toContain('2026-03-02');
    expect((await hub.ask('GET', `/cases/${id}`)).json<Case>().deadline.date).toBe('2026-03-02');
    const told = await hub.ask('POST', `/cases/${id}/extend`, { reasons: 'many systems', toldOn: '2026-03-02' });
    expect(told.status).toBe(200);
    expect(told.json<Case>().deadline).toMatchObject({ date: '2026-04-28', target: '2026-04-28', extended: true });
    expect((await hub.ask('POST', `/cases/${id}/extend`, { reasons: 'again' })).json()['code']).toBe('extend-already-extended');
    expect(await hub.dump('case_file')).not.toContain('many systems');
    expect(await hub.dump('audit_entry')).toContain('case.extended');
  });

  it.each([
    [{ toldOn: '2026-02-10' }, 409, 'extend-no-reasons'],
    [{ reasons: 'x', toldOn: '2026-02-30' }, 400, undefined],
    [{ reasons: 'x', toldOn: '2026-01-29' }, 409, 'extend-before-receipt'],
    [{ reasons: 'x', toldOn: '2026-02-11' }, 409, 'told-later'],
  ])('is not extended by %j', async (body, status, code) => {
    const { id } = await received('2026-01-30T09:00:00Z');
    await setNow(new Date('2026-02-10T09:00:00Z'));
    const answer = await hub.ask('POST', `/cases/${id}/extend`, body);
    expect([answer.status, answer.json()['code']]).toEqual([status, code]);
  });

  it('stands still while the person is asked who they are, and goes on with the answer', async () => {
    const { id } = await received('2026-03-05T09:00:00Z');
    const paused = (await hub.ask('POST', `/cases/${id}/pause`, { reason: 'identity' })).json<Case>();
    expect(paused.deadline.pausedSince).toBe('2026-03-05');
    expect((await hub.ask('POST', `/cases/${id}/pause`, {})).json()['code']).toBe('pause-overlapping');
    await setNow(new Date('2026-03-15T09:00:00Z'));
    const { deadline } = (await hub.ask('GET', `/cases/${id}`)).json<Case>();
    expect(deadline.date).toBe('2026-04-15');
    const resumed = (await hub.ask('POST', `/cases/${id}/resume`, { answered: '2026-03-12' })).json<Case>();
    expect(resumed.deadline).toMatchObject({ date: '2026-04-13', target: '2026-04-12', pausedSince: null });
    expect((await hub.ask('POST', `/cases/${id}/resume`)).json()['code']).toBe('not-paused');
    expect((await hub.ask('POST', `/cases/${id}/pause`, { reason: 'clarification' })).json()['code']).toBe(
      'pause-reason-does-not-stop',
    );
  });

  it('does not move once the case is over', async () => {
    const { id } = await received('2026-03-05T09:00:00Z');
    await hub.ask('POST', `/cases/${id}/refuse`, { reason: 'unfounded' });
    expect((await hub.ask('POST', `/cases/${id}/extend`, { reasons: 'x' })).json()['code']).toBe('case-over');
  });

  it('is counted again where it was never counted, and grows while the clock stands still', async () => {
    const { id } = await received('2026-03-05T09:00:00Z');
    await changes(hub.needs.db, sql`UPDATE case_file SET due = NULL, target = NULL`);
    expect(await recountCases(hub.needs)).toBe(1);
    expect(await recountCases(hub.needs)).toBe(0);
    await hub.ask('POST', `/cases/${id}/pause`, {});
    await setNow(new Date('2026-03-15T09:00:00Z'));
    expect(await recountCases(hub.needs)).toBe(1);
    expect(await hub.dump('case_file')).toContain('2026-04-15');
  });

  it('is told as it comes near, once a step, then as over, and no more when the case has ended', async () => {
    const { id } = await received('2026-03-05T09:00:00Z');
    const told = async (at: string) => {
      await setNow(new Date(at));
      await watch(hub.needs);
      const open = await openAlerts(hub.needs.db);
      return open
        .filter(({ kind }) => kind.startsWith('deadline'))
        .map(({ kind, about }) => `${kind} ${about.replace(id, 'it')}`);
    };
    // due on Tuesday 7 April, after Easter; planned for the earlier end of the month, if any
    const { target } = (await hub.ask('GET', `/cases/${id}`)).json<Case>().deadline;
    const daysAhead = (days: number) => new Date(Date.parse(`${target}T09:00:00Z`) - days * 86_400_000).toISOString();
    expect(await told(daysAhead(15))).toEqual([]);
    expect(await told(daysAhead(14))).toEqual(['deadline-near it/14']);
    expect(await told(daysAhead(7))).toEqual(['deadline-near it/7']);
    expect(await told(daysAhead(1))).toEqual(['deadline-near it/1']);
    expect(await told('2026-04-08T09:00:00Z')).toEqual(['deadline-over it']);
    await hub.ask('POST', `/cases/${id}/refuse`, { reason: 'unfounded' });
    expect(await told('2026-04-08T10:00:00Z')).toEqual([]);
  });

  it('keeps a question that is noted while a count waits', async () => {
    const { id } = await received('2026-03-05T09:00:00Z');
    const asked = { pauses: [{ reason: 'identity', asked: '2026-03-05', answered: null }] };
    await changes(hub.needs.db, sql`UPDATE case_file SET due = NULL`);
    let counting: Promise<number> = Promise.resolve(0);
    await hub.needs.db.transaction().execute(async (tx) => {
      await sql`SELECT 1 FROM subject FOR UPDATE`.execute(tx);
      await sql`UPDATE case_file SET clock = ${JSON.stringify(asked)}::jsonb WHERE id = ${id}`.execute(tx);
      counting = recountCases(hub.needs);
      await until('the count to wait for the row', async () => {
        const [waiting] = await rows(
          hub.needs.db,
          sql`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        return waiting !== undefined;
      });
    });
    expect(await counting).toBe(1);
    expect((await hub.ask('GET', `/cases/${id}`)).json<Case>().deadline.pausedSince).toBe('2026-03-05');
  });

  it('is shown on the page of the case, where it can be moved, and refused in the reader’s words', async () => {
    const { id } = await received('2026-05-20T09:00:00Z');
    const page = (method: 'GET' | 'POST', url: string, lang: string, payload?: string) =>
      hub.raw({
        method,
        url,
        headers: {
          authorization: 'Bearer token-of-dpo',
          'accept-language': lang,
          ...(payload === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        },
        ...(payload === undefined ? {} : { payload }),
      });
    expect((await page('GET', `/cases/${id}`, 'fi')).text).toContain('on juhannuspäivä');
    expect((await page('GET', `/cases/${id}`, 'sv')).text).toContain('är midsommardagen');
    expect((await page('GET', '/', 'en')).text).toContain('22 Jun 2026');
    await setNow(new Date('2026-06-23T09:00:00Z'));
    expect((await page('GET', '/cases', 'en')).text).toContain('overdue: was due 22 Jun 2026, 1 day ago');
    const shut = await page('POST', `/cases/${id}/extend`, 'fi', 'reasons=syy&toldOn=');
    expect([shut.status, shut.text.includes('Ensimmäinen kuukausi on kulunut')]).toEqual([409, true]);
    const told = await page('POST', `/cases/${id}/extend`, 'fi', 'reasons=monta+j%C3%A4rjestelm%C3%A4%C3%A4&toldOn=2026-06-18');
    expect(told.status).toBe(303);
    expect((await page('GET', `/cases/${id}`, 'en')).text).toContain('Extended by two further months');
  });
});

describe('the working in words', () => {
  const day = '2026-06-20';
  const pause = { reason: 'identity', asked: day } as const;
  const extensionFaults: ExtensionFault[] = ['at-once', 'already-extended', 'before-receipt', 'no-reasons', 'month-over'];
  const pauseFaults: PauseFault[] = [
    'reason-does-not-stop',
    'before-receipt',
    'answered-before-asked',
    'overlapping',
    'late',
    'time-over',
    'at-once',
  ];
  const lines: WorkingLine[] = [
    { code: 'instant', params: { instant: '2026-06-20T09:00:00Z', zone: 'Europe/Helsinki', day } },
    { code: 'received', params: { day } },
    { code: 'at-once', params: { day } },
    { code: 'month-end', params: { months: 1, day, isLastOfMonth: false } },
    { code: 'month-end', params: { months: 1, day, isLastOfMonth: true } },
    { code: 'extended', params: { toldOn: day, fromReceipt: day, fromFirstEnd: '2026-06-21', day } },
    { code: 'extended', params: { toldOn: day, fromReceipt: day, fromFirstEnd: day, day } },
    ...extensionFaults.map((fault) => ({ code: 'not-extended' as const, params: { toldOn: day, fault, monthOver: day } })),
    { code: 'pause', params: { ...pause, answered: day, days: 2 } },
    { code: 'pause-open', params: { ...pause, days: 1 } },
    ...pauseFaults.map((fault) => ({ code: 'pause-not-counted' as const, params: { ...pause, fault, askedBy: day } })),
    { code: 'paused-end', params: { days: 3, day } },
    { code: 'working-day', params: { day } },
    { code: 'roll', params: { day, over: [{ day, why: 'midsummer-day' }], to: '2026-06-22' } },
    { code: 'target', params: { day } },
    { code: 'eves', params: { midsummerEve: false, christmasEve: false } },
    { code: 'eves', params: { midsummerEve: true, christmasEve: true } },
  ];
  let said: string[][];
  beforeAll(() => {
    said = languages.map((lang) => lines.map((line) => workingWords(translator(lang), line)));
  });

  it('is whole in each language, and no two lines say the same', () => {
    for (const texts of said) {
      expect(texts.filter((text) => text.includes('⟦') || text.includes('{'))).toEqual([]);
      expect(new Set(texts).size).toBe(texts.length);
    }
  });
});
