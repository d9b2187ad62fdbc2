import { Failure } from '../../core/failure.ts';
import type { Recipient, RemoteRef, Written } from '../connector.ts';
import type { Call } from '../http.ts';
import { asHeld, differing, hashOf, type Member, refOf, spellAddress, standingOf, toMergeFields, toProfile } from './mapping.ts';
import { isRefusal, type Members, type Refusal } from './members.ts';
import { changesSince, everybody } from './reading.ts';
import type { MailchimpSettings } from './settings.ts';

export interface RecipientNeeds {
  members: Members;
  settings: MailchimpSettings;
  /** Whether the audience takes a sign-up only from the person. */
  demandsOwnSignUp(audience: string, call: Call): Promise<boolean>;
}

/**
 * The verbs. Each one reads first: the standing decides what may be sent, and the vendor's own blocks against re-subscribing are
 * not to be relied on (reported 2026). A standing is sent in two places only: `create` and `restrict`.
 */
export function recipientOf({ members, settings, demandsOwnSignUp }: RecipientNeeds): Recipient {
  const { map } = settings;

  /** By the hash we know, unless it is another contact's by now; then by the contact's own id. */
  async function member(ref: RemoteRef, call: Call): Promise<Member | null> {
    const byHash = ref.key ? await members.get(ref.place, ref.key, call) : null;
    if (byHash?.contact_id === ref.id) return byHash;
    return ref.id === '' ? null : sameContact(await members.byContact(ref.place, ref.id, call), ref.id);
  }

  async function correct(
    place: string,
    found: Member,
    email: string | undefined,
    merge: Record<string, unknown>,
    call: Call,
  ): Promise<Written> {
    const fresh = differing(merge, found.merge_fields);
    const body = {
      ...(Object.keys(fresh).length > 0 ? { merge_fields: fresh } : {}),
      ...(email ? { email_address: email } : {}),
    };
    if (Object.keys(body).length === 0) return { kind: 'accepted', ref: refOf(place, found) };
    const said = await members.correct(place, found.id, body, call);
    if (!isRefusal(said)) return { kind: 'accepted', ref: refOf(place, theSame(said, found)) };
    if (said.refusal === 'exists' && email) {
      const holder = await members.get(place, hashOf(email), call);
      if (holder?.contact_id !== found.contact_id) return { kind: 'refused', code: 'address-taken' };
      // the address is there already: an answer was lost, or somebody was quicker
      return correct(place, holder, undefined, merge, call);
    }
    // moved between the look and the write: look again later. Really gone: say so
    if (said.refusal === 'not-found' && (await member(refOf(place, found), call))) throw new Failure('NOT_APPLIED');
    return refused(said);
  }

  return {
    places: settings.audiences,
    carries: [...new Set(['email' as const, ...Object.values(map)])],
    asHeld,

    async read(ref, call) {
      const found = await member(ref, call);
      return found && toProfile(ref.place, found, map);
    },

    async find(fields, place, call) {
      const found = typeof fields.email === 'string' ? await members.get(place, hashOf(fields.email), call) : null;
      return found ? [toProfile(place, found, map)] : [];
    },

    async create(fields, place, call) {
      if (typeof fields.email !== 'string') return { kind: 'refused', code: 'no-address' };
      // `subscribed` would record somebody who never confirmed, `pending` would mail them from a background job
      if (await demandsOwnSignUp(place, call)) return { kind: 'refused', code: 'double-opt-in' };
      // a POST may bring an archived member back to life
      if (await members.get(place, hashOf(fields.email), call)) return { kind: 'exists' };
      const merge = toMergeFields(fields, [], map);
      const said = await members.add(
        place,
        {
          email_address: fields.email.trim(),
          status: 'subscribed',
          ...(Object.keys(merge).length > 0 ? { merge_fields: merge } : {}),
        },
        call,
      );
      if (!isRefusal(said)) return { kind: 'accepted', ref: refOf(place, said) };
      if (said.refusal === 'exists' || said.refusal === 'forgotten') return { kind: said.refusal };
      return said.refusal === 'not-found' ? { kind: 'refused', code: 'audience-missing' } : refused(said);
    },

    async rectify(ref, fields, blanked, call) {
      const found = await member(ref, call);
      if (!found) return { kind: 'not-found' };
      if (standingOf(found) === 'inert') return { kind: 'refused', code: 'inert' };
      // the address is the member itself: without one the row can only be erased
      if (blanked.includes('email')) return { kind: 'refused', code: 'address-needed' };
      const email =
        typeof fields.email === 'string' && spellAddress(fields.email) !== spellAddress(found.email_address)
          ? fields.email.trim()
          : undefined;
      return correct(ref.place, found, email, toMergeFields(fields, blanked, map, found.merge_fields), call);
    },

    async restrict(ref, _permissions, call) {
      const found = await member(ref, call);
      if (!found) return { kind: 'not-found' };
      // unsubscribed, cleaned and archived members are mailed nothing, and stay as they are
      if (standingOf(found) !== 'active') return { kind: 'accepted', ref: refOf(ref.place, found) };
      const said = await members.unsubscribe(ref.place, found.id, call);
      return isRefusal(said) ? refused(said) : { kind: 'accepted', ref: refOf(ref.place, theSame(said, found)) };
    },

    /** DELETE only archives; Art. 17 needs the permanent action, which is documented for the hash alone. */
    async erase(ref, call) {
      const found = await member(ref, call);
      if (!found) return { kind: 'not-found' };
      const said = await members.deletePermanently(ref.place, found.id, call);
      return said === 'done' ? { kind: 'accepted', ref: refOf(ref.place, found) } : refused(said);
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
