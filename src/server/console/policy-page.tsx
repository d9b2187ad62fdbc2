import { type FieldName, fieldNames } from '../../core/person.ts';
import { givenFields, type PolicyWarning, policyWarnings } from '../../core/policy-check.ts';
import type { PeriodFinding } from '../../core/retention-check.ts';
import { periodFindings } from '../../core/retention-policy.ts';
import { rulesOf } from '../../jobs/law-of.ts';
import type { Needs } from '../../jobs/needs.ts';
import { periodLines, retentionWords } from '../period-words.ts';
import type { Translator } from './i18n.ts';
import { page, type View } from './page.ts';
import { Card, Facts, Lines, Notice, Table } from './parts.tsx';

/** Who gets which field for which purpose: the declaration as it is in force, and what in it deserves a second look. */
export const policyPages = [
  page({
    method: 'GET',
    path: '/policy',
    roles: ['admin', 'dpo', 'decision-maker', 'auditor', 'viewer'],
    handle: async ({ needs, t }) => policyPage(needs, t),
  }),
];

function policyPage(needs: Needs, t: Translator): View {
  const { config } = needs;
  const given = givenFields(config);
  const carriers = Object.fromEntries(given.map(({ system }) => [system, carrierOf(needs, system)]));
  const warnings = policyWarnings(config, carriers);
  const findings = periodFindings(config);
  const named = given.flatMap((g) => [...g.fields.keys()]);
  const known: readonly FieldName[] = fieldNames;
  const fields = [...known.filter((f) => named.includes(f)), ...new Set(named.filter((f) => !known.includes(f)))];
  return {
    title: t('policy.title'),
    body: (
      <>
        <p class="lead">{t('policy.lead')}</p>
        <p>
          <a href="/policy/record">{t('policy.record')}</a> · <a href="/policy/notice">{t('policy.notice')}</a>
        </p>
        {warnings.length + findings.length > 0 ? (
          <Notice tone="warn">
            <strong>{t('policy.warnings')}</strong>
            <ul>
              {warnings.map((w) => (
                <li key={JSON.stringify(w)}>{warningWords(t, w)}</li>
              ))}
              {findings.map((f) => (
                <li key={JSON.stringify(f)}>{findingWords(t, f)}</li>
              ))}
            </ul>
          </Notice>
        ) : null}
        <Card title={t('policy.matrix')}>
          <Table
            caption={t('policy.matrix')}
            hideCaption
            empty={t('policy.nothing')}
            rows={fields}
            columns={[
              { label: t('policy.field'), cell: (f) => t.word('field', f) },
              ...given.map((g) => ({ label: g.system, cell: (f: FieldName) => g.fields.get(f)?.join(', ') ?? '–' })),
            ]}
          />
        </Card>
        <Card title={t('policy.purposes')}>
          <Table
            caption={t('policy.purposes')}
            hideCaption
            empty={t('policy.nothing')}
            rows={Object.values(config.purposes)}
            columns={[
              { label: t('policy.purpose'), cell: (p) => p.name },
              { label: t('policy.basis'), cell: (p) => t.word('basis', p.basis) },
              { label: t('policy.permission'), cell: (p) => p.permission ?? t('policy.noPermission') },
              { label: t('policy.for'), cell: (p) => p.for?.map((r) => t.word('role', r)).join(', ') ?? t('policy.forAll') },
              { label: t('policy.fields'), cell: (p) => p.fields.map((f) => t.word('field', f)).join(', ') },
              {
                label: t('policy.period'),
                cell: (p) => (p.retention ? <Lines lines={periodLines(t, p.retention)} /> : t('policy.noPeriod')),
              },
              {
                label: t('policy.systems'),
                cell: (p) =>
                  given
                    .filter((g) => config.systems[g.system]?.recipient?.purposes.includes(p.name))
                    .map((g) => g.system)
                    .join(', ') || '–',
              },
            ]}
          />
        </Card>
        <div class="columns">
          {given.map(({ system }) => (
            <Card key={system} title={system}>
              <Facts
                facts={[
                  [t('policy.purposes'), config.systems[system]?.recipient?.purposes.join(', ')],
                  [t('policy.owner'), config.systems[system]?.owner],
                  [t('policy.retention'), retentionWords(t, carriers[system]?.retention ?? [])],
                  [t('policy.undo'), t('policy.hours', { n: config.systems[system]?.recipient?.undoHours ?? 0 })],
                  [
                    t('policy.due'),
                    carriers[system]?.human ? t('policy.days', { n: config.systems[system]?.recipient?.dueDays ?? 0 }) : null,
                  ],
                ]}
              />
            </Card>
          ))}
        </div>
        <p class="sub">{t('policy.source')}</p>
      </>
    ),
  };
}

function carrierOf(needs: Needs, name: string) {
  const connector = needs.connectors[name];
  const carries = connector?.recipient?.carries;
  return {
    human: connector?.manifest.human ?? false,
    carries:
      carries === undefined
        ? null
        : typeof carries === 'function'
          ? (connector?.recipient?.places ?? []).flatMap((p) => [...carries(p)])
          : carries,
    serves: connector?.recipient?.serves,
    retention: rulesOf(needs, name),
  };
}

/** A finding of a declared period in words; what the configuration refuses never comes here. */
function findingWords(t: Translator, { code, name, params }: PeriodFinding): string {
  const values: Record<string, string | number> = { purpose: name };
  for (const [key, value] of Object.entries(params)) {
    const day = typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value);
    values[key] = Array.isArray(value) ? value.map((f) => t.word('field', f)).join(', ') : day ? t.day(value) : value;
  }
  return t(`policy.finding.${code}`, values);
}

function warningWords(t: Translator, w: PolicyWarning): string {
  switch (w.kind) {
    case 'purpose-unused':
      return t('policy.warning.purpose-unused', { purpose: w.purpose });
    case 'role-unknown':
      return t('policy.warning.role-unknown', {
        purpose: w.purpose,
        roles: w.roles.map((role) => t.word('role', role)).join(', '),
      });
    case 'field-not-carried':
      return t('policy.warning.field-not-carried', {
        system: w.system,
        fields: w.fields.map((f) => t.word('field', f)).join(', '),
      });
    case 'purpose-not-served':
      return t('policy.warning.purpose-not-served', { system: w.system, purpose: w.purpose });
    case 'no-retention':
      return t('policy.warning.no-retention', { system: w.system });
    case 'identity-code':
      return t('policy.warning.identity-code', { system: w.system, purpose: w.purpose });
  }
}
