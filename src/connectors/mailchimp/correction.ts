import type { Fields } from '../../core/person.ts';
import type { MemberBody } from './client.ts';
import { differing, type Member, spellAddress, standingOf, toMergeFields } from './mapping.ts';
import type { MailchimpSettings } from './settings.ts';

/** What a member still lacks of what should be there. A patch never carries a standing. */
export type Correction = { kind: 'nothing' } | { kind: 'refused'; code: string } | { kind: 'patch'; body: MemberBody };

export function correctionOf(found: Member, fields: Fields, blanked: readonly string[], { map }: MailchimpSettings): Correction {
  if (standingOf(found) === 'inert') return { kind: 'refused', code: 'inert' };
  // the address is the member itself: without one the row can only be erased
  if (blanked.includes('email')) return { kind: 'refused', code: 'address-needed' };
  const email =
    typeof fields.email === 'string' && spellAddress(fields.email) !== spellAddress(found.email_address)
      ? fields.email.trim()
      : undefined;
  const merge = differing(toMergeFields(fields, blanked, map, found.merge_fields), found.merge_fields);
  const body = {
    ...(Object.keys(merge).length > 0 ? { merge_fields: merge } : {}),
    ...(email === undefined ? {} : { email_address: email }),
  };
  return Object.keys(body).length === 0 ? { kind: 'nothing' } : { kind: 'patch', body };
}
