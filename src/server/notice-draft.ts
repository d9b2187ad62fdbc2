import type { Config } from '../core/configuration.ts';
import type { Gap, ProcessingRecord } from '../core/processing-record.ts';
import { type Called, calledIn } from '../core/title.ts';
import type { Translator } from './console/i18n.ts';
import { lawLines, periodLines } from './period-words.ts';

/** A privacy notice in one language, as far as the configuration knows it, and what a person must still say. */
export interface NoticeDraft {
  language: string;
  title: string;
  sections: { heading: string; paragraphs: string[] }[];
  /** What Art. 13 and 14 GDPR ask for and no configuration holds: never guessed. */
  open: string[];
}

/** Art. 13 and 14 GDPR, from the record of what is connected. Every sentence rests on the configuration. */
export function noticeDraft(t: Translator, config: Config, record: ProcessingRecord): NoticeDraft {
  const called = calledIn(config, t.lang);
  const { controller, activities } = record;
  const section = (heading: string, paragraphs: string[]) => ({ heading, paragraphs });
  const purposes = (bases: readonly string[]) =>
    activities.filter(({ basis }) => bases.includes(basis)).map(({ purpose }) => called.purpose(purpose));
  return {
    language: t.lang,
    title: t('notice.title'),
    sections: [
      section(t('notice.head.controller'), [
        controller.businessId
          ? t('notice.controller', { name: controller.name, businessId: controller.businessId })
          : t('notice.controllerPlain', { name: controller.name }),
        ...(controller.contact ? [t('notice.contact', { contact: controller.contact })] : []),
      ]),
      section(
        t('notice.head.purposes'),
        activities.map(({ purpose, basis, people, fields }) =>
          t('notice.purpose', {
            purpose: called.purpose(purpose),
            basis: t.word('basis', basis),
            people: people.map((role) => t.word('role', role)).join(', '),
            fields: fields.map((field) => t.word('field', field)).join(', '),
          }),
        ),
      ),
      section(t('notice.head.source'), [
        t('notice.source', { registers: [...new Set(activities.flatMap((a) => a.registers))].map(called.system).join(', ') }),
      ]),
      section(t('notice.head.recipients'), recipients(t, called, record)),
      section(t('notice.head.transfers'), transfers(t, called, record)),
      section(t('notice.head.periods'), [...periods(t, called, record), t('notice.suppression')]),
      section(t('notice.head.rights'), [
        t('notice.rights'),
        ...(purposes(['consent', 'contract']).length > 0 ? [t('notice.rightPortability')] : []),
        ...told(purposes(['legitimate-interest', 'public-task']), (names) => t('notice.rightObject', { purposes: names })),
        ...(Object.values(config.purposes).some(({ permission }) => permission) ? [t('notice.rightMarketing')] : []),
        ...told(purposes(['consent']), (names) => t('notice.rightWithdraw', { purposes: names })),
        ...(config.requests
          ? [t('notice.how', { url: `${config.requests.url}/request` })]
          : controller.contact
            ? [t('notice.howContact', { contact: controller.contact })]
            : []),
      ]),
      section(t('notice.head.complaint'), [t('letters.complaint'), t('letters.authority')]),
    ].filter(({ paragraphs }) => paragraphs.length > 0),
    open: openPoints(t, called, record),
  };
}

const told = (names: readonly string[], say: (names: string) => string): string[] =>
  names.length > 0 ? [say(names.join(', '))] : [];

function recipients(t: Translator, called: Called, { activities }: ProcessingRecord): string[] {
  const bySystem = new Map<string, string[]>();
  for (const { purpose, recipients: given } of activities)
    for (const { system } of given) bySystem.set(system, [...(bySystem.get(system) ?? []), called.purpose(purpose)]);
  if (bySystem.size === 0) return [t('notice.noRecipients')];
  return [...bySystem].map(([system, serves]) =>
    t('notice.recipient', { system: called.system(system), purposes: serves.join(', ') }),
  );
}

/** That nothing leaves the EEA is said only where every system says where it is. */
function transfers(t: Translator, called: Called, { gaps }: ProcessingRecord): string[] {
  const outside = gaps.flatMap((gap) => (gap.code === 'transfer-safeguard' ? [gap] : []));
  if (outside.length > 0)
    return outside.map(({ system, country }) =>
      t('notice.transfer', { system: called.system(system), country: t.country(country) }),
    );
  return gaps.some(({ code }) => code === 'no-country') ? [] : [t('notice.noTransfer')];
}

function periods(t: Translator, called: Called, { activities }: ProcessingRecord): string[] {
  const laws = new Map(activities.flatMap((a) => a.laws.map(({ system, rules }) => [system, rules] as const)));
  return [
    ...activities.flatMap(({ purpose, periods: own }) =>
      own.length === 0 ? [] : [t('notice.period', { purpose: called.purpose(purpose), period: periodLines(t, own).join('; ') })],
    ),
    ...[...laws].map(([system, rules]) =>
      t('notice.law', { system: called.system(system), period: lawLines(t, rules).join('; ') }),
    ),
  ];
}

function openPoints(t: Translator, called: Called, { activities, gaps }: ProcessingRecord): string[] {
  return [
    ...gaps.flatMap((gap) => gapPoint(t, called, gap) ?? []),
    ...activities.flatMap(({ purpose, basis }): string[] => {
      if (basis === 'legitimate-interest') return [t('notice.open.interest', { purpose: called.purpose(purpose) })];
      return basis === 'legal-obligation' ? [t('notice.open.obligation', { purpose: called.purpose(purpose) })] : [];
    }),
    t('notice.open.required'),
    t('notice.open.automated'),
    t('notice.open.others'),
  ];
}

function gapPoint(t: Translator, called: Called, gap: Gap): string | null {
  switch (gap.code) {
    case 'no-contact':
      return t('notice.open.contact');
    case 'no-period':
      return t('notice.open.period', { purpose: called.purpose(gap.purpose) });
    case 'no-country':
      return t('notice.open.country', { system: called.system(gap.system) });
    case 'transfer-safeguard':
      return t('notice.open.safeguard', { system: called.system(gap.system), country: t.country(gap.country) });
    // neither is a matter of the notice
    case 'no-recipient':
    case 'systems-security':
      return null;
  }
}

/** The draft as Markdown: to be finished in any editor. */
export const draftText = (t: Translator, { title, sections, open }: NoticeDraft): string =>
  [
    `# ${title}`,
    ...sections.map(({ heading, paragraphs }) => [`## ${heading}`, ...paragraphs].join('\n\n')),
    [`## ${t('notice.open')}`, open.map((point) => `- [ ] ${point}`).join('\n')].join('\n\n'),
  ].join('\n\n');
