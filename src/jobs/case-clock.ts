import { isOver } from '../core/case.ts';
import { type Day, dayIn } from '../core/day.ts';
import {
  type ClockRequest,
  type ClockSettings,
  cautious,
  type LegalClock,
  legalClock,
  mayExtend,
  mayPause,
  type PauseReason,
} from '../core/legal-clock.ts';
import { type CaseClock, type CaseRow, caseById, openCases, setClock } from '../store/cases.ts';
import { inTransaction } from '../store/database.ts';
import { lockSubject } from '../store/subjects.ts';
import { type Needs, now, tell, whose } from './needs.ts';

/** What of a case the time limit is counted from. */
export type Timed = Pick<CaseRow, 'type' | 'received_at'> & Partial<Pick<CaseRow, 'id' | 'clock' | 'approve'>>;

export const clockSettings = (needs: Pick<Needs, 'config'>): ClockSettings => ({ ...cautious, ...needs.config.clock });

/** The time limit of Art. 12(3) of one case, counted with the company's settings. `at`: the hub's now, for a pause that still lasts. */
export const clockOf = (needs: Needs, found: Timed, at: Date): LegalClock =>
  legalClock(clockRequest(needs, found, at), clockSettings(needs));

/** A case as the legal clock reads it. */
export function clockRequest(needs: Needs, found: Timed, at: Date): ClockRequest {
  const { extension, pauses = [] } = found.clock ?? {};
  return {
    received: found.received_at,
    atOnce: found.type === 'objection' && found.approve !== 'person',
    ...(extension && found.id
      ? { extension: { toldOn: extension.toldOn, reasons: unsealReasons(needs, found.id, extension.sealedReasons) } }
      : {}),
    pauses,
    asOf: dayIn(at, clockSettings(needs).zone),
  };
}

const unsealReasons = (needs: Needs, id: string, sealed: string) =>
  needs.vault.unsealJson<string>(`extension:${id}`, Buffer.from(sealed, 'base64'));

/** What a clock that was not moved says: a code, and English words for who has no others. */
export interface ClockFault {
  code: string;
  why: string;
}

/** Told, with reasons, that the answer takes longer: two further months, if the gate of Art. 12(3) lets it. Null: done. */
export const extendCase = (needs: Needs, id: string, by: string, told: { reasons: string; toldOn?: Day | undefined }) =>
  moveClock(needs, id, by, 'case.extended', (found, at, today) => {
    const toldOn = told.toldOn ?? today;
    if (toldOn > today) return { code: 'told-later', why: `the person cannot have been told on ${toldOn}: today is ${today}` };
    const verdict = mayExtend(clockRequest(needs, found, at), { toldOn, reasons: told.reasons }, clockSettings(needs));
    if (!verdict.allowed) return { code: `extend-${verdict.fault}`, why: verdict.why };
    const sealedReasons = needs.vault.sealJson(`extension:${id}`, told.reasons).toString('base64');
    return { clock: { ...found.clock, extension: { toldOn, sealedReasons } }, reason: 'told' };
  });

/** The person was asked who they are or what they mean: the clock stands still until they answer. Null: done. */
export const pauseCase = (needs: Needs, id: string, by: string, question: { reason: PauseReason; asked?: Day | undefined }) =>
  moveClock(needs, id, by, 'case.paused', (found, at, today) => {
    const asked = question.asked ?? today;
    if (asked > today) return { code: 'asked-later', why: `the person cannot have been asked on ${asked}: today is ${today}` };
    const pause = { reason: question.reason, asked, answered: null };
    const verdict = mayPause(clockRequest(needs, found, at), pause, clockSettings(needs));
    if (!verdict.allowed) return { code: `pause-${verdict.fault}`, why: verdict.why };
    return { clock: { ...found.clock, pauses: [...(found.clock.pauses ?? []), pause] }, reason: question.reason };
  });

/** The person answered: the clock goes on. Null: done. */
export const resumeCase = (needs: Needs, id: string, by: string, answer: { answered?: Day | undefined }) =>
  moveClock(needs, id, by, 'case.resumed', (found, _at, today) => {
    const answered = answer.answered ?? today;
    const open = found.clock.pauses?.find((pause) => pause.answered === null);
    if (!open) return { code: 'not-paused', why: 'the clock does not stand still' };
    if (answered > today) return { code: 'answered-later', why: `nobody can have answered on ${answered}: today is ${today}` };
    if (answered < open.asked) return { code: 'pause-answered-before-asked', why: 'the answer is dated before the question' };
    const pauses = (found.clock.pauses ?? []).map((pause) => (pause === open ? { ...pause, answered } : pause));
    return { clock: { ...found.clock, pauses }, reason: open.reason };
  });

async function moveClock(
  needs: Needs,
  id: string,
  by: string,
  action: 'case.extended' | 'case.paused' | 'case.resumed',
  move: (found: CaseRow, at: Date, today: Day) => ClockFault | { clock: CaseClock; reason: string },
): Promise<ClockFault | null> {
  return inTransaction(needs.db, async () => {
    const named = await caseById(needs.db, id);
    const subject = named ? await lockSubject(needs.db, named.subject) : undefined;
    const found = await caseById(needs.db, id);
    if (!found || !subject) return { code: 'not-there', why: 'there is no such case' };
    if (isOver(found)) return { code: 'case-over', why: 'the case is over: its clock stands where it ended' };
    const at = await now(needs);
    const moved = move(found, at, dayIn(at, clockSettings(needs).zone));
    if ('code' in moved) return moved;
    const { date, target } = clockOf(needs, { ...found, clock: moved.clock }, at);
    await setClock(needs.db, id, moved.clock, { due: date, target });
    await tell(needs, { actor: by, action, subject: whose(subject), case: id, reason: moved.reason });
    return null;
  });
}

/** Counts open cases again: those from before the clock, those whose day the settings moved, and those whose clock stands still. */
export async function recountCases(needs: Needs): Promise<number> {
  let counted = 0;
  for (const listed of await openCases(needs.db)) if (await recountCase(needs, listed)) counted++;
  return counted;
}

/** Reads the case under its subject's lock: an extension or a pause noted meanwhile stands. */
const recountCase = (needs: Needs, listed: Pick<CaseRow, 'id' | 'subject'>): Promise<boolean> =>
  inTransaction(needs.db, async () => {
    await lockSubject(needs.db, listed.subject);
    const found = await caseById(needs.db, listed.id);
    if (!found || isOver(found)) return false;
    const { date: due, target } = clockOf(needs, found, await now(needs));
    if (found.due === due && found.target === target) return false;
    await setClock(needs.db, found.id, found.clock, { due, target });
    return true;
  });
