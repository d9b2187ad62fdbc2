import type { Connector, Profile, Recipient, Rectification, RemoteRef, Written } from '../connectors/connector.ts';
import type { Call } from '../connectors/http.ts';
import type { Step } from '../core/diff.ts';
import { lanes } from '../core/duty.ts';
import { Failure } from '../core/failure.ts';
import { dutyById, endLease, type Lease, leaseSeconds, takeLease } from '../store/duties.ts';
import { noteRunning, openAlike, renewLeases } from '../store/duties-many.ts';
import { countCall, systemState } from '../store/systems.ts';
import { beatMs, converge, failed, leased, nextStep, nothingPassed, type Passed, record } from './converge.ts';
import { judge, seenAs } from './converge-step.ts';
import { look, type View } from './converge-view.ts';
import { fetchValues } from './fetch-values.ts';
import type { Needs } from './needs.ts';

/**
 * Corrections of many people at a recipient that takes them together for fewer calls. Nothing but the wire is shared: each duty has
 * its own plan, lease, outcome, audit entry and disclosures, and whatever is in doubt goes the single way, which reads first.
 *
 *   gather   open duties of one lane whose next step is a correction; each leased and planned again under its lease
 *   send     one call of `rectifyMany`; leaves only while every lease holds and nothing came for anybody meanwhile
 *   record   one by one, read back; a failure is one duty's own
 *
 * What is more urgent than the lane (an objection, an erasure) stops the work: all of it is `unknown` then, and the urgent goes first.
 */
export async function convergeTogether(needs: Needs, worker: string, dutyId: string): Promise<void> {
  const leased = await leaseAlike(needs, worker, dutyId);
  if (!leased) return converge(needs, worker, dutyId);
  const group = await admitted(needs, leased);
  if (group.items.length > 0) await send(needs, group);
  for (const [id, passed] of group.alone) await converge(needs, worker, id, passed);
}

/** From how many on one piece of work is worth its wait: live corrections are quick one by one. */
const enoughIn: Readonly<Record<number, number>> = { [lanes.correction]: 50, [lanes.resync]: 20 };
const mostAtOnce = 100;
/** After a group that came to little, none for so long, in ms. */
const vainMs = 3000;
/** Values that were dropped are read from the register again, so many at once. */
const registerReads = 4;

interface Leased {
  connector: Connector;
  recipient: Recipient;
  leases: Lease[];
}
interface Item {
  lease: Lease;
  view: View;
  step: Extract<Step, { kind: 'update' }>;
  ref: RemoteRef;
  passed: Passed;
}
interface Group extends Omit<Leased, 'leases'> {
  items: Item[];
  /** Go the single way after it. */
  alone: Map<string, Passed>;
}

/** Workers of one process that gathered at once would split what belongs together: the others find their duty taken. */
const turns = new WeakMap<Connector, { turn: Promise<unknown>; vainUntil: number }>();
const turnOf = (connector: Connector) => {
  const known = turns.get(connector) ?? { turn: Promise.resolve(), vainUntil: 0 };
  turns.set(connector, known);
  return known;
};

async function leaseAlike(needs: Needs, worker: string, dutyId: string): Promise<Leased | null> {
  const woken = await dutyById(needs.db, dutyId);
  const connector = woken ? needs.connectors[woken.recipient] : undefined;
  const system = woken ? needs.config.systems[woken.recipient] : undefined;
  const recipient = connector?.recipient;
  // an objection or an erasure stands in no line
  if (!woken || !system || !connector || !recipient?.rectifyMany || !enoughIn[woken.lane]) return null;
  const line = turnOf(connector);
  const mine = line.turn.then(async () => {
    const duty = await dutyById(needs.db, dutyId);
    const enough = duty ? enoughIn[duty.lane] : undefined;
    if (duty?.state !== 'open' || enough === undefined || performance.now() < line.vainUntil) return null;
    const others = await openAlike(needs.db, duty, mostAtOnce - 1);
    if (others.length + 1 < enough || !(await isThere(needs, duty.recipient))) return null;
    const leases: Lease[] = [];
    for (const id of [duty.id, ...others]) {
      const lease = await takeLease(needs.db, id, worker, system.deadlineSeconds ?? connector.manifest.deadlineSeconds);
      if (lease) leases.push(lease);
    }
    return { connector, recipient, leases };
  });
  line.turn = mine.catch(() => {});
  return mine;
}

/** A system that may not be there is probed with one duty. */
const isThere = async (needs: Needs, system: string) => (await systemState(needs.db, system))?.failures === 0;

/** Each planned under its lease, with the values; what is no correction goes the single way. */
async function admitted(needs: Needs, { connector, recipient, leases }: Leased): Promise<Group> {
  const group: Group = { connector, recipient, items: [], alone: new Map() };
  const beat = setInterval(() => void renewLeases(needs.db, leases, 'read').catch(() => {}), beatMs);
  const admit = async (lease: Lease): Promise<void> => {
    const passed = nothingPassed();
    const item = lease.mustRead ? null : await itemOf(needs, lease, passed).catch(() => null);
    if (item) group.items.push(item);
    else if (await endLease(needs.db, lease, { state: lease.mustRead ? 'unknown' : 'open' }))
      group.alone.set(lease.duty.id, passed);
  };
  try {
    for (let from = 0; from < leases.length; from += registerReads)
      await Promise.all(leases.slice(from, from + registerReads).map(admit));
  } finally {
    clearInterval(beat);
  }
  if (group.alone.size > group.items.length) turnOf(connector).vainUntil = performance.now() + vainMs;
  return group;
}

