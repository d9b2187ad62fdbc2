import type { Fields } from '../../core/person.ts';
import type { Rectification } from '../connector.ts';
import type { MemberBody, TagChange } from './client.ts';
import { type Member, mergeChanges, spellAddress, standingOf } from './mapping.ts';
import { slotsOf } from './merge.ts';
import type { MailchimpSettings } from './settings.ts';
import { switched, togglesOf } from './toggles.ts';

/** What a member still lacks of what should be there. A patch never carries a standing; tags have a call of their own. */
export type Correction =
  | { kind: 'nothing' }
  | { kind: 'refused'; code: string }
  | { kind: 'patch'; body: MemberBody; tags: readonly TagChange[] };

/** Merge fields alone, of a member that was seen just now by this very hash: can be sent without another look. */
export function blindPatch(
  { ref, fields, blanked, seen }: Rectification,
  settings: MailchimpSettings,
): { merge_fields: Record<string, unknown> } | null {
  const slots = slotsOf(settings);
  const merged = new Set<string>(slots.map(({ field }) => field));
  const isPlain = [...Object.keys(fields), ...blanked].every((name) => merged.has(name) && name !== 'email');
  return seen && ref.key && ref.id !== '' && isPlain ? { merge_fields: mergeChanges(slots, fields, blanked) } : null;
}

export function correctionOf(found: Member, fields: Fields, blanked: readonly string[], settings: MailchimpSettings): Correction {
  if (standingOf(found) === 'inert') return { kind: 'refused', code: 'inert' };
  // the address is the member itself: without one the row can only be erased
  if (blanked.includes('email')) return { kind: 'refused', code: 'address-needed' };
  const { interests, tags, isMissing } = switched(togglesOf(settings), fields, blanked, found);
  if (isMissing) return { kind: 'refused', code: 'interest-missing' };
  const email =
    typeof fields.email === 'string' && spellAddress(fields.email) !== spellAddress(found.email_address)
      ? fields.email.trim()
      : undefined;
  const merge = mergeChanges(slotsOf(settings), fields, blanked, found.merge_fields);
  const body = {
    ...(Object.keys(merge).length > 0 ? { merge_fields: merge } : {}),
    ...(Object.keys(interests).length > 0 ? { interests } : {}),
    ...(email === undefined ? {} : { email_address: email }),
  };
  return Object.keys(body).length + tags.length === 0 ? { kind: 'nothing' } : { kind: 'patch', body, tags };
}
