import type { Allowed } from '../../core/allowed.ts';
import { Failure } from '../../core/failure.ts';
import type { Fields } from '../../core/person.ts';
import type { RemoteRef, Written } from '../connector.ts';
import type { Answer, Call } from '../http.ts';
import { type Batches, mostOperations, type Operation } from './batches.ts';
import { type Correction, correctionOf } from './correction.ts';
import { fieldsAsked, type Member, refOf } from './mapping.ts';
import { isRefusal, memberIn, memberOrRefusal } from './members.ts';
import type { MailchimpSettings } from './settings.ts';

export interface Rectification {
  ref: RemoteRef;
  fields: Allowed<Fields>;
  blanked: readonly string[];
}

/**
 * Fewer are as cheap one by one: a read and a write each, against about ten calls for two batches.
 */
const worthABatch = 10;

export interface Rectifier {
  batches: Batches;
  settings: MailchimpSettings;
  /** One by one: for whatever a batch does not tell beyond doubt. It reads first, so nothing is written twice. */
  rectify(ref: RemoteRef, fields: Allowed<Fields>, blanked: readonly string[], call: Call): Promise<Written>;
}

/**
 * Many corrections for few calls: one batch reads the members, another patches those that differ. Both are safe to run late, since a
 * patch carries no standing and creates nobody. An answer for each, in the order they were given.
 */
export function rectifyMany({ batches, settings, rectify }: Rectifier) {
  async function inBatches(items: readonly Rectification[], call: Call): Promise<(Written | undefined)[]> {
    const read = await lookedUp(items, call);
    const said: (Written | undefined)[] = items.map(() => undefined);
    const patches: (Operation & { member: Member; at: number })[] = [];
    const taken = new Set<string>();
    for (const [at, { ref, fields, blanked }] of items.entries()) {
      const member = read[at];
      // never two operations on one member: their order would be chance
      if (!member || taken.has(`${ref.place} ${member.contact_id}`)) continue;
      taken.add(`${ref.place} ${member.contact_id}`);
      const correction: Correction = correctionOf(member, fields, blanked, settings);
      // tags take a call of their own, and so a second operation: one by one
      if (correction.kind === 'patch' && correction.tags.length > 0) continue;
      if (correction.kind !== 'patch') said[at] = correction.kind === 'nothing' ? accepted(ref, member) : correction;
      else
        patches.push({ id: String(at), at, member, method: 'PATCH', path: pathOf(ref.place, member.id), body: correction.body });
    }
    if (patches.length === 0) return said;
    const told = await batches.run(
      patches.map(({ id, method, path, body }) => ({ id, method, path, body })),
      call,
    );
    for (const { id, at, member } of patches) said[at] = judged(told.get(id), items[at]?.ref, member);
    return said;
  }

  async function lookedUp(items: readonly Rectification[], call: Call): Promise<(Member | undefined)[]> {
    const operations = items.map(({ ref }, at): Operation => {
      const path = pathOf(ref.place, ref.key ?? ref.id);
      return { id: String(at), method: 'GET', path, params: { fields: fieldsAsked(settings).join(',') } };
    });
    let told: Map<string, Answer>;
    try {
      told = await batches.run(operations, call);
    } catch (error) {
      // nothing was written: they are read one by one
      if (!(error instanceof Failure && error.next === 'read-first')) throw error;
      told = new Map();
    }
    return items.map(({ ref }, at) => {
      const answer = told.get(String(at));
      const member = answer === undefined ? null : memberIn(answer);
      // another contact has the address by now, or the member moved: the single look follows the contact
      const isWhole = (member?.tags_count ?? 0) <= (member?.tags?.length ?? 0);
      return member?.contact_id === ref.id && isWhole ? member : undefined;
    });
  }

  return async (items: readonly Rectification[], call: Call): Promise<Written[]> => {
    const said: (Written | undefined)[] = [];
    if (items.length >= worthABatch)
      for (let from = 0; from < items.length; from += mostOperations)
        said.push(...(await inBatches(items.slice(from, from + mostOperations), call)));
    const whole: Written[] = [];
    for (const [at, { ref, fields, blanked }] of items.entries())
      whole.push(said[at] ?? (await rectify(ref, fields, blanked, call)));
    return whole;
  };
}

const pathOf = (place: string, key: string) => `/lists/${encodeURIComponent(place)}/members/${encodeURIComponent(key)}`;
const accepted = (ref: RemoteRef, member: Member): Written => ({ kind: 'accepted', ref: refOf(ref.place, member) });

/** Final whatever is said about it again; the other refusals depend on how or when it is asked. */
const final = ['forgotten', 'compliance', 'address-invalid'] as const;

/** What a patch came to; undefined where only a look at the member can say. */
function judged(answer: Answer | undefined, ref: RemoteRef | undefined, before: Member): Written | undefined {
  const said = answer && ref ? memberOrRefusal(answer) : null;
  if (!said || !ref) return undefined;
  if (!isRefusal(said)) return said.contact_id === before.contact_id ? accepted(ref, said) : undefined;
  const code = final.find((one) => one === said.refusal);
  return code === undefined ? undefined : { kind: 'refused', code };
}
