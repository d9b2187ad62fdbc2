import type { Connector } from '../connectors/connector.ts';
import type { Call } from '../connectors/http.ts';
import { diff, type Step } from '../core/diff.ts';
import { type Evidence, lanes, type Outcome, weaker } from '../core/duty.ts';
import { withExceptions } from '../core/exception.ts';
import { Failure } from '../core/failure.ts';
import { type PlanInput, plan } from '../core/plan.ts';
import { inTransaction } from '../store/database.ts';
import { dutyById, endLease, type Lease, letRest, type Move, renewLease, takeLease, withdraws } from '../store/duties.ts';
import { closePropagations } from '../store/records.ts';
import { countItemCalls } from '../store/runs.ts';
import { dropPayload, lockSubject } from '../store/subjects.ts';
import { countCall, parkSystem, pauseSystem } from '../store/systems.ts';
import { askPerson } from './ask-person.ts';
import { lookBeforeNever, observe } from './converge-observe.ts';
import { take } from './converge-step.ts';
import { settled, type Taken } from './converge-taken.ts';
import { owedUnseen } from './converge-unseen.ts';
import { look, type View } from './converge-view.ts';
import { advanceCase, envelopeFields } from './erasure.ts';
import { fetchValues, needsValues } from './fetch-values.ts';
import { type Needs, tell, whose } from './needs.ts';
import { fieldsServed } from './served.ts';
import { askNoMore, shownLater } from './shown-later.ts';
import { askAboutTraces, sharedValue, tracesLeft } from './traces.ts';

/**
 * Brings one recipient to what the controller owes one data subject (Art. 16 to 19). A wake-up says only which duty to look at;
 * any number of runs has the effect of one.
 *
 *   look   → what is owed and what is known          core/plan, core/diff
 *   take   → one step through the connector, read back
 *   record → outcome, audit entry and next wake-up in one transaction
 *
 * After a lost answer the first thing is to read: no second write before that.
 */
export async function converge(needs: Needs, worker: string, dutyId: string, passed = nothingPassed()): Promise<void> {
  for (let steps = 0; steps < mostSteps; steps++) {
    const duty = await dutyById(needs.db, dutyId);
    const system = duty ? needs.config.systems[duty.recipient] : undefined;
    const connector = duty ? needs.connectors[duty.recipient] : undefined;
    if (!duty || !system || !connector) return;
    const lease = await takeLease(needs.db, dutyId, worker, system.deadlineSeconds ?? connector.manifest.deadlineSeconds);
    if (!lease) return;
    const beat = keepAlive(needs, lease);
    const again = await step(needs, connector, lease, passed)
      .catch((error: unknown) => failed(needs, lease, error))
      .finally(() => clearInterval(beat));
    if (!again) return;
  }
  // a duty that does not come to rest gives its worker back, and is looked at again later
  await letRest(needs.db, dutyId);
}

/** Steps of one wake-up: a create and a restriction in each of several places, and a few surprises. */
const mostSteps = 24;

/** What the system refused in this wake-up: not tried again before something new is wanted. */
export interface Passed {
  places: Set<string>;
  records: Set<string>;
  /** An erasure of one row that was refused: what the duty comes to, whatever its other rows did. */
  erasure?: Taken & { kind: 'settled' };
  /** The same of a restriction: a row that is still in use is not made good by one that is not. */
  restriction?: Taken & { kind: 'settled' };
}
export const nothingPassed = (): Passed => ({ places: new Set(), records: new Set() });

function without(view: View, passed: Passed): PlanInput {
  const { input, rows } = view;
  return {
    ...input,
    places: input.places.filter((place) => !passed.places.has(place)),
    records: input.records.map((record, i) =>
      passed.records.has(rows[i]?.record?.id ?? '') ? { ...record, state: 'inert' as const } : record,
    ),
  };
}

/** The next step, what was refused just now left aside. An erasure would take an inert row too: to it a refused one is nobody's. */
export function nextStep(view: View, passed: Passed): Step {
  const input = without(view, passed);
  const desired = plan(input);
  const aside = (i: number) => desired.kind === 'gone' && passed.records.has(view.rows[i]?.record?.id ?? '');
  const step = diff(
    desired,
    input.records.map((record, i) => (aside(i) ? { ...record, state: 'forgotten' as const } : record)),
  );
  return withExceptions(step, view.exceptions, view.version);
}

