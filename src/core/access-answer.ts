import type { Purpose, RetentionPeriod } from './configuration.ts';
import { maskIdentityCodes } from './identity-code.ts';
import type { FieldName, Fields, FieldValue } from './person.ts';

/** What is handed to a person who asked for access (Art. 15) or for portability (Art. 20): from what was read to a document. */
export interface AccessFacts {
  case: { id: string; type: 'access' | 'portability'; received: string };
  controller: { name: string; contact?: string };
  /** ISO 8601. */
  madeAt: string;
  role: string;
  register: string;
  purposes: readonly Purpose[];
  /** What each row of each system showed just now, or why it showed nothing. */
  reads: readonly { system: string; place: string; isRegister: boolean; fields: Fields | null; problem?: string }[];
  disclosures: readonly { system: string; purpose: string; fields: readonly string[]; first: string; last: string }[];
  /** Recipients whose rows were there before anything was handed over: found there since. */
  holders: readonly { system: string; fields: readonly string[]; since: string }[];
  /** Rules of law that bind rows at systems which serve the purposes. */
  laws: readonly { system: string; rules: readonly string[] }[];
}

/** How long a purpose keeps somebody, as the person is told it. */
export type ToldPeriod = Pick<RetentionPeriod, 'length' | 'trigger' | 'from' | 'rules'>;

export interface AccessAnswer {
  format: 'kaiku-access-1' | 'kaiku-portability-1';
  case: string;
  received: string;
  madeAt: string;
  controller: { name: string; contact?: string };
  /** Art. 15(1)(g). */
  source: string;
  systems: { system: string; place: string; isRegister: boolean; values: Fields | null; problem?: string }[];
  /** Art. 15(1)(a), (b), (d). */
  purposes: { name: string; basis: string; fields: readonly string[]; period: ToldPeriod[] | null }[];
  /** Art. 15(1)(d): what a law keeps beyond that. */
  laws: AccessFacts['laws'];
  /** Art. 15(1)(c). */
  recipients: AccessFacts['disclosures'];
  holders: AccessFacts['holders'];
  /** What is missing from the answer, and why. */
  missing: { system: string; code: string }[];
}

/** The whole answer. What could not be read is said; nothing is left out in silence. */
export function accessAnswer(facts: AccessFacts): AccessAnswer {
  const isPortable = facts.case.type === 'portability';
  const mine = facts.purposes.filter((p) => p.for === undefined || p.for.includes(facts.role));
  const open = isPortable ? new Set(portableFields(mine)) : null;
  // what the person gave stands in the register; the others hold copies of it
  const reads = isPortable ? facts.reads.filter((r) => r.isRegister) : facts.reads;
  return {
    format: isPortable ? 'kaiku-portability-1' : 'kaiku-access-1',
    case: facts.case.id,
    received: facts.case.received,
    madeAt: facts.madeAt,
    controller: facts.controller,
    source: facts.register,
    systems: reads.map(({ system, place, isRegister, fields, problem }) => ({
      system,
      place,
      isRegister,
      values:
        fields && Object.fromEntries(Object.entries(fields).flatMap(([name, value]) => shown(name as FieldName, value, open))),
      ...(problem ? { problem } : {}),
    })),
    purposes: isPortable
      ? []
      : mine.map((p) => ({
          name: p.name,
          basis: p.basis,
          fields: p.fields,
          period:
            p.retention
              ?.filter((period) => period.for === undefined || period.for.includes(facts.role))
              .map(({ length, trigger, from, rules }) => ({ length, trigger, from, rules })) ?? null,
        })),
    laws: isPortable ? [] : facts.laws,
    recipients: isPortable ? [] : facts.disclosures,
    holders: isPortable ? [] : facts.holders,
    missing: reads.flatMap(({ system, problem }) => (problem ? [{ system, code: problem }] : [])),
  };
}

/** Art. 20(1): what the person gave, processed by machine on consent or for a contract. */
export const portableFields = (purposes: readonly Purpose[]): FieldName[] => [
  ...new Set(purposes.filter((p) => p.basis === 'consent' || p.basis === 'contract').flatMap((p) => p.fields)),
];

/** A value of one field; somebody else's identity code that slipped into a text is covered. */
function shown(name: FieldName, value: FieldValue | undefined, open: ReadonlySet<string> | null): [string, FieldValue][] {
  if (value === undefined || (open && !open.has(name))) return [];
  if (name === 'identityCode' || typeof value !== 'string') return [[name, value]];
  return [[name, maskIdentityCodes(value)]];
}

export type IdentityState = 'unproven' | 'proven' | 'doubted';

/** Ways to know that a request is the person's own, with least data (Art. 12(6)). Never a name with an identity code alone. */
export const identityWays = ['mailed-link', 'known-address', 'call-back', 'signed-in', 'in-person', 'other'] as const;

/** Nothing about a person leaves before it is known that they asked. */
export const mayHandOver = (identity: { state: IdentityState } | null): boolean => identity?.state === 'proven';
