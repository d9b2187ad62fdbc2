import type { RemoteRef } from '../connectors/connector.ts';
import { masked } from '../core/mask.ts';
import type { Fields } from '../core/person.ts';
import { type HeldRow, hold } from '../store/held.ts';
import { type Needs, tell } from './needs.ts';

/** Both sides of a match as a person may see them, sealed; with the row's locator, to read it again when it was decided. */
export interface Sides {
  ref: RemoteRef;
  row: Record<string, string>;
  candidates: { subject: string; register: Record<string, string> }[];
}

/** Both sides of a held match, masked; null once it was decided. */
export const sidesOf = (needs: Needs, held: HeldRow): Sides | null =>
  held.sides ? needs.vault.unsealJson<Sides>('held-sides', held.sides) : null;

/** Holds somebody who was erased and is there again, with the row as a person may see it, sealed. */
export async function holdRearrival(
  needs: Needs,
  of: {
    system: string;
    subject: string | null;
    /** Whose erasure it met, where it is one's alone. */
    erased: string | null;
    about: Buffer;
    role?: string;
    reason: string;
    matched: readonly string[];
    ref: RemoteRef;
    fields: Fields;
  },
  actor = 'kaiku',
): Promise<void> {
  const { system, subject, about, role, reason, matched, erased } = of;
  const sides: Sides = { ref: of.ref, row: masked(of.fields), candidates: [] };
  const opened = await hold(needs.db, {
    id: needs.newId(),
    kind: 'rearrival',
    system,
    subject,
    about,
    ...(role ? { role } : {}),
    reason,
    details: { matched: [...matched], ...(erased ? { erased } : {}) },
    sides: needs.vault.sealJson('held-sides', sides),
  });
  if (opened) await tell(needs, { actor, action: 'rearrival.held', system, reason });
}