async function step(needs: Needs, connector: Connector, lease: Lease, passed: Passed): Promise<boolean> {
  const call = leased(needs, lease);
  let view = await look(needs, lease.duty);
  let lost: Outcome | null = null;
  // where nobody can look, what was lost is sent again: a removal twice is a removal
  if (lease.mustRead && !connector.recipient?.refFor) {
    await withdrawWhatRuns(connector, lease, call);
    lost = await observe(needs, connector, view, call);
    view = await look(needs, lease.duty);
  }
  let next = nextStep(view, passed);
  for (;;) {
    const unseen = await owedUnseen(needs, connector.recipient, view, next);
    if (unseen === null) break;
    if (unseen !== 'again') return record(needs, lease, view, unseen, next, passed);
    view = await look(needs, lease.duty);
    next = nextStep(view, passed);
  }
  if (view.fields === null && needsValues.has(next.kind) && (await fetchValues(needs, view))) {
    view = await look(needs, lease.duty);
    next = nextStep(view, passed);
  }
  // never an empty or blanked row because our own copy is gone
  if (view.fields === null && needsValues.has(next.kind) && next.kind !== 'ask') {
    return record(
      needs,
      lease,
      view,
      { kind: 'moved', move: { state: 'waiting', waitMs: 60_000, reason: 'not-in-register', next: 'retry' } },
      next,
      passed,
    );
  }
  const never = await neverHeld(needs, connector, view, next, call);
  if (never.again) {
    view = await look(needs, lease.duty);
    next = nextStep(view, passed);
  } else if (never.taken) return record(needs, lease, view, never.taken, next, passed);
  if (next.kind === 'nothing' && lost)
    return record(needs, lease, view, { kind: 'settled', outcome: lost, evidence: evidenceOf(connector, lost) }, next, passed);
  const taken = await take(needs, connector, view, next, call);
  if (taken.called) await countCall(needs.db, lease.duty.recipient, true);
  return record(needs, lease, view, taken, next, passed);
}

/** Before an erasure says "never held" of a machine it is looked for there, by what the case knows of the person. */
async function neverHeld(
  needs: Needs,
  { recipient }: Connector,
  view: View,
  next: Step,
  call: Call,
): Promise<{ again?: true; taken?: Taken }> {
  const isNever = next.kind === 'nothing' && next.reason === 'never-held' && view.input.role === 'recipient' && view.served;
  const fields = isNever && view.erasure ? envelopeFields(needs, view.erasure) : null;
  if (!fields || !recipient || view.input.human) return {};
  // a row with their address is somebody's in another role, where this one was never to be given there
  if (fieldsServed(needs, view.duty.recipient, view.subject.role).length === 0) return {};
  const found = await lookBeforeNever(needs, recipient, view, fields, call);
  if (found === 'tied') return { again: true };
  if (found === 'several') return { taken: { kind: 'moved', called: true, move: { state: 'held', reason: 'ambiguous-record' } } };
  const left = await tracesLeft(needs, recipient, view, call);
  if (left === 'ask') return { taken: askAboutTraces() };
  if (left === 'stated') return { taken: { ...settled('absent', 'acknowledged', sharedValue), called: true } };
  if (recipient.unfound) return { taken: { ...settled(recipient.unfound, 'none', 'no-identifier'), called: true } };
  return found === 'not-there' ? { taken: { ...settled('absent', 'observed', 'never-held'), called: true } } : {};
}

/** What reading after a lost answer proves: of an erasure no more than the system can ever prove. */
const evidenceOf = (connector: Connector, outcome: Outcome): Evidence =>
  outcome === 'erased' ? weaker('observed', connector.manifest.erasure.cap) : 'observed';

/** A holder that was killed may have left work at the vendor that is not through: it must not write after us. */
async function withdrawWhatRuns(connector: Connector, { duty }: Lease, call: Call): Promise<void> {
  if (!duty.next?.startsWith(withdraws)) return;
  await connector.recipient?.withdraw?.(duty.next.slice(withdraws.length), call);
  duty.next = null;
}

/** How often a lease is renewed while a call is under way, in ms; it lasts 5 s. A vendor may take minutes to answer. */
export const beatMs = 1500;

/** A stopped process does not beat: its lease lapses, and whoever takes the duty reads first. */
const keepAlive = (needs: Needs, lease: Lease) =>
  setInterval(() => void renewLease(needs.db, lease, 'read').catch(() => {}), beatMs);

/** The lease as the wire asks for it: renewed right before each request, and dead on this process's own clock as well. */
export function leased(needs: Needs, lease: Lease): Call {
  return {
    async beforeWire(kind) {
      lease.calls = (lease.calls ?? 0) + 1;
      const asked = performance.now();
      const lastsMs = await renewLease(needs.db, lease, kind);
      if (lastsMs === null) throw new Failure('LEASE_LOST');
      if (kind === 'write') lease.sent = true;
      return asked + lastsMs;
    },
    heard: ({ code, request }) =>
      needs.log.warn({ duty: lease.duty.id, system: lease.duty.recipient, said: code, request }, 'the system answered a failure'),
  };
}

