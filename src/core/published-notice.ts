import type { FieldName } from './person.ts';
import type { Length } from './retention-rule.ts';

/** How long a notice says that data is kept: a length, or words that set none. */
export type ToldPeriod = Length | 'as-long-as-needed';

export const rightsToTell = ['access', 'rectification', 'erasure', 'restriction', 'objection', 'portability'] as const;

/** The privacy notice that a company publishes, as data. People fill it in once; prose is not read by a machine here. */
export interface Notice {
  name: string;
  /** Laws it leans on, by number: `523/1999`. */
  laws: readonly string[];
  /** Whether it says how to reach the controller, and that one may complain to the supervisory authority. */
  contact: boolean;
  complaint: boolean;
  rights: readonly (typeof rightsToTell)[number][];
  purposes: readonly { name: string; basis?: string; keep?: ToldPeriod }[];
  fields: readonly FieldName[];
  /** Whom it names. `system`: what Kaiku calls it; `country`: where the data goes, ISO 3166. */
  recipients: readonly { name: string; system?: string; country?: string }[];
  /** What it says of countries outside the EEA: that data goes to none, that it goes there, or nothing. */
  transfers: 'none' | 'told' | 'unsaid';
  /** One period for everything in it. */
  keepsAll?: ToldPeriod;
}
