import { Failure } from '../../core/failure.ts';
import type { Fields } from '../../core/person.ts';
import type { Recipient, Rectification, RemoteRef, Written } from '../connector.ts';
import type { Call } from '../http.ts';
import type { Batches } from './batches.ts';
import { blindPatch, correctionOf } from './correction.ts';
import { asHeldBy, hashOf, isOutOfUse, type Member, mergeChanges, refOf, toProfile } from './mapping.ts';
import { isRefusal, type Members, type Refusal } from './members.ts';
import { slotsOf } from './merge.ts';
import { changesSince, everybody } from './reading.ts';
import { manyAtOnce } from './rectify-many.ts';
import type { MailchimpSettings } from './settings.ts';
import { togglesOf } from './toggles.ts';

export interface RecipientNeeds {
  members: Members;
  batches: Batches;
  settings: MailchimpSettings;
  /** Whether the audience takes a sign-up only from the person. */
  demandsOwnSignUp(audience: string, call: Call): Promise<boolean>;
}

/**
 * The verbs. Each one reads first: the standing decides what may be sent, and the vendor's own blocks against re-subscribing are
 * not to be relied on (reported 2026). A standing is sent in two places only: `create` and `restrict`.
 */
export function recipientOf({ members, batches, settings, demandsOwnSignUp }: RecipientNeeds): Recipient {
  const slots = slotsOf(settings);
  const toggles = togglesOf(settings);

  /** By the hash we know, unless it is another contact's by now; then by the contact's own id. */
  async function member(ref: RemoteRef, call: Call): Promise<Member | null> {
    const byHash = ref.key ? await members.get(ref.place, ref.key, call) : null;
    if (byHash?.contact_id === ref.id) return byHash;
    return ref.id === '' ? null : sameContact(await members.byContact(ref.place, ref.id, call), ref.id);
  }

  /** Nobody, where a look just found somebody: the member moved meanwhile, or is really gone. */
  async function refusedAt(ref: RemoteRef, said: Refusal, call: Call): Promise<Written> {
    if (said.refusal === 'not-found' && (await member(ref, call))) throw new Failure('NOT_APPLIED');
    return refused(said);
  }

  async function correct(place: string, found: Member, fields: Fields, blanked: readonly string[], call: Call): Promise<Written> {
    const correction = correctionOf(found, fields, blanked, settings);
    if (correction.kind === 'nothing') return { kind: 'accepted', ref: refOf(place, found) };
    if (correction.kind === 'refused') return correction;
    const { body, tags } = correction;
    const said = Object.keys(body).length > 0 ? await members.correct(place, found.id, body, call) : found;
    if (!isRefusal(said)) {
      const tagged = tags.length > 0 ? await members.tag(place, said.id, tags, call) : 'done';
      return tagged === 'done' ? { kind: 'accepted', ref: refOf(place, theSame(said, found)) } : refused(tagged);
    }
    if (said.refusal === 'exists' && body.email_address) {
      const holder = await members.get(place, hashOf(body.email_address), call);
      if (holder?.contact_id !== found.contact_id) return { kind: 'refused', code: 'address-taken' };
      // the address is there already: an answer was lost, or somebody was quicker
      return correct(place, holder, fields, blanked, call);
    }
    return refusedAt(refOf(place, found), said, call);
  }

  /**
   * A page showed the member just now and only merge fields change: the patch goes straight to the hash of that page, and its answer
   * says whose it was. Null: look first after all.
   */
  async function straight(item: Rectification, call: Call): Promise<Written | null> {
    const { ref } = item;
    const body = blindPatch(item, settings);
    if (!body || !ref.key) return null;
    const said = await members.correct(ref.place, ref.key, body, call);
    if (isRefusal(said)) return said.refusal === 'not-found' ? null : refused(said);
    if (said.contact_id !== ref.id) throw new Failure('ANSWER_GARBLED');
    return { kind: 'accepted', ref: refOf(ref.place, said) };
  }

  const rectify: Recipient['rectify'] = async (ref, fields, blanked, call) => {
    const sent = await straight({ ref, fields, blanked, seen: call.seen }, call);
    if (sent) return sent;
    const found = await member(ref, call);
    return found ? correct(ref.place, found, fields, blanked, call) : { kind: 'not-found' };
  };

  return {
    places: settings.audiences,
    carries: [...new Set(['email' as const, ...slots.map(({ field }) => field), ...toggles.keys()])],
    asHeld: asHeldBy(settings),

    async read(ref, call) {
      const found = await member(ref, call);
      return found && toProfile(ref.place, found, settings);
    },

    async find(fields, place, call) {
      const found = typeof fields.email === 'string' ? await members.get(place, hashOf(fields.email), call) : null;
      return found ? [toProfile(place, found, settings)] : [];
    },

    async create(fields, place, call) {
      if (typeof fields.email !== 'string') return { kind: 'refused', code: 'no-address' };
      // `subscribed` would record somebody who never confirmed, `pending` would mail them from a background job
      if (await demandsOwnSignUp(place, call)) return { kind: 'refused', code: 'double-opt-in' };
      // a POST may bring an archived member back to life
      if (await members.get(place, hashOf(fields.email), call)) return { kind: 'exists' };
      const merge = mergeChanges(slots, fields, []);
      const said = await members.add(
        place,
        {
          email_address: fields.email.trim(),
          status: 'subscribed',
          ...(Object.keys(merge).length > 0 ? { merge_fields: merge } : {}),
        },
        call,
      );
      if (!isRefusal(said)) {
        // interests and tags are switched on the member that is there now; what is refused of them leaves a member all the same
        if (toggles.size > 0) await correct(place, said, fields, [], call);
        return { kind: 'accepted', ref: refOf(place, said) };
      }
      if (said.refusal === 'exists' || said.refusal === 'forgotten') return { kind: said.refusal };
      return said.refusal === 'not-found' ? { kind: 'refused', code: 'audience-missing' } : refused(said);
    },

    rectify,
    ...manyAtOnce({ batches, settings, rectify }),
    withdraw: (handle, call) => batches.stop(handle, call),

    async restrict(ref, _permissions, call) {
      const found = await member(ref, call);
      if (!found) return { kind: 'not-found' };
      // unsubscribed, cleaned and archived members are mailed nothing, and stay as they are
      if (isOutOfUse(found)) return { kind: 'accepted', ref: refOf(ref.place, found) };
      const said = await members.unsubscribe(ref.place, found.id, call);
      return isRefusal(said) ? refusedAt(ref, said, call) : { kind: 'accepted', ref: refOf(ref.place, theSame(said, found)) };
    },

    /** DELETE only archives; Art. 17 needs the permanent action, which is documented for the hash alone. */
    async erase(ref, call) {
      const found = await member(ref, call);
      if (!found) return { kind: 'not-found' };
      const said = await members.deletePermanently(ref.place, found.id, call);
      return said === 'done' ? { kind: 'accepted', ref: refOf(ref.place, found) } : refusedAt(ref, said, call);
    },

    list: (call) => everybody(members, settings, call),
    changes: (cursor, call) => changesSince(members, settings, cursor, call),
  };
}

/** Asked by a contact's id, Mailchimp can only answer with that contact: another one is a spoilt answer, and not "nobody". */
function sameContact(found: Member | null, contactId: string): Member | null {
  if (found && found.contact_id !== contactId) throw new Failure('ANSWER_GARBLED');
  return found;
}

/** A write that answers with another member is a mix-up of people: never a success. */
function theSame(said: Member, found: Member): Member {
  if (said.contact_id !== found.contact_id) throw new Failure('ANSWER_GARBLED');
  return said;
}

function refused({ refusal }: Refusal): Written {
  return refusal === 'not-found' ? { kind: 'not-found' } : { kind: 'refused', code: refusal };
}
