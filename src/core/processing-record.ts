import type { Config, RetentionPeriod } from './configuration.ts';
import { eea } from './notice.ts';
import type { FieldName } from './person.ts';

/**
 * The record of processing activities of Art. 30(1) GDPR, as far as the configuration knows it: what is connected, not what somebody
 * remembered. What the law asks for and the configuration does not say stands among the gaps; nothing is made up.
 */
export interface ProcessingRecord {
  /** (a) */
  controller: { name: string; businessId?: string; contact?: string };
  activities: {
    purpose: string;
    basis: string;
    /** (c) Roles of people: customers, staff. */
    people: string[];
    fields: FieldName[];
    /** Where the data comes from. */
    registers: string[];
    /** (d), (e) */
    recipients: { system: string; vendor: string; human: boolean; country?: string; outsideEea?: boolean }[];
    /** (f) */
    periods: readonly RetentionPeriod[];
    /** Rules of law that bind rows at a recipient. */
    laws: { system: string; rules: readonly string[] }[];
  }[];
  /** (g) What Kaiku itself does; what the systems do is theirs to say. */
  security: readonly (typeof securityMeasures)[number][];
  gaps: Gap[];
}

export type Gap =
  | { code: 'no-contact' }
  | { code: 'no-period' | 'no-recipient'; purpose: string }
  | { code: 'no-country'; system: string }
  | { code: 'transfer-safeguard'; system: string; country: string }
  | { code: 'systems-security' };

/** Measures that hold in every instance, whatever is configured. */
export const securityMeasures = ['sealed', 'keys-apart', 'roles', 'staff-apart', 'audit', 'no-personal-logs'] as const;

/** By connector: where a recipient is a product, whose; whether people run it; which rules bind its rows where the company names none. */
export type KnownVendors = Readonly<Record<string, { vendor: string; human: boolean; retention?: readonly string[] }>>;

export function processingRecord(config: Config, vendors: KnownVendors): ProcessingRecord {
  const { name, businessId, privacyContact } = config.controller;
  const systems = Object.values(config.systems);
  const registers = systems.flatMap((s) => (s.register ? [{ system: s.name, role: s.register.for }] : []));
  const activities = Object.values(config.purposes).map((purpose) => {
    const people = purpose.for ? [...purpose.for] : [...new Set(registers.map(({ role }) => role))];
    const given = systems.filter((s) => s.recipient?.purposes.includes(purpose.name));
    return {
      purpose: purpose.name,
      basis: purpose.basis,
      people,
      fields: [...purpose.fields],
      registers: registers.filter(({ role }) => people.includes(role)).map(({ system }) => system),
      recipients: given.map((s) => ({
        system: s.name,
        vendor: vendors[s.connector]?.vendor ?? s.connector,
        human: vendors[s.connector]?.human ?? false,
        ...(s.country ? { country: s.country, outsideEea: !eea.has(s.country) } : {}),
      })),
      periods: purpose.retention ?? [],
      laws: given.flatMap((s) => {
        const own = s.recipient?.retention ?? [];
        const rules = own.length > 0 ? own : (vendors[s.connector]?.retention ?? []);
        return rules.length > 0 ? [{ system: s.name, rules }] : [];
      }),
    };
  });
  const gaps: Gap[] = [
    ...(privacyContact ? [] : [{ code: 'no-contact' } as const]),
    ...activities.flatMap(({ purpose, periods, recipients }): Gap[] => [
      ...(periods.length > 0 ? [] : [{ code: 'no-period' as const, purpose }]),
      ...(recipients.length > 0 ? [] : [{ code: 'no-recipient' as const, purpose }]),
    ]),
    ...systems.flatMap(({ name: system, country }): Gap[] => {
      if (country === undefined) return [{ code: 'no-country', system }];
      return eea.has(country) ? [] : [{ code: 'transfer-safeguard', system, country }];
    }),
    { code: 'systems-security' },
  ];
  return {
    controller: { name, ...(businessId ? { businessId } : {}), ...(privacyContact ? { contact: privacyContact } : {}) },
    activities,
    security: securityMeasures,
    gaps,
  };
}
