import { trimmedLine } from '../core/audit-verify.ts';
import { consistencyProofFrom, inclusionProofFrom } from '../core/merkle.ts';
import { type Scope, seesEverybody } from '../core/scope.ts';
import { noteName, vkeyOf } from '../core/signed-note.ts';
import type { Needs } from '../jobs/needs.ts';
import { entries, latestCheckpoint, nodeAt, sequence } from '../store/audit.ts';
import { caseLeaves, leavesBeyond } from '../store/views.ts';
import { badRequest, refused } from './problem.ts';

/** What the API and the console ask of the log: one way for both. */

/** Entries of one answer at most. */
export const pageLimit = 5000;

/** The key that verifies every checkpoint, in the form other tools read. */
export const verifierKey = ({ signer }: Needs): string => vkeyOf(signer.seed, noteName(signer.origin));

/** Brings the tree up to date first, so that nothing written before the call is missing. */
export async function freshCheckpoint(needs: Needs) {
  await sequence(needs.db, needs.signer);
  return latestCheckpoint(needs.db);
}

/** The proof that an entry is in the tree of `size`, as Base64 hashes. */
export const proofOf = async (needs: Needs, entry: number, size: number): Promise<string[]> =>
  (await inclusionProofFrom((level, index) => nodeAt(needs.db, level, index), entry, size)).map((h) => h.toString('base64'));

/** That the log of `from` entries is the beginning of the log of `to`; throws a problem for sizes that it never had in this order. */
export async function consistencyOf(needs: Needs, from: number, to: number) {
  if (from < 1 || from > to) throw badRequest(`from: must be from 1 to ${to}, the size that it is proven against`);
  const proof = await consistencyProofFrom((level, index) => nodeAt(needs.db, level, index), from, to);
  return { from, to, proof: proof.map((hash) => hash.toString('base64')) };
}

/** Throws a problem where the log up to `size` holds entries about people outside the scope. */
export async function mustSeeWholeLog(needs: Needs, scope: Scope, size: number): Promise<void> {
  if (!seesEverybody(scope) && (await leavesBeyond(needs.db, scope, 0, size)).length > 0)
    throw refused('The whole log holds entries outside your scope: export one case, or ask somebody who is also HR.', {
      code: 'beyond-scope',
    });
}

/** The lines of an export: the whole log up to a checkpoint, or one case's entries, each with its proof. Never all in memory. */
export async function* exportLines(needs: Needs, size: number, caseId?: string): AsyncGenerator<string> {
  if (caseId === undefined) {
    for (let from = 0; from < size; from += pageLimit)
      for (const { line, hash } of await entries(needs.db, from, Math.min(size, from + pageLimit)))
        yield line ?? trimmedLine(hash);
    return;
  }
  for (const { index, line } of await caseLeaves(needs.db, caseId)) {
    if (index < size) yield JSON.stringify({ index, line, proof: await proofOf(needs, index, size) });
  }
}
