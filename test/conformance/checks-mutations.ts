import fc from 'fast-check';
import { Failure } from '../../src/core/failure.ts';
import { isJson, type Mutation, mutations, spoil } from './mutations.ts';
import { startProxy } from './proxy.ts';
import { type Check, call, corrected, given, verbs, type World } from './world.ts';

/** How many spoilt answers each connector gets; 10,000 before a release (`KAIKU_MUTATIONS`). */
const runs = Number(process.env['KAIKU_MUTATIONS'] ?? 200);

/** What the proxy spoilt: whether any answer became one that cannot be read at all. */
interface Spoilt {
  unreadable: boolean;
}

/**
 * Every answer on the way back is spoilt, while the vendor really does what it is asked. A connector may say what it likes of an
 * answer that still makes sense, but: no other error than a `Failure`; no claim on bytes that are no answer; no other person's row.
 */
async function meet(w: World, verb: (typeof steps)[number], mutation: Mutation, n: number): Promise<void> {
  const { ref } = await w.one(n);
  const spoilt: Spoilt = { unreadable: false };
  const proxy = await startProxy(w.server.url, {
    after(_request, answer) {
      const said = spoil(answer, mutation);
      if (said.body.length > 0 && !isJson(said.body)) spoilt.unreadable = true;
      return said;
    },
  });
  try {
    const by = w.another({ origin: proxy.url });
    const said = await perform();
    if (said !== null && spoilt.unreadable) throw new Error(`${verb} made ${JSON.stringify(said)} of an answer that is none`);

    /** What was claimed; null for a claim that is none. */
    async function perform(): Promise<unknown> {
      try {
        switch (verb) {
          case 'read': {
            const profile = await by.read(ref, call);
            if (profile === null) throw new Error('a spoilt answer was read as "nobody is there"');
            if (profile.ref.id !== ref.id) throw new Error('a spoilt answer was read as another row');
            return profile;
          }
          case 'find':
            return await by.find(w.person(n), w.place, call);
          case 'list': {
            const pages = [];
            for await (const page of by.list(call)) pages.push(page.length);
            return pages;
          }
          case 'create':
            return await by.create(given(w.person(n + 100_000)), w.place, call);
          default: {
            const written =
              verb === 'rectify'
                ? await by.rectify(ref, given(corrected(w, n)), [], call)
                : verb === 'restrict'
                  ? await by.restrict(ref, w.permissions ?? [], call)
                  : await by.erase(ref, call);
            if (written.kind === 'accepted' && written.ref.id !== ref.id) throw new Error(`${verb} changed hands`);
            return written.kind === 'accepted' ? written : null;
          }
        }
      } catch (error) {
        if (error instanceof Failure) return null;
        throw error;
      }
    }
  } finally {
    await proxy.close();
    for (const { ref: left } of await w.recipient.find(w.person(n), w.place, call)) await w.recipient.erase(left, call);
  }
}

const steps = ['read', 'find', 'list', ...verbs] as const;

export const mutationChecks: Check[] = [
  {
    name: `makes nothing of spoilt answers but failures (${runs})`,
    async run(w) {
      let n = 0;
      const own = steps.filter(
        (step) => step === 'read' || step === 'find' || step === 'list' || (w.verbs ?? verbs).includes(step),
      );
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...own), mutations, (step, mutation) => meet(w, step, mutation, ++n)),
        // the same mutations in every run of CI; KAIKU_SEED tries others
        { numRuns: runs, seed: Number(process.env['KAIKU_SEED'] ?? 2_017_540_147) },
      );
    },
  },
];