/** Writes down what came of a step, in one transaction. Answers whether another step may be owed at once. */
export async function record(needs: Needs, lease: Lease, view: View, taken: Taken, done: Step, passed: Passed): Promise<boolean> {
  return inTransaction(needs.db, async () => {
    await lockSubject(needs.db, lease.duty.subject);
    if (taken.kind === 'settled') await taken.write?.();
    const stepped = taken.kind === 'settled' && done.kind !== 'nothing';
    if (stepped && taken.outcome === 'refused') {
      if (done.kind === 'create') passed.places.add(done.place);
      else if ('record' in done) passed.records.add(view.rows[done.record]?.record?.id ?? '');
      if (done.kind === 'erase' && !passed.erasure?.ask) passed.erasure = taken;
      if (done.kind === 'restrict') passed.restriction ??= taken;
    }
    const after = stepped ? await look(needs, lease.duty) : view;
    const more = stepped ? nextStep(after, passed) : null;
    const isDone = taken.kind === 'settled' && (more === null || more.kind === 'nothing');
    const refusal = passed.erasure ?? (done.kind === 'restrict' ? passed.restriction : undefined);
    const end = isDone && refusal ? refusal : taken;
    const move =
      end.kind === 'settled' && end.ask && isDone
        ? ((await shownLater(needs, after, end.ask)) ?? {
            ...(await askPerson(needs, after, end.ask)),
            reason: end.reason ?? null,
          })
        : moveOf(after, end, more);
    if (move.state === 'settled') await askNoMore(needs, lease.duty);
    if (!(await endLease(needs.db, lease, move))) throw new Failure('LEASE_LOST');
    if (lease.calls && lease.duty.lane === lanes.resync)
      await countItemCalls(needs.db, lease.duty.recipient, lease.duty.subject, lease.calls);
    await told(needs, lease, view, move, done.kind);
    const { subject, recipient } = lease.duty;
    const isParked = move.state === 'waiting' && move.outcome === 'retained';
    if (move.state === 'settled' || isParked)
      await closePropagations(needs.db, subject, recipient, view.version, move.outcome ?? 'unchanged');
    if (move.state === 'settled' || move.state === 'held' || isParked) await dropPayload(needs.db, subject);
    if (view.erasure && (move.state === 'settled' || move.state === 'asked' || move.state === 'waiting'))
      await advanceCase(needs, view.erasure);
    return move.state === 'open';
  });
}

function moveOf(view: View, taken: Taken, more: Step | null): Move {
  if (taken.kind !== 'settled') return taken.move;
  const kept = { outcome: taken.outcome, evidence: taken.evidence, reason: taken.reason ?? null };
  if (more === null || more.kind === 'nothing') return { state: 'settled', ...kept, satisfied: view.version, retained: null };
  return { state: 'open', ...kept };
}

async function told(needs: Needs, lease: Lease, view: View, move: Move, stepName: string): Promise<void> {
  await tell(needs, {
    actor: 'kaiku',
    action: 'duty.moved',
    system: lease.duty.recipient,
    subject: whose(view.subject),
    duty: lease.duty.id,
    from: 'sending',
    to: move.state,
    step: stepName,
    version: view.version,
    ...(view.erasure ? { case: view.erasure.id } : {}),
    ...(move.outcome ? { outcome: move.outcome } : {}),
    ...(move.evidence ? { evidence: move.evidence } : {}),
    ...(move.reason ? { reason: move.reason } : {}),
  });
}

/** First back-off, and the longest, in ms; full jitter between. */
const [firstWaitMs, longestWaitMs] = [1000, 900_000];

/**
 * Attempts that failures to reach the system count to, by when the longest wait is reached; and attempts after which a step is `dead`
 * whose answer is lost or garbled, or which shows no effect, again and again: never an endless row of writes.
 */
const [outage, mostWrites] = [10, 16];
const isOutage = (known: Failure | null) => known?.next === 'retry-later' && known.code !== 'NOT_APPLIED';

/** Failures that say the system is not there; enough in a row open its breaker. */
const silent = new Set<string>(['RECIPIENT_UNREACHABLE', 'RECIPIENT_UNAVAILABLE', 'ANSWER_LOST']);

