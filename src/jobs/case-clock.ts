import { dayIn } from '../core/day.ts';
import { type ClockRequest, cautious, type LegalClock, legalClock } from '../core/legal-clock.ts';
import type { CaseRow } from '../store/cases.ts';
import type { Needs } from './needs.ts';

/** What of a case the time limit is counted from. */
export type Timed = Pick<CaseRow, 'type' | 'received_at'> & Partial<Pick<CaseRow, 'id' | 'clock'>>;

/** The time limit of Art. 12(3) of one case, counted with the company's settings. `at`: the hub's now, for a pause that still lasts. */
export const clockOf = (needs: Needs, found: Timed, at: Date): LegalClock => legalClock(clockRequest(needs, found, at));

/** A case as the legal clock reads it. */
export function clockRequest(needs: Needs, found: Timed, at: Date): ClockRequest {
  const { extension, pauses = [] } = found.clock ?? {};
  return {
    received: found.received_at,
    atOnce: found.type === 'objection',
    ...(extension && found.id
      ? {
          extension: {
            toldOn: extension.toldOn,
            reasons: needs.vault.unsealJson<string>(`extension:${found.id}`, Buffer.from(extension.sealedReasons, 'base64')),
          },
        }
      : {}),
    pauses,
    asOf: dayIn(at, cautious.zone),
  };
}
