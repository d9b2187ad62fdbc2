import { disclosuresOf, linksOf } from '../store/records.ts';
import { type Needs, recipientNames } from './needs.ts';

export interface HeldBeside {
  system: string;
  fields: string[];
  /** When the row was found there. */
  since: Date;
}

const holding = new Set(['linked', 'restricted', 'inert', 'stripped']);

/** Recipients with rows of somebody that were there before Kaiku handed them anything: no disclosure tells of them. */
export async function heldBeside(needs: Needs, subject: string): Promise<HeldBeside[]> {
  const told = new Set((await disclosuresOf(needs.db, subject)).map((d) => d.recipient));
  const known = new Set(recipientNames(needs.config));
  const found = new Map<string, HeldBeside>();
  for (const row of await linksOf(needs.db, subject)) {
    if (told.has(row.recipient) || !known.has(row.recipient) || !holding.has(row.state)) continue;
    const before = found.get(row.recipient);
    found.set(row.recipient, {
      system: row.recipient,
      fields: [...new Set([...(before?.fields ?? []), ...Object.keys(row.fingerprints)])].sort(),
      since: before && before.since < row.linked_at ? before.since : row.linked_at,
    });
  }
  return [...found.values()];
}
