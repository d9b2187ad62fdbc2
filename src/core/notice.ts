import type { Config, Purpose } from './configuration.ts';
import type { FieldName } from './person.ts';
import { givenFields } from './policy-check.ts';
import { type Notice, rightsToTell, type ToldPeriod } from './published-notice.ts';
import { retentionRules } from './retention.ts';
import type { Length } from './retention-rule.ts';

/**
 * The published privacy notice, held against what is connected. A finding says that the notice and the configuration disagree, or that
 * the notice lacks what the law wants in it; which of the two is wrong, people decide.
 */
export type NoticeFinding =
  | { code: 'recipient-not-told'; system: string }
  | { code: 'recipient-not-connected'; recipient: string }
  | { code: 'country-unsaid'; recipient: string }
  | { code: 'transfer-denied' | 'transfer-unsaid'; recipient: string; country: string }
  | { code: 'purpose-not-told' | 'basis-not-told' | 'period-not-told' | 'period-vague'; purpose: string }
  | { code: 'purpose-not-configured'; purpose: string }
  | { code: 'basis-differs'; purpose: string; told: string; configured: string }
  | { code: 'period-differs'; purpose: string; told: Length; configured: Length }
  | { code: 'field-not-told'; field: FieldName; systems: string[] }
  | { code: 'kept-too-long'; told: Length; fields: FieldName[]; longest: number }
  | { code: 'law-repealed'; law: string; by: string; since: string }
  | { code: 'right-not-told'; right: string }
  | { code: 'contact-not-told' | 'complaint-not-told' };
export type NoticeCode = NoticeFinding['code'];

/** Where the law asks for what a finding misses. */
export const noticeLaw: Readonly<Record<NoticeCode, string>> = {
  'recipient-not-told': 'GDPR Art. 13(1)(e), 14(1)(e)',
  'recipient-not-connected': 'GDPR Art. 19',
  'country-unsaid': 'GDPR Art. 13(1)(f), 14(1)(f)',
  'transfer-denied': 'GDPR Art. 13(1)(f), 14(1)(f)',
  'transfer-unsaid': 'GDPR Art. 13(1)(f), 14(1)(f)',
  'purpose-not-told': 'GDPR Art. 13(1)(c), 14(1)(c)',
  'purpose-not-configured': 'GDPR Art. 5(1)(b)',
  'basis-not-told': 'GDPR Art. 13(1)(c), 14(1)(c)',
  'basis-differs': 'GDPR Art. 13(1)(c), 14(1)(c)',
  'period-not-told': 'GDPR Art. 13(2)(a), 14(2)(a)',
  'period-vague': 'GDPR Art. 13(2)(a), 14(2)(a)',
  'period-differs': 'GDPR Art. 13(2)(a), 14(2)(a)',
  'kept-too-long': 'GDPR Art. 5(1)(e)',
  'field-not-told': 'GDPR Art. 14(1)(d)',
  'law-repealed': 'GDPR Art. 12(1)',
  'right-not-told': 'GDPR Art. 13(2)(b), 14(2)(c)',
  'contact-not-told': 'GDPR Art. 13(1)(a), 14(1)(a)',
  'complaint-not-told': 'GDPR Art. 13(2)(d), 14(2)(e)',
};

/** Laws that notices still lean on and that are no more: the Personal Data Act, and the directive before the GDPR (its Art. 94). */
const repealed: Readonly<Record<string, { by: string; since: string }>> = {
  '523/1999': { by: 'Data Protection Act 1050/2018', since: '2019-01-01' },
  '95/46/EC': { by: 'Regulation (EU) 2016/679', since: '2018-05-25' },
};

/** The European Economic Area: the Union's members, Iceland, Liechtenstein and Norway. */
export const eea: ReadonlySet<string> = new Set(
  'AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE IS LI NO'.split(' '),
);

/**
 * Everything in which a notice and the configuration disagree, or that the notice lacks. Pure: the same twice is the same. `ofKind`:
 * retention rules that bind the rows of a connector's systems, where the company names none of its own.
 */
export const noticeFindings = (
  notice: Notice,
  config: Config,
  ofKind: Readonly<Record<string, readonly string[]>> = {},
): NoticeFinding[] => [
  ...recipients(notice, config),
  ...purposes(notice, config),
  ...fields(notice, config),
  ...keptTooLong(notice, config, ofKind),
  ...notice.laws.flatMap((law): NoticeFinding[] => {
    const over = repealed[law];
    return over ? [{ code: 'law-repealed', law, ...over }] : [];
  }),
  ...rightsToTell
    .filter((right) => !notice.rights.includes(right))
    .map((right): NoticeFinding => ({ code: 'right-not-told', right })),
  ...(notice.contact ? [] : [{ code: 'contact-not-told' as const }]),
  ...(notice.complaint ? [] : [{ code: 'complaint-not-told' as const }]),
];

