import { Failure } from '../../core/failure.ts';
import type { Profile, Recipient, Rectification, RemoteRef, Written } from '../connector.ts';
import type { Answer, Call } from '../http.ts';
import { type Batches, mostOperations, type Operation } from './batches.ts';
import { blindPatch, type Correction, correctionOf } from './correction.ts';
import { fieldsAsked, type Member, refOf, toProfile } from './mapping.ts';
import { isRefusal, memberIn, memberOrRefusal } from './members.ts';
import type { MailchimpSettings } from './settings.ts';

/**
 * Fewer are as cheap one by one: a read and a write each, against about ten calls for two batches.
 */
const worthABatch = 10;

export interface Rectifier {
  batches: Batches;
  settings: MailchimpSettings;
  /** One by one: for whatever a batch does not tell beyond doubt. It reads first, so nothing is written twice. */
  rectify: Recipient['rectify'];
}

/**
 * Many corrections for few calls: one batch reads the members, another patches those that differ. Both are safe to run late, since a
 * patch carries no standing and creates nobody. A member that a page showed just now is not read again. An answer for each, in the
 * order they were given.
 */
export function manyAtOnce({ batches, settings, rectify }: Rectifier): Required<Pick<Recipient, 'rectifyMany' | 'readMany'>> {
  async function inBatches(items: readonly Rectification[], call: Call): Promise<(Written | undefined)[]> {
    const blind = items.map((item) => blindPatch(item, settings));
    const read = await lookedUp(
      items.map(({ ref }, at) => (blind[at] ? null : ref)),
      call,
    );
    const said: (Written | undefined)[] = items.map(() => undefined);
    const patches: (Operation & { contact: string; at: number })[] = [];
    const taken = new Set<string>();
    for (const [at, { ref, fields, blanked }] of items.entries()) {
      const patch = (key: string, body: object) =>
        patches.push({ id: String(at), at, contact: ref.id, method: 'PATCH', path: pathOf(ref.place, key), body });
      if (blind[at] && ref.key && !taken.has(`${ref.place} ${ref.id}`)) {
        taken.add(`${ref.place} ${ref.id}`);
        patch(ref.key, blind[at]);
        continue;
      }
      const member = read[at];
      // never two operations on one member: their order would be chance
      if (!member || taken.has(`${ref.place} ${member.contact_id}`)) continue;
      taken.add(`${ref.place} ${member.contact_id}`);
      const correction: Correction = correctionOf(member, fields, blanked, settings);
      // tags take a call of their own, and so a second operation: one by one
      if (correction.kind === 'patch' && correction.tags.length > 0) continue;
      if (correction.kind === 'patch') patch(member.id, correction.body);
      else said[at] = correction.kind === 'nothing' ? accepted(ref, member) : correction;
    }
    if (patches.length === 0) return said;
    const told = await batches.run(
      patches.map(({ id, method, path, body }): Operation => ({ id, method, path, body })),
      call,
    );
    for (const { id, at, contact } of patches) said[at] = judged(told.get(id), items[at]?.ref, contact);
    return said;
  }

  async function lookedUp(refs: readonly (RemoteRef | null)[], call: Call): Promise<(Member | undefined)[]> {
    const params = { fields: fieldsAsked(settings).join(',') };
    const operations = refs.flatMap((ref, at): Operation[] =>
      ref ? [{ id: String(at), method: 'GET', path: pathOf(ref.place, ref.key ?? ref.id), params }] : [],
    );
    if (operations.length === 0) return refs.map(() => undefined);
    let told: Map<string, Answer>;
    try {
      told = await batches.run(operations, call);
    } catch (error) {
      // nothing was written: they are read one by one
      if (!(error instanceof Failure && error.next === 'read-first')) throw error;
      told = new Map();
    }
    return refs.map((ref, at) => {
      const answer = told.get(String(at));
      const member = answer === undefined ? null : memberIn(answer);
      // another contact has the address by now, or the member moved: the single look follows the contact
      const isWhole = (member?.tags_count ?? 0) <= (member?.tags?.length ?? 0);
      return ref && member?.contact_id === ref.id && isWhole ? member : undefined;
    });
  }

  return {
    async rectifyMany(items, call) {
      const said: (Written | Failure | undefined)[] = [];
      if (items.length >= worthABatch)
        for (let from = 0; from < items.length; from += mostOperations)
          said.push(...(await inBatches(items.slice(from, from + mostOperations), call)));
      const whole: (Written | Failure)[] = [];
      let failure: Failure | undefined;
      for (const [at, { ref, fields, blanked, seen }] of items.entries()) {
        const single = () => rectify(ref, fields, blanked, seen ? { ...call, seen } : call);
        // a system that does not answer one of them is not asked for the others
        const answer: Written | Failure = said[at] ?? failure ?? (await single().catch(ofOne));
        if (answer instanceof Failure) failure = answer;
        whole.push(answer);
      }
      return whole;
    },

    async readMany(refs, call) {
      if (refs.length < worthABatch) return refs.map(() => undefined);
      const profiles: (Profile | undefined)[] = [];
      for (let from = 0; from < refs.length; from += mostOperations) {
        const some = refs.slice(from, from + mostOperations);
        for (const [at, member] of (await lookedUp(some, call)).entries())
          profiles.push(member && toProfile(some[at]?.place ?? '', member, settings));
      }
      return profiles;
    },
  };
}

/** One row's own failure; what concerns all of them, or the lease, travels on. */
function ofOne(error: unknown): Failure {
  if (error instanceof Failure && error.next !== 'yield' && error.next !== 'pause-recipient') return error;
  throw error;
}

const pathOf = (place: string, key: string) => `/lists/${encodeURIComponent(place)}/members/${encodeURIComponent(key)}`;
const accepted = (ref: RemoteRef, member: Member): Written => ({ kind: 'accepted', ref: refOf(ref.place, member) });

/** Final whatever is said about it again; the other refusals depend on how or when it is asked. */
const final = ['forgotten', 'compliance', 'address-invalid'] as const;

/** What a patch came to; undefined where only a look at the member can say. */
function judged(answer: Answer | undefined, ref: RemoteRef | undefined, contact: string): Written | undefined {
  const said = answer && ref ? memberOrRefusal(answer) : null;
  if (!said || !ref) return undefined;
  if (!isRefusal(said)) return said.contact_id === contact ? accepted(ref, said) : undefined;
  const code = final.find((one) => one === said.refusal);
  return code === undefined ? undefined : { kind: 'refused', code };
}
