import type { DutyView } from '../core/duty.ts';
import type { CaseRow } from '../store/cases.ts';
import type { caseView } from './shapes.ts';

/**
 * Everything that proves what became of one case, to be handed over: to the person, to the authority, to an auditor. No value of the
 * person is in it, and no reason in free words; who is meant stands in the case, by its id.
 */
export interface EvidencePack {
  format: 'kaiku-evidence-1';
  /** ISO 8601. */
  madeAt: string;
  controller: string;
  case: Pick<ReturnType<typeof caseView>, 'id' | 'type' | 'state' | 'receivedAt' | 'deadline' | 'closedAt'> & {
    decision?: { decision: string; by: string; at: string };
  };
  plan: CaseRow['plan'];
  /**
   * What each system that the case concerns came to. `by`: a statement by a person of the system, not a look of ours; `statement`: the
   * SHA-256 of what they stated under their name, as the log has it.
   */
  duties: (DutyView & { id: string; title: string; by?: string; statement?: string; statedAt?: string })[];
  letters: { kind: string; language: string; madeAt: string; sha256: string; sent?: { how: string; on: string } }[];
  entries: { index: number; line: string; proof: string[] }[];
  checkpoint: string;
  /** That the log of an earlier checkpoint, which somebody kept, is the beginning of this one. */
  consistency?: { from: number; to: number; proof: string[] };
  vkey: string;
}
