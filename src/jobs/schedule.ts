import type { RightProbe } from '../connectors/connector.ts';
import { freeCall } from '../connectors/http.ts';
import { Failure } from '../core/failure.ts';
import { sequence } from '../store/audit.ts';
import { dropEnvelopes, runningCases } from '../store/cases.ts';
import { inTransaction } from '../store/database.ts';
import { dropReplyFiles } from '../store/replies.ts';
import {
  hastenLooks,
  type PausedSystem,
  parkSystem,
  pauseSystem,
  releaseHeld,
  resumeSystem,
  slowTurn,
  systemState,
  takeLooks,
  takeTurn,
} from '../store/systems.ts';
import { recountCases } from './case-clock.ts';
import { advanceRights } from './case-rights.ts';
import { faultOf } from './converge.ts';
import { convergeTogether } from './converge-many.ts';
import { correctRegister } from './correct-register.ts';
import { onNewDay, onStart } from './daily.ts';
import { deliverCheckpoints, openWaysOut } from './deliver-checkpoints.ts';
import { deliverNotices, openChannels } from './deliver-notices.ts';
import { driftInTurn } from './drift.ts';
import { driveIntakes, formMailer, type WordsIn } from './drive-intakes.ts';
import { advanceCase } from './erasure.ts';
import { expireHandovers } from './hand-over.ts';
import { followHints, pollRecipient } from './hear-recipient.ts';
import { expireForms } from './intakes.ts';
import { tryFirstContact } from './link.ts';
import { mailTasks, replyMailer } from './mail-tasks.ts';
import { type Needs, now, tell } from './needs.ts';
import { pollRegister } from './poll-register.ts';
import type { Queues } from './queues.ts';
import { recheckErasures } from './recheck-erasure.ts';
import { relay } from './relay.ts';
import { driveRun } from './resync.ts';
import { sweepRegister, totalDropped } from './sweep-register.ts';
import { sweepRetention } from './sweep-retention.ts';
import { verifyOwnLog } from './verify-log.ts';
import { watch } from './watch.ts';

/** What runs by itself, and how often, in ms. Which process does it is decided in the ledger, turn by turn. */
const pace = {
  relay: 150,
  hints: 400,
  sequence: 400,
  contact: 2000,
  cases: 2000,
  runs: 250,
  envelopes: 60_000,
  clocks: 3_600_000,
  resume: 5000,
  recipients: 60_000,
  drift: 60_000,
  watch: 10_000,
  notices: 2000,
  intakes: 1000,
  replies: 2000,
  checkpoints: 5000,
  verify: 86_400_000,
  day: 2000,
  retention: 2000,
  rechecks: 5000,
};

/** Runs that one process works at. */
const runsAtOnce = 3;

