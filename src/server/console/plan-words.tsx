import { runAgainstPlan } from '../../core/case.ts';
import type { DutyView } from '../../core/duty.ts';
import type { Needs } from '../../jobs/needs.ts';
import type { CaseRow, CaseType, PlannedStep } from '../../store/cases.ts';
import type { Translator } from './i18n.ts';
import { Badge, DutyWords, EvidenceMark, StateBadge, Table } from './parts.tsx';

const list = (t: Translator, fields: readonly string[]) => fields.map((f) => t.word('field', f)).join(', ');

/** Steps that the catalogue has a whole sentence for. */
const said = new Set(['erase', 'strip', 'ask', 'nothing', 'update', 'restrict', 'read', 'keep']);

/** What happens at a system, in words. */
function goes(t: Translator, needs: Needs, type: CaseType, step: PlannedStep): string {
  if (step.reason === 'first') return t('cases.will.first', { fields: list(t, step.fields ?? []) });
  if (step.reason === 'last')
    return t(step.step === 'ask' ? 'cases.will.askLast' : 'cases.will.last', { days: eraseAfter(needs, step.system) });
  const key = step.step === 'ask' && type !== 'erasure' ? `ask.${type}` : step.step;
  if (said.has(step.step)) return t(`cases.will.${key}`, { fields: step.fields ? list(t, step.fields) : t('cases.allHeld') });
  return step.reason ? t.word('reason', step.reason) : t.word('step', step.step);
}

const eraseAfter = (needs: Needs, register: string) => needs.config.systems[register]?.register?.eraseAfterDays ?? 0;

/** What stays, by which law and until when. */
function stays(t: Translator, step: PlannedStep): string {
  if (step.retained)
    return t('cases.stays', {
      fields: list(t, step.retained.fields),
      day: t.day(step.retained.until),
      law: t.law(step.retained.law),
    });
  if (step.reason === 'law-not-read') return t('cases.lawNotRead');
  return step.step === 'ask' ? t('cases.staysAsked') : t('cases.staysNothing');
}

/** The plan before anything happens: what goes, what stays, which law, until when. */
export const PlanTable = ({
  t,
  needs,
  type,
  plan,
}: {
  t: Translator;
  needs: Needs;
  type: CaseType;
  plan: readonly PlannedStep[];
}) => (
  <Table
    caption={t('cases.plan')}
    hideCaption
    empty={t('cases.noPlan')}
    rows={plan}
    columns={[
      { label: t('people.system'), cell: (step) => step.system },
      { label: t(type === 'erasure' ? 'cases.goes' : 'cases.happens'), cell: (step) => goes(t, needs, type, step) },
      ...(type === 'erasure' ? [{ label: t('cases.staysHead'), cell: (step: PlannedStep) => stays(t, step) }] : []),
      ...(plan.some((step) => step.reason === 'vouchers-unchanged')
        ? [
            {
              label: t('cases.staysHead'),
              cell: (step: PlannedStep) => (step.reason === 'vouchers-unchanged' ? t('cases.vouchersStay') : ''),
            },
          ]
        : []),
    ]}
  />
);

const tones = { pending: 'calm', 'as-planned': 'good', differs: 'bad' } as const;
const marks = { pending: '◌', 'as-planned': '✓', differs: '≠' } as const;

/** The plan beside what became of it. */
export const RunTable = ({ t, found, duties, at }: { t: Translator; found: CaseRow; duties: readonly DutyView[]; at: Date }) => (
  <Table
    caption={t('cases.run')}
    hideCaption
    empty={t('cases.noPlan')}
    rows={runAgainstPlan(found, duties)}
    columns={[
      { label: t('people.system'), cell: ({ step }) => step.system },
      {
        label: t('cases.planned'),
        cell: ({ step }) => (
          <>
            {t.word('step', step.step)}
            {step.retained ? (
              <span class="sub">
                {t('words.retainedUntil', { day: t.day(step.retained.until), law: t.law(step.retained.law) })}
              </span>
            ) : null}
          </>
        ),
      },
      {
        label: t('cases.became'),
        cell: ({ duty }) =>
          duty ? (
            <>
              <StateBadge t={t} state={duty.state} />
              <span class="sub">
                <DutyWords t={t} duty={duty} at={at} />
              </span>
              <span class="sub">
                <EvidenceMark t={t} evidence={duty.evidence} />
              </span>
            </>
          ) : (
            t('home.noDuty')
          ),
      },
      {
        label: t('cases.compared'),
        cell: ({ against }) => (
          <Badge tone={tones[against]} mark={marks[against]}>
            {t(`cases.against.${against}`)}
          </Badge>
        ),
      },
    ]}
  />
);
