import fc from 'fast-check';
import { expect } from 'vitest';
import type { Recipient, RemoteRef, Written } from '../../src/connectors/connector.ts';
import { Failure } from '../../src/core/failure.ts';
import { type FurtherStep, furtherSteps } from './mutated-reads.ts';
import { isJson, type Mutation, mutations, spoil } from './mutations.ts';
import { startProxy } from './proxy.ts';
import { type Check, call, corrected, given, verbs, type World } from './world.ts';

/** How many spoilt answers each connector gets; 10,000 before a release (`KAIKU_MUTATIONS`). */
const runs = Number(process.env['KAIKU_MUTATIONS'] ?? 500);
/** The same mutations in every run of CI; `KAIKU_SEED` tries others. */
const seed = Number(process.env['KAIKU_SEED'] ?? 2_017_540_147);

const steps = ['read', 'find', 'list', ...verbs] as const;
type Step = (typeof steps)[number];

/** What a connector may never make of a spoilt answer. */
class FalseConfirmation extends Error {
  override name = 'FalseConfirmation';
}
const falsely = (step: string, what: string) => new FalseConfirmation(`${step}: ${what}`);

/** One proxy for all runs; every answer on the way back is spoilt while `mutation` is set, and the vendor really does what it is asked. */
async function spoiler(w: World) {
  const now: { mutation: Mutation | null; unreadable: boolean } = { mutation: null, unreadable: false };
  const isReadable = w.isReadable ?? isJson;
  const proxy = await startProxy(w.server.url, {
    after(_request, answer) {
      if (!now.mutation) return answer;
      const said = spoil(answer, now.mutation);
      if (said.body.length > 0 && !isReadable(said.body)) now.unreadable = true;
      return said;
    },
  });
  return {
    by: w.another({ origin: proxy.url }),
    connector: w.connect(proxy.url, w.wire),
    /** Runs some work under a mutation; whether any answer became one that cannot be read at all. */
    async under<T>(mutation: Mutation, work: () => Promise<T>): Promise<{ said: T | Failure; unreadable: boolean }> {
      Object.assign(now, { mutation, unreadable: false });
      try {
        return { said: await work(), unreadable: now.unreadable };
      } catch (error) {
        if (error instanceof Failure) return { said: error, unreadable: now.unreadable };
        throw new Error(`a crash on ${JSON.stringify(mutation)}`, { cause: error });
      } finally {
        now.mutation = null;
      }
    },
    [Symbol.asyncDispose]: () => proxy.close(),
  };
}
type Spoiler = Awaited<ReturnType<typeof spoiler>>;

/**
 * A connector may say what it likes of an answer that still makes sense, but: no other error than a `Failure`; no claim on bytes that
 * are no answer; no other person's row; no write claimed that the vendor did not do; nobody called absent who is there.
 */
async function meet(w: World, spoilt: Spoiler, step: Step, mutation: Mutation, n: number): Promise<void> {
  const { ref } = await w.one(n);
  const fresh = w.person(n + 1_000_000);
  try {
    const { said, unreadable } = await spoilt.under(mutation, () => perform(w, spoilt.by, step, ref, n));
    if (said instanceof Failure) return;
    if (unreadable && !isHarmless(said))
      throw falsely(step, `${JSON.stringify(said)} of an answer that cannot be read (${JSON.stringify(mutation)})`);
    if (step === 'read') {
      if (said === null) throw falsely(step, `"nobody is there" of ${JSON.stringify(mutation)}`);
      if ((said as { ref: RemoteRef }).ref.id !== ref.id) throw falsely(step, `another row of ${JSON.stringify(mutation)}`);
    } else if (step !== 'find' && step !== 'list') {
      const untrue = await denied(w, step, said as Written, ref, n);
      if (untrue && !(step === 'restrict' && (await isTurned(spoilt, mutation, ref))))
        throw falsely(step, `${untrue}, of ${JSON.stringify(mutation)}`);
    }
  } finally {
    if (w.vendor.remove) w.vendor.remove(w.person(n).email);
    else
      for (const person of [w.person(n), ...(step === 'create' ? [fresh] : [])])
        for (const { ref: left } of await w.recipient.find(person, w.place, call)) await w.recipient.erase(left, call);
  }
}