async function itemOf(needs: Needs, lease: Lease, passed: Passed): Promise<Item | null> {
  let view = await look(needs, lease.duty);
  if (nextStep(view, passed).kind !== 'update') return null;
  if (view.fields === null && (await fetchValues(needs, view))) view = await look(needs, lease.duty);
  const step = nextStep(view, passed);
  const ref = step.kind === 'update' ? view.rows[step.record]?.ref : null;
  return step.kind === 'update' && ref && view.fields !== null ? { lease, view, step, ref, passed } : null;
}

async function send(needs: Needs, group: Group): Promise<void> {
  const { recipient, items, alone } = group;
  const left = new Set(items);
  const held = leaseOf(needs, left);
  try {
    const said = (await recipient.rectifyMany?.(items.map(asked), held.call)) ?? [];
    const back = await readBack(group, said, held.call);
    for (const [i, item] of items.entries()) {
      left.delete(item);
      const again = await one(needs, group, item, said[i], back.get(i)).catch((error: unknown) =>
        failed(needs, item.lease, error),
      );
      if (again && item.passed.records.size > 0) alone.set(item.lease.duty.id, item.passed);
    }
  } catch (error) {
    let counts = true;
    for (const { lease } of left) {
      await letGo(needs, lease, error, counts);
      counts = false;
    }
  } finally {
    held.release();
  }
}

function asked({ view, step, ref }: Item): Rectification {
  const seen = seenAs(view, step);
  return { ref, fields: step.fields, blanked: step.blanked, ...(seen ? { seen } : {}) };
}

/** The read-back of what was accepted, together where the connector can; whoever is not told is read alone. */
async function readBack(group: Group, said: readonly (Written | Failure)[], call: Call): Promise<Map<number, Profile>> {
  const back = new Map<number, Profile>();
  if (!group.connector.manifest.readBack || !group.recipient.readMany) return back;
  const accepted = said.flatMap((s, i) => (!(s instanceof Failure) && s.kind === 'accepted' ? [{ i, ref: s.ref }] : []));
  const refs = accepted.map(({ ref }) => ref);
  const profiles = await group.recipient.readMany(refs, call).catch((error: unknown) => {
    if (error instanceof Failure && (error.next === 'retry-later' || error.next === 'read-first')) return [];
    throw error;
  });
  for (const [n, { i }] of accepted.entries()) {
    const profile = profiles[n];
    if (profile) back.set(i, profile);
  }
  return back;
}

/** What one duty of the group came to, recorded as if it had gone alone. */
async function one(
  needs: Needs,
  { connector, recipient }: Group,
  { lease, view, step, passed }: Item,
  said: Written | Failure | undefined,
  back: Profile | undefined,
): Promise<boolean> {
  if (said === undefined) throw new Failure('ANSWER_GARBLED');
  if (said instanceof Failure) throw said;
  const call = leased(needs, lease);
  const read = async (ref: RemoteRef) => back ?? (await recipient.read(ref, call));
  const taken = await judge(needs, connector, recipient, view, step, said, read, call);
  await countCall(needs.db, lease.duty.recipient, true);
  return record(needs, lease, view, taken, step, passed);
}

/**
 * The leases of all as the wire asks for them: one that is lost, or anything raised meanwhile, and no write leaves. A wait is broken
 * off as soon as something more urgent came for anybody.
 */
function leaseOf(needs: Needs, items: ReadonlySet<Item>): { call: Call; release(): void } {
  const urgent = new AbortController();
  const renew = async (kind: 'read' | 'write') => {
    const leases = [...items].map(({ lease }) => lease);
    const kept = new Map((await renewLeases(needs.db, leases, kind)).map((k) => [k.id, k]));
    if (leases.some(({ duty }) => (kept.get(duty.id)?.lane ?? 0) < duty.lane)) urgent.abort();
    return leases.every(({ duty }) => kept.get(duty.id)?.raised === duty.raised);
  };
  const beat = setInterval(() => void renew('read').catch(() => {}), beatMs);
  return {
    release: () => clearInterval(beat),
    call: {
      overtaken: urgent.signal,
      started: async (handle) => {
        const leases = [...items].map(({ lease }) => lease);
        await noteRunning(needs.db, leases, handle);
      },
      async beforeWire(kind) {
        const asked = performance.now();
        const isAsPlanned = await renew(kind);
        if (urgent.signal.aborted || (kind === 'write' && !isAsPlanned)) throw new Failure('LEASE_LOST');
        const [first, ...others] = items;
        if (first) first.lease.calls = (first.lease.calls ?? 0) + 1;
        if (kind === 'write') for (const { lease } of [...(first ? [first] : []), ...others]) lease.sent = true;
        return asked + leaseSeconds * 1000;
      },
    },
  };
}

/** Nothing is known of this duty: read first if anything may have been sent, else as it was. */
async function letGo(needs: Needs, lease: Lease, error: unknown, counts: boolean): Promise<void> {
  const isOvertaken = error instanceof Failure && error.next === 'yield';
  if (isOvertaken && !lease.sent) await endLease(needs.db, lease, { state: 'open' });
  else await failed(needs, lease, isOvertaken ? new Failure('ANSWER_LOST') : error, { counts: counts && !isOvertaken });
}
