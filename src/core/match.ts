import type { IdentifierKind } from './identifier.ts';
import type { Likeness } from './likeness.ts';

/** One identifier of a recipient's row, and whose it is in the register: now or formerly. */
export interface Clue {
  kind: IdentifierKind;
  owners: readonly string[];
  /** Nobody's in particular: `info@`, a switchboard. */
  shared: boolean;
}

export type LinkRule = 'exact-identity-code' | 'exact-customer-number' | 'exact-business-id' | 'exact-email' | 'exact-phone';

export type Match =
  | { kind: 'linked'; subject: string; rule: LinkRule }
  /** Only what several people share points to somebody. */
  | { kind: 'shared'; candidates: string[] }
  | { kind: 'ambiguous'; candidates: string[]; reason: 'several' | 'name-differs' | 'phone-only' }
  | { kind: 'orphan' };

/** Strongest first: the rule that a link is filed under. */
const strength: readonly (readonly [IdentifierKind, LinkRule])[] = [
  ['identityCode', 'exact-identity-code'],
  ['customerNumber', 'exact-customer-number'],
  ['businessId', 'exact-business-id'],
  ['email', 'exact-email'],
  ['phone', 'exact-phone'],
];
/** Given to one person each: these outweigh a slip in a name. */
const official = new Set<IdentifierKind>(['identityCode', 'customerNumber', 'businessId']);

/**
 * Whose row this is. Only identifiers that exactly one person has may say so; whatever contradicts, a name included, is for a
 * person to judge. `likeness` is asked only of a candidate.
 */
export async function match(clues: readonly Clue[], likeness: (subject: string) => Promise<Likeness>): Promise<Match> {
  const owned = clues.filter((clue) => clue.owners.length > 0);
  const all = [...new Set(owned.flatMap((clue) => clue.owners))];
  if (all.length === 0) return { kind: 'orphan' };
  const unique = owned.filter((clue) => !clue.shared && clue.owners.length === 1);
  const subjects = [...new Set(unique.map((clue) => clue.owners[0]))];
  const [subject, ...others] = subjects;
  if (subject === undefined) return { kind: 'shared', candidates: all };
  if (others.length > 0 || owned.some((clue) => !clue.owners.includes(subject)))
    return { kind: 'ambiguous', candidates: all, reason: 'several' };
  const kinds = new Set(unique.map((clue) => clue.kind));
  const rule = strength.find(([kind]) => kinds.has(kind))?.[1];
  if (!rule) return { kind: 'shared', candidates: all };
  const like = await likeness(subject);
  const isOfficial = [...kinds].some((kind) => official.has(kind));
  if (like === 'different' || (like === 'near' && !isOfficial))
    return { kind: 'ambiguous', candidates: [subject], reason: 'name-differs' };
  // numbers are handed on and shared at home: a number alone needs the name
  if (like === 'unknown' && rule === 'exact-phone') return { kind: 'ambiguous', candidates: [subject], reason: 'phone-only' };
  return { kind: 'linked', subject, rule };
}