async function meetFurther(w: World, spoilt: Spoiler, step: FurtherStep, mutation: Mutation, n: number): Promise<void> {
  const before = await step.prepare(w, { place: w.place, id: '' }, n);
  const { ref } = await w.one(n);
  const known = step.name === 'changes' || step.name === 'listen' ? before : await step.prepare(w, ref, n);
  try {
    const { said, unreadable } = await spoilt.under(mutation, () => step.perform(spoilt.connector, ref, known, w));
    if (said instanceof Failure) return;
    // a sweep says itself that it is not complete; the total of a page stands in its head
    const isOwnWord = (step.name === 'sweep' && !(said as { complete: boolean }).complete) || step.name === 'rectifyMany';
    if (unreadable && !isOwnWord)
      throw falsely(step.name as Step, `${JSON.stringify(said)} of an answer that cannot be read (${JSON.stringify(mutation)})`);
    const untrue = await step.denied(said, ref, known, w, n);
    if (untrue) throw falsely(step.name, `${untrue}, of ${JSON.stringify(mutation)}`);
  } finally {
    for (const { ref: left } of await w.recipient.find(w.person(n), w.place, call)) await w.recipient.erase(left, call);
  }
}

/**
 * The vendor's own mark turned to its other value: every answer says "not in use" in good form, and nobody could tell. The read-back
 * of a later look will.
 */
async function isTurned(spoilt: Spoiler, mutation: Mutation, ref: RemoteRef): Promise<boolean> {
  if (mutation.kind !== 'change-value' || (mutation.to !== true && mutation.to !== '1')) return false;
  const { said } = await spoilt.under(mutation, () => spoilt.by.read(ref, call));
  return said !== null && !(said instanceof Failure) && said.standing === 'restricted';
}

/** Says nothing about the vendor that could be untrue. */
const isHarmless = (said: unknown) =>
  typeof said === 'object' && said !== null && 'kind' in said && (said.kind === 'refused' || said.kind === 'exists');

async function perform(w: World, by: Recipient, step: Step, ref: RemoteRef, n: number): Promise<unknown> {
  switch (step) {
    case 'read':
      return by.read(ref, call);
    case 'find':
      return by.find(w.person(n), w.place, call);
    case 'list': {
      const pages = [];
      for await (const page of by.list(call)) pages.push(page.length);
      return pages;
    }
    case 'create':
      return by.create(given(w.person(n + 1_000_000)), w.place, call);
    case 'rectify':
      return by.rectify(ref, given(corrected(w, n)), [], call);
    case 'restrict':
      return by.restrict(ref, w.permissions ?? [], call);
    case 'erase':
      return by.erase(ref, call);
  }
}

/** What the vendor's truth holds against a claim; undefined where it is so. */
async function denied(w: World, step: Step, said: Written, ref: RemoteRef, n: number): Promise<string | undefined> {
  if (said.kind === 'forgotten') return 'called forgotten';
  if (step === 'create') {
    if (said.kind !== 'accepted') return undefined;
    const rows = await w.recipient.find(w.person(n + 1_000_000), w.place, call);
    return rows.length === 1 ? undefined : 'created, and not there';
  }
  const row = await w.recipient.read(ref, call);
  if (said.kind === 'not-found') return row === null ? undefined : 'not found, and there';
  if (said.kind !== 'accepted') return undefined;
  if (said.ref.id !== ref.id) return 'done at another row';
  if (step === 'erase') return row === null ? undefined : 'erased, and there';
  if (step === 'restrict') return row?.standing === 'restricted' ? undefined : 'restricted, and in use';
  const expected = w.recipient.asHeld?.(corrected(w, n), w.place) ?? corrected(w, n);
  return row?.fields.givenName === expected.givenName && row?.fields.email === expected.email
    ? undefined
    : 'corrected, and as before';
}

export const mutationChecks: Check[] = [
  {
    name: `makes nothing of spoilt answers but failures (${runs})`,
    timeoutMs: 60_000 + runs * 100,
    async run(w) {
      await using spoilt = await spoiler(w);
      let n = 0;
      const further = furtherSteps(w);
      // rows that stay, over more than one page of a sweep
      if (w.connector.register) for (let i = 1; i <= 12; i++) w.vendor.put(w.person(9_000_000 + i));
      const own = steps.filter(
        (step) => step === 'read' || step === 'find' || step === 'list' || (w.verbs ?? verbs).includes(step),
      );
      const weighed = [
        { arbitrary: fc.constantFrom<Step | FurtherStep>(...own), weight: 6 * own.length },
        ...further.map((step) => ({ arbitrary: fc.constant<Step | FurtherStep>(step), weight: step.weight })),
      ];
      const met = new Map<string, number>();
      await fc.assert(
        fc.asyncProperty(fc.oneof(...weighed), mutations, async (step, mutation) => {
          const name = typeof step === 'string' ? step : step.name;
          met.set(name, (met.get(name) ?? 0) + 1);
          await (typeof step === 'string' ? meet(w, spoilt, step, mutation, ++n) : meetFurther(w, spoilt, step, mutation, ++n));
        }),
        { numRuns: runs, seed },
      );
      // each verb had its turn
      if (runs >= 500) expect([...met.keys()].sort()).toEqual([...own, ...further.map(({ name }) => name)].sort());
    },
  },
];