/** Starts the workers and the clockwork of one process. `stop` lets what is under way end first. */
export function startWork(needs: Needs, queues: Queues, worker: string, wordsIn: WordsIn): { stop(): Promise<void> } {
  const loops: { stop(): Promise<void> }[] = [];
  const every = (name: string, ms: number, work: () => Promise<unknown>) => loops.push(loop(needs, name, ms, work));

  for (const system of Object.values(needs.config.systems)) {
    const connector = needs.connectors[system.name];
    if (!connector) continue;
    queues.work(system.name, Math.min(8, connector.manifest.limits.connections), ({ dutyId }) =>
      convergeTogether(needs, worker, dutyId),
    );
    if (system.register) registerClockwork(needs, system.name, system.register, every);
    if (connector.recipient) {
      every(`rechecks:${system.name}`, pace.rechecks, async () => {
        if (await takeTurn(needs.db, system.name, 'rechecks', pace.rechecks)) await recheckErasures(needs, system.name);
      });
    }
    if (system.recipient && connector.recipient) {
      every(`contact:${system.name}`, pace.contact, () => meetRecipient(needs, system.name));
      every(`drift:${system.name}`, pace.drift, async () => {
        if (await isOpen(needs, system.name)) await driftInTurn(needs, system.name);
      });
      const often = Math.min(pace.recipients, fastestPoll(needs) * 5);
      every(`listen:${system.name}`, Math.max(1000, often / 2), async () => {
        if ((await isOpen(needs, system.name)) && (await takeTurn(needs.db, system.name, 'listen', often)))
          await pollRecipient(needs, system.name);
      });
    }
  }
  every('relay', pace.relay, () => relay(needs, queues));
  every('hints', pace.hints, () => followHints(needs));
  every('sequence', pace.sequence, () => sequence(needs.db, needs.signer));
  every('cases', pace.cases, () => advanceAll(needs));
  const ending = new AbortController();
  // a reading may take an hour, or stand still in a pause: another system's run does not wait for it
  for (let n = 1; n <= runsAtOnce; n++) {
    every(`runs:${n}`, pace.runs, async () => {
      while (!ending.signal.aborted && (await driveRun(needs, null, ending.signal)));
    });
  }
  every('watch', pace.watch, async () => {
    if (await takeTurn(needs.db, 'kaiku', 'watch', pace.watch)) await watch(needs);
  });
  const channels = openChannels(needs);
  every('notices', pace.notices, () => deliverNotices(needs, channels, wordsIn()));
  const waysOut = openWaysOut(needs);
  every('checkpoints', pace.checkpoints, () => deliverCheckpoints(needs, waysOut, wordsIn()));
  const senders = formMailer(needs);
  const toPeople = replyMailer(needs);
  every('replies', pace.replies, async () => {
    if (toPeople && (await takeTurn(needs.db, 'kaiku', 'replies', pace.replies))) await mailTasks(needs, toPeople, wordsIn);
  });
  every('intakes', pace.intakes, () => driveIntakes(needs, senders, wordsIn));
  every('verify', pace.envelopes, async () => {
    if (await takeTurn(needs.db, 'kaiku', 'verify', pace.verify)) await verifyOwnLog(needs);
  });
  const started = onStart(needs).catch((error: unknown) =>
    needs.log.error({ fault: faultOf(error) }, 'counting again at the start failed'),
  );
  every('day', pace.day, async () => started.then(() => onNewDay(needs)));
  every('retention', pace.retention, async () => {
    if (await takeTurn(needs.db, 'kaiku', 'retention', pace.retention)) await sweepRetention(needs);
  });
  every('envelopes', pace.envelopes, async () => {
    await expireHandovers(needs);
    await expireForms(needs);
    await dropReplyFiles(needs.db, await now(needs));
    await dropEnvelopes(needs.db, await now(needs));
  });
  every('clocks', pace.envelopes, async () => {
    if (await takeTurn(needs.db, 'kaiku', 'clocks', pace.clocks)) await recountCases(needs);
  });
  void hastenLooks(needs.db).catch(() => {});
  every('resume', pace.resume, () => resumePaused(needs));
  return {
    async stop() {
      ending.abort();
      await Promise.all(loops.map((l) => l.stop()));
      await queues.close();
      await sequence(needs.db, needs.signer).catch(() => 0);
    },
  };
}

const fastestPoll = (needs: Needs) =>
  Math.min(...Object.values(needs.config.systems).flatMap((s) => (s.register ? [s.register.pollSeconds * 1000] : [])), 60_000);

type Every = (name: string, ms: number, work: () => Promise<unknown>) => unknown;

function registerClockwork(needs: Needs, name: string, options: { pollSeconds: number; sweepHours: number }, every: Every): void {
  const pollMs = options.pollSeconds * 1000;
  every(`poll:${name}`, Math.min(pollMs, 1000) / 2, async () => {
    if (!(await isOpen(needs, name)) || !(await takeTurn(needs.db, name, 'poll', pollMs))) return;
    await pollRegister(needs, name).catch((error: unknown) => pauseOrPark(needs, name, error));
  });
  every(`sweep:${name}`, Math.min(pollMs, 5000), async () => {
    // before the first poll is through, everybody would look missed
    if (!(await systemState(needs.db, name))?.last_poll_at || !(await isOpen(needs, name))) return;
    const look = async () => {
      const due = await takeTurn(needs.db, name, 'sweep', options.sweepHours * 3_600_000);
      const dropped = async () =>
        (await takeTurn(needs.db, name, 'total', Math.max(pollMs, 5000))) && (await totalDropped(needs, name));
      if (due || (await dropped())) await sweepRegister(needs, name);
    };
    await look().catch((error: unknown) => pauseOrPark(needs, name, error));
  });
}