/** Who holds the data, told and connected. A register is the company's own, and still somebody's system. */
function recipients(notice: Notice, config: Config): NoticeFinding[] {
  const told = new Set(notice.recipients.flatMap(({ system }) => system ?? []));
  return [
    ...Object.keys(config.systems)
      .filter((system) => !told.has(system))
      .map((system): NoticeFinding => ({ code: 'recipient-not-told', system })),
    ...notice.recipients.flatMap(({ name, system, country }): NoticeFinding[] => [
      ...(system !== undefined && system in config.systems
        ? []
        : [{ code: 'recipient-not-connected' as const, recipient: name }]),
      ...(country === undefined ? [{ code: 'country-unsaid' as const, recipient: name }] : []),
      ...(country !== undefined && !eea.has(country) && notice.transfers !== 'told'
        ? [
            {
              code: notice.transfers === 'none' ? ('transfer-denied' as const) : ('transfer-unsaid' as const),
              recipient: name,
              country,
            },
          ]
        : []),
    ]),
  ];
}

function purposes(notice: Notice, config: Config): NoticeFinding[] {
  const told = new Map(notice.purposes.map((purpose) => [purpose.name, purpose]));
  return [
    ...Object.values(config.purposes).flatMap((purpose): NoticeFinding[] => {
      const said = told.get(purpose.name);
      if (!said) return [{ code: 'purpose-not-told', purpose: purpose.name }];
      return [...basis(said.basis, purpose), ...period(said.keep ?? notice.keepsAll, purpose)];
    }),
    ...notice.purposes
      .filter(({ name }) => !(name in config.purposes))
      .map(({ name }): NoticeFinding => ({ code: 'purpose-not-configured', purpose: name })),
  ];
}

function basis(told: string | undefined, purpose: Purpose): NoticeFinding[] {
  if (told === undefined) return [{ code: 'basis-not-told', purpose: purpose.name }];
  return told === purpose.basis ? [] : [{ code: 'basis-differs', purpose: purpose.name, told, configured: purpose.basis }];
}

function period(told: ToldPeriod | undefined, { name, retention = [] }: Purpose): NoticeFinding[] {
  if (told === undefined) return [{ code: 'period-not-told', purpose: name }];
  if (told === 'as-long-as-needed') return [{ code: 'period-vague', purpose: name }];
  const [longest] = retention.map(({ length }) => length).sort((a, b) => daysOf(b) - daysOf(a));
  if (longest === undefined || daysOf(longest) === daysOf(told)) return [];
  return [{ code: 'period-differs', purpose: name, told, configured: longest }];
}

/** To compare lengths, not to count a date: a month is a twelfth of a year. */
const daysOf = ({ years = 0, months = 0, days = 0 }: Length) => years * 360 + months * 30 + days;

function fields(notice: Notice, config: Config): NoticeFinding[] {
  const given = new Map<FieldName, string[]>();
  for (const { system, fields: own } of givenFields(config))
    for (const field of own.keys()) given.set(field, [...(given.get(field) ?? []), system]);
  return [...given]
    .filter(([field]) => !notice.fields.includes(field))
    .map(([field, systems]): NoticeFinding => ({ code: 'field-not-told', field, systems }));
}

/** One length for everything: what of it no law that the configuration leans on keeps so long. */
function keptTooLong(notice: Notice, config: Config, ofKind: Readonly<Record<string, readonly string[]>>): NoticeFinding[] {
  const told = notice.keepsAll;
  if (told === undefined || told === 'as-long-as-needed') return [];
  const named = new Set([
    ...Object.values(config.systems).flatMap(({ connector, recipient }) =>
      recipient ? (recipient.retention.length > 0 ? recipient.retention : (ofKind[connector] ?? [])) : [],
    ),
    ...Object.values(config.purposes).flatMap(({ retention = [] }) => retention.flatMap(({ rules }) => rules)),
  ]);
  const rules = [...named].flatMap((id) => retentionRules[id] ?? []);
  const yearsOf = (field: FieldName) =>
    rules.filter(({ scope }) => scope.fields.includes(field)).reduce((most, { years }) => Math.max(most, years), 0);
  const over = notice.fields.filter((field) => daysOf({ years: yearsOf(field) }) < daysOf(told));
  if (over.length === 0) return [];
  return [
    { code: 'kept-too-long', told, fields: over, longest: over.reduce((most, field) => Math.max(most, yearsOf(field)), 0) },
  ];
}
