import type { RemoteRef, Written } from '../connector.ts';
import type { Refusal } from './client.ts';

export const notFound: Written = { kind: 'not-found' };
export const accepted = (ref: RemoteRef): Written => ({ kind: 'accepted', ref });
/** `code` is ours, as it stands in the ledger; the folder's README lists them. */
export const refused = (code: string): Written => ({ kind: 'refused', code });
/** Refused here, and possible for the people who run the books: they are asked. */
export const forPeople = (code: string): Written => ({ kind: 'refused', code, ask: true });

const codes: Record<Refusal['refusal'], string> = {
  invalid: 'not-accepted',
  'too-long': 'too-long',
  exists: 'duplicate',
  'period-locked': 'period-locked',
  'character-not-in-encoding': 'character-not-in-encoding',
  unnamed: 'not-accepted',
};
export const refusedBy = ({ refusal }: Refusal): Written => refused(codes[refusal]);