/** Looks whether a recipient that nobody linked holds nobody: soon at first, and rarely once it turned out to hold somebody. */
export async function meetRecipient(needs: Needs, name: string): Promise<void> {
  if ((await systemState(needs.db, name))?.linked_at || !(await isOpen(needs, name))) return;
  if (!(await takeTurn(needs.db, name, 'contact', pace.contact))) return;
  const slow = (longestMs: number) => slowTurn(needs.db, name, 'contact', { everyMs: pace.contact, longestMs });
  try {
    if (!(await tryFirstContact(needs, name))) await slow(3_600_000);
  } catch (error) {
    await slow(60_000);
    await pauseOrPark(needs, name, error);
  }
}

/** Neither paused nor parked: what is asked without a duty waits as duties do. */
async function isOpen(needs: Needs, name: string): Promise<boolean> {
  const state = await systemState(needs.db, name);
  return state !== undefined && !state.paused_code && !state.breaker_open;
}

/** A register that cannot be read is paused or parked like a recipient, and told; the failure travels on to the log. */
async function pauseOrPark(needs: Needs, name: string, error: unknown): Promise<never> {
  if (error instanceof Failure && error.next === 'pause-recipient' && (await pauseSystem(needs.db, name, error.code))) {
    await tell(needs, { actor: 'kaiku', action: 'system.paused', system: name, code: error.code });
  }
  if (error instanceof Failure && error.code === 'RECIPIENT_QUOTA_SPENT')
    await parkSystem(needs.db, name, error.retryAfterMs ?? 3_600_000);
  throw error;
}

/** Cases whose day has come, what a crash left between a duty and its case, and corrections on their way to the register. */
export async function advanceAll(needs: Needs): Promise<void> {
  for (const found of await runningCases(needs.db)) {
    if (found.type === 'erasure') await inTransaction(needs.db, () => advanceCase(needs, found));
    else if (await correctRegister(needs, found)) await inTransaction(needs.db, () => advanceRights(needs, found));
  }
}

/**
 * A paused system goes on by itself when what it lacked is proven to be there; nobody has to remember it. What reading cannot prove
 * waits for an operator's `kaiku check`: a guess would hand the same write to the same refusal, again and again.
 */
export async function resumePaused(needs: Needs): Promise<void> {
  for (const paused of await takeLooks(needs.db)) {
    const rights = await needs.connectors[paused.system]?.check(freeCall, false).catch(() => null);
    if (rights && isProven(rights, paused)) await resume(needs, paused.system, 'kaiku');
  }
}

function isProven(rights: readonly RightProbe[], lacking: PausedSystem): boolean {
  if (rights.some(({ ok }) => ok === false)) return false;
  // a right that the check asks for no more is not needed any more
  const unproven = rights.filter(({ ok }) => ok === null).map(({ right }) => right);
  return lacking.byWriting ? unproven.length === 0 : !unproven.some((right) => lacking.rights.includes(right));
}

export async function resume(needs: Needs, system: string, actor: string): Promise<boolean> {
  return inTransaction(needs.db, async () => {
    if (!(await resumeSystem(needs.db, system, actor === 'kaiku'))) return false;
    await releaseHeld(needs.db, system, 'credentials-rejected');
    await releaseHeld(needs.db, system, 'right-missing');
    await tell(needs, { actor, action: 'system.resumed', system });
    return true;
  });
}

/** Runs `work` again and again, `ms` after it ended. An error never ends the loop; the same one is told once a minute. */
function loop(needs: Needs, name: string, ms: number, work: () => Promise<unknown>): { stop(): Promise<void> } {
  let stopped = false;
  let wake = () => {};
  let told = { key: '', at: 0 };
  const tellOnce = (error: unknown) => {
    const fault =
      error instanceof Failure
        ? { code: error.code, status: error.status, ...(error.hint ? { hint: error.hint } : {}) }
        : faultOf(error);
    const key = JSON.stringify(fault);
    if (key === told.key && performance.now() - told.at < 60_000) return;
    told = { key, at: performance.now() };
    if (error instanceof Failure) needs.log.warn({ loop: name, ...fault }, 'a system did not answer as it should');
    else needs.log.error({ loop: name, fault }, 'background work failed');
  };
  const pause = () =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const running = (async () => {
    while (!stopped) {
      await work().catch(tellOnce);
      if (!stopped) await pause();
    }
  })();
  return {
    async stop() {
      stopped = true;
      wake();
      await running;
    },
  };
}
