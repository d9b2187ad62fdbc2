import { z } from 'zod';
import type { Profile } from '../connector.ts';
import type { Call } from '../http.ts';
import type { Contacts } from './contacts.ts';
import { toNews } from './mapping.ts';
import type { PanelSettings } from './settings.ts';

/**
 * Where a poll goes on. It asks from the cursor before the last one: a change that the panel commits late stands behind a later one,
 * and would be passed over. Whoever hears a contact twice must do nothing the second time.
 */
const Saved = z.strictObject({ before: z.string(), last: z.string() });

/** Contacts that somebody other than Kaiku changed since the cursor, as they are now. Without a cursor: nobody, from now on. */
export async function changesSince(
  contacts: Contacts,
  settings: PanelSettings,
  cursor: string | null,
  call: Call,
): Promise<{ profiles: Profile[]; cursor: string }> {
  const since = cursor === null ? null : Saved.parse(JSON.parse(cursor));
  const found = await contacts.changes(since?.before ?? null, call);
  if (!found) return everybody(contacts, settings, call);
  const profiles: Profile[] = [];
  if (since) {
    // what Kaiku wrote itself is no news
    const news = new Set(found.changes.filter(({ by }) => by !== 'kaiku').map(({ contact }) => contact));
    for (const id of news) {
      const contact = await contacts.get(id, call);
      if (contact) profiles.push(toNews(contact, settings));
    }
  }
  return { profiles, cursor: saved(since?.last ?? found.cursor, found.cursor) };
}

/** The panel keeps its changes no longer than it says: behind an older cursor, everybody is read. */
async function everybody(contacts: Contacts, settings: PanelSettings, call: Call) {
  const start = await contacts.changes(null, call);
  if (!start) throw new Error('a panel without a cursor cannot have forgotten one');
  const profiles: Profile[] = [];
  for await (const page of contacts.pages(call)) profiles.push(...page.map((contact) => toNews(contact, settings)));
  return { profiles, cursor: saved(start.cursor, start.cursor) };
}

const saved = (before: string, last: string): string => JSON.stringify({ before, last });
