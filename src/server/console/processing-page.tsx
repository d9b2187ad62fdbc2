import type { Gap } from '../../core/processing-record.ts';
import { calledIn } from '../../core/title.ts';
import { now } from '../../jobs/needs.ts';
import { periodLines, retentionWords } from '../period-words.ts';
import { recordNow } from '../processing.ts';
import type { Translator } from './i18n.ts';
import { rolesOf } from './may.ts';
import { page } from './page.ts';
import { Card, Facts, Lines, Notice } from './parts.tsx';

/** The record of processing: to read, print, and hand to the authority that asks (Art. 30(4)). */
export const processingPages = [
  page({
    method: 'GET',
    path: '/policy/record',
    roles: rolesOf('GET /processing-record'),
    handle: async ({ needs, t }) => {
      const { controller, activities, security, gaps } = recordNow(needs);
      const called = calledIn(needs.config, t.lang);
      const fields = (names: readonly string[]) => names.map((f) => t.word('field', f)).join(', ');
      return {
        title: t('record.title'),
        body: (
          <>
            <p class="lead">{t('record.lead', { day: t.day(await now(needs)) })}</p>
            <Notice tone="warn">
              <strong>{t('record.gaps')}</strong>
              <ul>
                {gaps.map((gap) => (
                  <li key={JSON.stringify(gap)}>{gapWords(t, gap)}</li>
                ))}
              </ul>
            </Notice>
            <Card title={t('record.controller')}>
              <Facts
                facts={[
                  [t('record.name'), controller.name],
                  ...(controller.businessId ? [[t('rights.part.businessId'), controller.businessId] as const] : []),
                  [t('record.contact'), controller.contact ?? t('record.unsaid')],
                ]}
              />
            </Card>
            {activities.map((a) => (
              <Card key={a.purpose} title={t('record.activity', { purpose: called.purpose(a.purpose) })}>
                <Facts
                  facts={[
                    [t('policy.basis'), t.word('basis', a.basis)],
                    [t('record.people'), a.people.map((role) => t.word('role', role)).join(', ')],
                    [t('policy.fields'), fields(a.fields)],
                    [t('record.source'), a.registers.map(called.system).join(', ')],
                    [
                      t('record.recipients'),
                      a.recipients.length === 0
                        ? t('record.unsaid')
                        : a.recipients.map((r) => (
                            <span class="sub" key={r.system}>
                              {r.human
                                ? t('record.people-run', { system: called.system(r.system) })
                                : `${called.system(r.system)} (${r.vendor})`}
                              {`, ${r.country ? t(r.outsideEea ? 'record.outside' : 'record.inside', { country: r.country }) : t('record.countryUnsaid')}`}
                            </span>
                          )),
                    ],
                    [
                      t('policy.period'),
                      a.periods.length > 0 ? <Lines lines={periodLines(t, a.periods)} /> : t('policy.noPeriod'),
                    ],
                    ...(a.laws.length > 0
                      ? [
                          [
                            t('record.laws'),
                            a.laws.map(({ system, rules }) => `${called.system(system)}: ${retentionWords(t, rules)}`).join('; '),
                          ] as const,
                        ]
                      : []),
                  ]}
                />
              </Card>
            ))}
            <Card title={t('record.security')}>
              <ul>
                {security.map((measure) => (
                  <li key={measure}>{t(`record.measure.${measure}`)}</li>
                ))}
              </ul>
            </Card>
          </>
        ),
      };
    },
  }),
];

function gapWords(t: Translator, gap: Gap): string {
  switch (gap.code) {
    case 'no-contact':
    case 'systems-security':
      return t(`record.gap.${gap.code}`);
    case 'no-period':
    case 'no-recipient':
      return t(`record.gap.${gap.code}`, { purpose: gap.purpose });
    case 'no-country':
      return t('record.gap.no-country', { system: gap.system });
    case 'transfer-safeguard':
      return t('record.gap.transfer-safeguard', { system: gap.system, country: gap.country });
  }
}