/** A failure is named by what happens next. What has no name is our own fault: it is told, and the duty waits like the rest. */
export async function failed(needs: Needs, lease: Lease, error: unknown, { counts = true } = {}): Promise<boolean> {
  if (error instanceof Failure && error.next === 'yield') return false;
  const { recipient } = lease.duty;
  const known = error instanceof Failure ? error : null;
  if (!known) needs.log.error({ duty: lease.duty.id, system: recipient, fault: faultOf(error) }, 'converge failed');
  if (known?.hint) needs.log.warn({ duty: lease.duty.id, system: recipient, code: known.code }, known.hint);
  if (known && counts && silent.has(known.code)) await countCall(needs.db, recipient, false);
  // a system that is not there may be so for days, and uses up no attempt once the longest wait is reached
  const attempts = isOutage(known)
    ? Math.max(lease.duty.attempts, Math.min(lease.duty.attempts + 1, outage))
    : lease.duty.attempts + 1;
  const backOffMs = Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(attempts, 12));
  const waitMs = Math.max(known?.retryAfterMs ?? 0, Math.round(backOffMs * (0.5 + jitter(lease) / 2)));
  const reason = known ? known.code.toLowerCase().replaceAll('_', '-') : 'internal-error';
  // whoever was to read first and could not has left that to the next, and what is to be stopped with it
  const move: Move = {
    ...moveAfter(known, { waitMs, reason, attempts, next: known?.hint ?? 'retry' }),
    mustRead: lease.sent === true || lease.mustRead,
    ...(lease.mustRead && lease.duty.next?.startsWith(withdraws) ? { next: lease.duty.next } : {}),
  };
  try {
    await inTransaction(needs.db, async () => {
      if (!(await endLease(needs.db, lease, move))) throw new Failure('LEASE_LOST');
      const view = { subject: await lockSubject(needs.db, lease.duty.subject) };
      const byWriting = known?.code === 'RIGHT_MISSING' && lease.sent === true;
      if (known?.next === 'pause-recipient' && (await pauseSystem(needs.db, recipient, known.code, { byWriting }))) {
        await tell(needs, { actor: 'kaiku', action: 'system.paused', system: recipient, code: known.code });
      }
      if (known?.code === 'RECIPIENT_QUOTA_SPENT') await parkSystem(needs.db, recipient, waitMs);
      // a throttled try is no news; everything else that changes what is known is on the record
      if (known?.next === 'retry-later' && lease.duty.state === 'waiting') return;
      await tell(needs, {
        actor: 'kaiku',
        action: 'duty.moved',
        system: recipient,
        ...(view.subject ? { subject: whose(view.subject) } : {}),
        duty: lease.duty.id,
        from: 'sending',
        to: move.state,
        reason,
      });
    });
  } catch (lost) {
    if (!(lost instanceof Failure && lost.next === 'yield')) throw lost;
  }
  return false;
}

function moveAfter(
  known: Failure | null,
  { waitMs, reason, attempts, next }: { waitMs: number; reason: string; attempts: number; next: string },
): Move {
  switch (known?.next) {
    case 'read-first':
      return attempts >= mostWrites
        ? { state: 'dead', reason, attempts }
        : { state: 'unknown', reason, waitMs, attempts, next: 'read' };
    case 'pause-recipient':
      return { state: 'held', reason, attempts, next: 'an operator mends the credentials' };
    case 'give-up':
      return { state: 'dead', reason, attempts };
    default:
      // an error of our own that never passes must not spin for ever
      return (known === null && attempts >= 8) || (!isOutage(known) && attempts >= mostWrites)
        ? { state: 'dead', reason, attempts }
        : { state: 'waiting', reason, waitMs, attempts, next };
  }
}

/** 0 to 1 from the duty's id and attempt: spreads retries without a source of randomness. */
function jitter(lease: Lease): number {
  const seed = Number.parseInt(lease.duty.id.slice(0, 8), 16) ^ (lease.fence * 2_654_435_761);
  return (Math.abs(seed) % 1000) / 1000;
}

/** A fault of our own as it may be logged: its name and place, never its text, which may quote a value. */
export function faultOf(error: unknown): { name: string; code?: string; at?: string } {
  if (!(error instanceof Error)) return { name: typeof error };
  const code = (error as { code?: unknown }).code;
  const at = error.stack
    ?.split('\n')
    .find((line) => line.includes('/src/') || line.includes('/dist/'))
    ?.trim()
    .replace(/\(?file:\/\/.*?\/(src|dist)\//, '($1/');
  return { name: error.name, ...(typeof code === 'string' ? { code } : {}), ...(at ? { at } : {}) };
}
