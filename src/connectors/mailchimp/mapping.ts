import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { FieldName, Fields, FieldValue } from '../../core/person.ts';
import type { Profile, RemoteRef, Standing } from '../connector.ts';
import { fromMerge, held, type Slot, slotsOf, toMerge } from './merge.ts';
import type { MailchimpSettings } from './settings.ts';
import { togglesOf, valueHeld, valueShown } from './toggles.ts';

/** The path key of a member: MD5 of the trimmed address in lower case, Unicode-aware (vendor documentation). */
export const hashOf = (address: string) => createHash('md5').update(spellAddress(address), 'utf8').digest('hex');

/** Mailchimp tells no two members apart by case, so neither do we when we compare. */
export const spellAddress = (address: string) => address.trim().toLowerCase();

/** The address of the member that `kaiku check --write-test` makes; its 128 random bits stand in no person's address. */
export const markedAddress = (mark: string, domain: string) => `kaiku-check+${mark}@${domain}`;
/** Nobody: a member that a write test made and could not remove. */
export const isMarked = ({ email_address }: Member) => /^kaiku-check\+[0-9a-f]{32}@/i.test(email_address);

/** The few fields of a member that we read. Most of the others are personal too (IP addresses, location, notes): not asked for. */
export const Member = z.looseObject({
  /** The hash; changes with the address. */
  id: z.string().min(1),
  /** Stays when the address changes (recorded traffic, 2021). */
  contact_id: z.string().min(1),
  email_address: z.string().min(1),
  status: z.string().min(1),
  merge_fields: z.record(z.string(), z.unknown()).optional(),
  /** ISO 8601 in whole seconds; empty when unset. */
  last_changed: z.string().optional(),
  /** Every interest of the audience, by its id. */
  interests: z.record(z.string(), z.boolean()).optional(),
  /** At most 50 of them; `tags_count` tells how many there are. */
  tags: z.array(z.looseObject({ name: z.string() })).optional(),
  tags_count: z.number().optional(),
});
export type Member = z.infer<typeof Member>;
const memberFields = ['id', 'contact_id', 'email_address', 'status', 'merge_fields', 'last_changed'];
/** What is asked of a member: interests and tags only where something of ours switches them. */
export const fieldsAsked = ({ interests, tags }: MailchimpSettings): string[] => [
  ...memberFields,
  ...(Object.keys(interests).length > 0 ? ['interests'] : []),
  ...(Object.keys(tags).length > 0 ? ['tags', 'tags_count'] : []),
];

/** A word we do not know freezes the row: only an erasure may touch it. */
const standings: Record<string, Standing> = {
  subscribed: 'active',
  pending: 'active',
  transactional: 'active',
  unsubscribed: 'restricted',
  cleaned: 'inert',
  archived: 'inert',
};
export const standingOf = (member: Member): Standing => standings[member.status] ?? 'inert';

/** Nobody is mailed, by a word that we know: one that we do not know proves nothing. */
export const isOutOfUse = (member: Member): boolean => (standings[member.status] ?? 'active') !== 'active';

export const refOf = (place: string, member: Member): RemoteRef => ({ place, id: member.contact_id, key: member.id });

export function toProfile(place: string, member: Member, settings: MailchimpSettings): Profile {
  const fields: Fields = {};
  const slots = slotsOf(settings);
  // of two places that hold one field the first speaks for it
  for (const { tag, field } of [...slots].reverse()) {
    const value = fromMerge(member.merge_fields?.[tag]);
    if (value === '') delete fields[field];
    else fields[field] = value;
  }
  for (const [field, own] of togglesOf(settings)) {
    const value = slots.some((slot) => slot.field === field) ? undefined : valueShown(own, member);
    if (value !== undefined) fields[field] = value;
  }
  fields.email = spellAddress(member.email_address);
  // an unsubscription counts as the person's own: who set it cannot be read, and permissions only tighten
  return { ref: refOf(place, member), fields, standing: standingOf(member), refused: member.status === 'unsubscribed' };
}

/**
 * How our values read after they were written here: each in the form of its merge field, texts of 255 bytes, addresses joined, the
 * e-mail address in lower case, an interest or a tag as what switches it.
 */
export const asHeldBy = (settings: MailchimpSettings) => {
  const [slots, toggles] = [slotsOf(settings), togglesOf(settings)];
  return (fields: Fields): Fields => {
    const read: Fields = {};
    for (const [name, value] of Object.entries(fields) as [FieldName, FieldValue | undefined][]) {
      if (value === undefined) continue;
      const slot = slots.find(({ field }) => field === name);
      const own = toggles.get(name);
      if (name === 'email') read.email = spellAddress(String(value));
      else read[name] = slot === undefined && own ? valueHeld(own, value) : held(value, slot?.as);
    }
    return read;
  };
};

/**
 * The merge fields of a write that the member does not show yet. Mailchimp clears a field with '' (not null) and ignores a missing
 * one, so a blanked field is written out.
 */
export function mergeChanges(
  slots: readonly Slot[],
  fields: Fields,
  blanked: readonly string[],
  current: Member['merge_fields'] = {},
): Record<string, unknown> {
  const merge: Record<string, unknown> = {};
  for (const slot of slots) {
    const value = fields[slot.field];
    if (value !== undefined) merge[slot.tag] = toMerge(value, slot, current[slot.tag]);
    else if (blanked.includes(slot.field)) merge[slot.tag] = '';
  }
  return Object.fromEntries(Object.entries(merge).filter(([tag, value]) => fromMerge(value) !== fromMerge(current[tag])));
}
