import type { ChangePage, Connector, Hint, Profile, Register, RemoteRef, Sweep } from '../../src/connectors/connector.ts';
import type { Failure } from '../../src/core/failure.ts';
import { call, corrected, given, kindOf, type World } from './world.ts';

/** What a spoilt answer may never make of the verbs beyond one person's own: a register's, the listening, many at once. */
export interface FurtherStep {
  name: string;
  /** How often among the steps: many at once takes a while. */
  weight: number;
  /** Runs before the answers are spoilt. */
  prepare(w: World, ref: RemoteRef, n: number): Promise<unknown>;
  perform(by: Connector, ref: RemoteRef, before: unknown, w: World): Promise<unknown>;
  /** What the vendor's truth holds against it; undefined where it is so. */
  denied(said: unknown, ref: RemoteRef, before: unknown, w: World, n: number): Promise<string | undefined>;
}

const nothing = async () => undefined;
const registerOf = (connector: Connector): Register => {
  if (!connector.register) throw new Error('no register');
  return connector.register;
};

async function drained(pages: AsyncIterable<ChangePage>): Promise<{ ids: Set<string>; cursor: string | null }> {
  const ids = new Set<string>();
  let cursor: string | null = null;
  for await (const page of pages) {
    for (const { ref } of page.records) ids.add(ref.id);
    cursor = page.cursor;
  }
  return { ids, cursor };
}

function registerSteps({ place: object }: World): FurtherStep[] {
  return [
    {
      name: 'look',
      weight: 6,
      prepare: nothing,
      perform: (by, ref) => registerOf(by).look(ref, call),
      async denied(said, ref) {
        const look = said as Awaited<ReturnType<Register['look']>>;
        if (look.kind !== 'found') return `"${look.kind}" of somebody who is there`;
        return look.record.ref.id === ref.id ? undefined : 'the record of another';
      },
    },
    {
      name: 'changes',
      weight: 6,
      prepare: async (w) => (await drained(registerOf(w.connector).changes(object, null, call))).cursor,
      perform: (by, _ref, since) => drained(registerOf(by).changes(object, since as string | null, call)),
      // whoever was not told is told by the next poll: the cursor has not passed them
      async denied(said, ref, _before, w) {
        const { ids, cursor } = said as { ids: Set<string>; cursor: string | null };
        if (ids.has(ref.id) || cursor === null) return undefined;
        const next = await drained(registerOf(w.connector).changes(object, cursor, call));
        return next.ids.has(ref.id) ? undefined : 'a cursor that leaves somebody out';
      },
    },
    {
      name: 'sweep',
      weight: 6,
      prepare: async (w) => (await registerOf(w.connector).sweep(object, call)).ids,
      perform: (by) => registerOf(by).sweep(object, call),
      async denied(said, _ref, before) {
        const [{ ids, complete }, truth] = [said as Sweep, before as Set<string>];
        const missing = [...truth].filter((id) => !ids.has(id));
        const strangers = [...ids].filter((id) => !truth.has(id));
        // an id that was turned into another in good form: the look at each missing one tells
        return complete && missing.length > strangers.length ? 'a complete sweep that lacks somebody' : undefined;
      },
    },
    {
      name: 'total',
      weight: 2,
      prepare: nothing,
      perform: (by) => registerOf(by).total(object, call),
      denied: async (said) => (said === null || Number.isInteger(said) ? undefined : 'a total that is no number'),
    },
  ];
}

function listeningSteps({ recipient, connector, hintFor }: World): FurtherStep[] {
  const steps: FurtherStep[] = [];
  const { changes } = recipient;
  if (changes)
    steps.push({
      name: 'listen',
      weight: 4,
      prepare: async () => (await changes.call(recipient, null, call)).cursor,
      perform: async (by, _ref, since) => by.recipient?.changes?.(since as string, call),
      async denied(said, ref) {
        const { profiles, cursor } = said as { profiles: Profile[]; cursor: string };
        if (profiles.some((p) => p.ref.id === ref.id)) return undefined;
        const next = await changes.call(recipient, cursor, call);
        return next.profiles.some((p) => p.ref.id === ref.id) ? undefined : 'a cursor that leaves somebody out';
      },
    });
  if (connector.webhook && hintFor)
    steps.push({
      name: 'follow',
      weight: 4,
      prepare: async (w, ref, n) => w.hintFor?.(n, ref),
      perform: async (by, _ref, hint) => by.webhook?.follow(hint as Hint, call),
      async denied(said, ref) {
        const found = (said as (Profile | RemoteRef)[]).map((item) => ('ref' in item ? item.ref.id : item.id));
        if (found.length === 0) return '"nobody" of somebody who is there';
        return found.every((id) => id === ref.id) ? undefined : 'the row of another';
      },
    });
  return steps;
}

/** Enough for a batch of their own. */
const crowd = 12;

const manySteps: FurtherStep[] = [
  {
    name: 'rectifyMany',
    weight: 1,
    prepare: async (w, _ref, n) => {
      const refs: RemoteRef[] = [];
      for (let i = 0; i < crowd; i++) refs.push((await w.one(2_000_000 + n * 200 + i)).ref);
      return refs;
    },
    async perform(by, _ref, refs, w) {
      const n = manyOf(refs as RemoteRef[], w);
      return by.recipient?.rectifyMany?.(n, call);
    },
    async denied(said, _ref, before, w) {
      const refs = before as RemoteRef[];
      const items = manyOf(refs, w);
      for (const [i, { ref, fields }] of items.entries()) {
        const kind = kindOf((said as ({ kind: 'accepted'; ref: RemoteRef } | Failure)[])[i]);
        if (kind === 'not-found') return 'not found, and there';
        if (kind !== 'accepted') continue;
        const row = await w.recipient.read(ref, call);
        if (row?.fields.givenName !== fields.givenName) return `the correction ${i} of many, and as before`;
      }
      for (const ref of refs) await w.recipient.erase(ref, call);
      return undefined;
    },
  },
];
const manyOf = (refs: readonly RemoteRef[], w: World) =>
  refs.map((ref, i) => ({ ref, fields: given({ givenName: corrected(w, 3_000_000 + i).givenName ?? '' }), blanked: [] }));

export const furtherSteps = (w: World): FurtherStep[] => [
  ...(w.connector.register ? registerSteps(w) : []),
  ...listeningSteps(w),
  ...(w.recipient.rectifyMany ? manySteps : []),
];
