import type { RemoteRef } from '../connectors/connector.ts';
import { freeCall } from '../connectors/http.ts';
import { fingerprints } from '../core/fingerprint.ts';
import { type Likeness, likeness, type Name } from '../core/likeness.ts';
import { type Fields, fieldsOf } from '../core/person.ts';
import { fieldsOfVersion, latestVersion, registerRecords, registerRef, subjectById } from '../store/subjects.ts';
import { type Needs, registerOf } from './needs.ts';

/**
 * What the register says about a candidate, for a comparison and nothing else: never stored, never logged. The ledger's own copy
 * where it still has one, else the register's row as it is now; null when nobody can say.
 */
export async function valuesOf(needs: Needs, subjectId: string): Promise<Fields | null> {
  const subject = await subjectById(needs.db, subjectId);
  if (!subject) return null;
  const kept = fieldsOfVersion(needs.vault, subject, await latestVersion(needs.db, subjectId));
  if (kept) return kept;
  const { register } = registerOf(needs, subject.register);
  for (const row of await registerRecords(needs.db, subjectId)) {
    if (row.state !== 'present' && row.state !== 'hidden') continue;
    const ref = registerRef<RemoteRef>(needs.vault, row);
    if (!ref) continue;
    const look = await register.look(ref, freeCall);
    if (look.kind === 'found') return fieldsOf(look.record.person);
  }
  return null;
}

const nameOf = (fields: Fields): Name => ({
  givenName: typeof fields.givenName === 'string' ? fields.givenName : undefined,
  familyName: typeof fields.familyName === 'string' ? fields.familyName : undefined,
});

/** What the register says of candidates, each asked for once; for one run, and gone with it. */
export function valuesOnce(needs: Needs): (subject: string) => Promise<Fields | null> {
  const asked = new Map<string, Promise<Fields | null>>();
  return (subject) => {
    const known = asked.get(subject) ?? valuesOf(needs, subject);
    asked.set(subject, known);
    return known;
  };
}

/**
 * Compares the name in a recipient's row with a person's. Equal prints say "same" without a look at the values; only what differs
 * is read from the register, where one look is a call.
 */
export async function likenessTo(
  needs: Needs,
  fields: Fields,
  subjectId: string,
  valuesOf: (subject: string) => Promise<Fields | null>,
): Promise<Likeness> {
  const name = nameOf(fields);
  if (!name.givenName && !name.familyName) return 'unknown';
  const known = (await latestVersion(needs.db, subjectId))?.fingerprints ?? {};
  const shows = (other: Name) => {
    const prints = fingerprints(needs.vault.keys.hmac.current, subjectId, other as Fields);
    return prints['givenName'] === known['givenName'] && prints['familyName'] === known['familyName'];
  };
  if (known['givenName'] && known['familyName'] && spellingsOf(name).some(shows)) return 'same';
  const there = await valuesOf(subjectId);
  return there ? likeness(name, nameOf(there)) : 'unknown';
}

/** How the register may have spelt the same words: in the other order, with other capitals, without blanks around them. */
function spellingsOf({ givenName, familyName }: Name): Name[] {
  const [given = '', family = ''] = [givenName?.trim(), familyName?.trim()];
  const written = [given, family].map((text) =>
    text.toLowerCase().replace(/(^|[\s-])(\p{L})/gu, (_, before: string, letter: string) => before + letter.toUpperCase()),
  ) as [string, string];
  const pairs: [string, string][] = [[given, family], [family, given], written, [written[1], written[0]]];
  return pairs.map(([first, last]) => ({ givenName: first, familyName: last }));
}
