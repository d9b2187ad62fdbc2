import type { Profile } from '../connector.ts';
import type { Call } from '../http.ts';
import { isMarked, toProfile } from './mapping.ts';
import type { Members } from './members.ts';
import type { MailchimpSettings } from './settings.ts';

/** Asked for one by one: whether the plain list shows archived members is not documented. */
const statuses = ['subscribed', 'unsubscribed', 'cleaned', 'pending', 'transactional', 'archived'] as const;

/** Every member of every audience, once, whatever its standing. Permanent deletions leave no trace here. */
export async function* everybody(members: Members, settings: MailchimpSettings, call: Call): AsyncIterable<Profile[]> {
  for (const place of settings.audiences) {
    const seen = new Set<string>();
    for (const status of statuses) {
      for await (const page of members.pages(place, { status }, call)) {
        const people = page.filter((member) => !isMarked(member));
        const fresh = people.filter(({ contact_id }) => !seen.has(contact_id) && seen.add(contact_id));
        if (fresh.length > 0) yield fresh.map((member) => toProfile(place, member, settings));
      }
    }
  }
}

/** A first poll starts this much before now, in case the vendor's clock is behind ours. */
const firstLookBackMs = 3_600_000;

/**
 * The filter means strictly later, in whole seconds, so at least one second must be asked again; the rest of the overlap is for
 * changes that the vendor shows late. Whoever hears the same row twice must do nothing the second time.
 */
const overlapMs = 5000;

/** Members changed since the cursor, an ISO 8601 time of the vendor's clock. Without a cursor: nobody, from an hour ago on. */
export async function changesSince(
  members: Members,
  settings: MailchimpSettings,
  cursor: string | null,
  call: Call,
): Promise<{ profiles: Profile[]; cursor: string }> {
  if (cursor === null) return { profiles: [], cursor: vendorTime(Date.now() - firstLookBackMs) };
  const start = Date.parse(cursor);
  // a cursor that was damaged must not silently start from nowhere
  if (Number.isNaN(start)) throw new Error('the saved cursor of the recipient is not a time');
  const sinceLastChanged = vendorTime(start - overlapMs);
  const found = new Map<string, Profile>();
  let latest = start;
  for (const place of settings.audiences) {
    for (const status of statuses) {
      for await (const page of members.pages(place, { status, sinceLastChanged }, call)) {
        for (const member of page) {
          found.set(`${place} ${member.contact_id}`, toProfile(place, member, settings));
          const at = Date.parse(member.last_changed ?? '');
          if (at > latest) latest = at;
        }
      }
    }
  }
  return { profiles: [...found.values()], cursor: vendorTime(latest) };
}

/** `2021-11-23T22:51:56+00:00`, as Mailchimp writes it. */
const vendorTime = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}+00:00`;
