import { dayIn } from '../../core/day.ts';
import type { FieldName } from '../../core/person.ts';
import { rectifiable } from '../../core/policy.ts';
import { clockSettings } from '../../jobs/case-clock.ts';
import { liftableFrom, type Request, type RightType } from '../../jobs/case-rights.ts';
import { type Needs, registerOf } from '../../jobs/needs.ts';
import type { CaseRow, CaseType } from '../../store/cases.ts';
import type { SubjectRow } from '../../store/subjects.ts';
import type { Actor } from '../auth.ts';
import type { Translator } from './i18n.ts';
import { may } from './may.ts';
import { Card, Do, Facts, Notice } from './parts.tsx';
import { HowItCame, OpenOrCancel } from './request-fields.tsx';
import { valueText } from './values.ts';

/** The pieces of the pages about rights beside erasure. */

export const rightTypes = ['access', 'rectification', 'restriction', 'objection', 'portability'] as const;
const parts = { address: ['street', 'postcode', 'city', 'country'], organisation: ['name', 'businessId'] } as const;
export const innerOf = (field: string): readonly string[] | undefined =>
  field === 'billingAddress' ? parts.address : parts[field as keyof typeof parts];

/** The form that opens a case. */
export function NewCase({
  needs,
  t,
  subject,
  type,
  today,
}: {
  needs: Needs;
  t: Translator;
  subject: SubjectRow;
  type: RightType;
  today: string;
}) {
  return (
    <>
      <Notice tone="calm">{t(`rights.about.${type}`)}</Notice>
      <Card title={t('rights.open')}>
        <form method="post" action={`/people/${subject.id}/case`} class="form" autocomplete="off">
          <input type="hidden" name="type" value={type} />
          <AskedInputs needs={needs} t={t} subject={subject} type={type} />
          <HowItCame t={t} today={today}>
            <label>
              {t('rights.language')}
              <select name="language">
                <option value="">{t('rights.unknown')}</option>
                {(['fi', 'sv', 'en'] as const).map((lang) => (
                  <option key={lang} value={lang}>
                    {t(`rights.lang.${lang}`)}
                  </option>
                ))}
              </select>
            </label>
          </HowItCame>
          <OpenOrCancel t={t} label={t('rights.openNow')} back={`/people/${subject.id}`} />
        </form>
      </Card>
    </>
  );
}

/** What exactly is asked for, where the right wants it said. */
export function AskedInputs({ needs, t, subject, type }: { needs: Needs; t: Translator; subject: SubjectRow; type: CaseType }) {
  if (type === 'objection') return <Objected needs={needs} t={t} subject={subject} />;
  if (type !== 'rectification') return null;
  return (
    <fieldset>
      <legend>{t('rights.corrected')}</legend>
      <p class="hint">{t('rights.correctedHint')}</p>
      {rectifiable(Object.values(needs.config.purposes), subject.role).fields.map((field) => (
        <FieldInput key={field} t={t} field={field} />
      ))}
    </fieldset>
  );
}

/** A field as it should read; `canBlank`: or as nothing. `values`: what was typed before, by the name of its input. */
export function FieldInput({
  t,
  field,
  canBlank = true,
  values = {},
}: {
  t: Translator;
  field: FieldName;
  canBlank?: boolean;
  values?: Readonly<Record<string, unknown>> | undefined;
}) {
  const inner = innerOf(field);
  const name = t.word('field', field);
  return (
    <>
      {(inner ?? ['']).map((part) => {
        const input = part ? `field.${field}.${part}` : `field.${field}`;
        const before = values[input];
        return (
          <label key={part}>
            {part ? `${name}: ${t(`rights.part.${part}`)}` : name}
            <input type="text" name={input} maxLength={200} {...(typeof before === 'string' ? { value: before } : {})} />
          </label>
        );
      })}
      {canBlank ? (
        <label class="check">
          <input type="checkbox" name={`blank.${field}`} value="yes" /> {t('rights.blank', { field: name })}
        </label>
      ) : null}
    </>
  );
}

/** Direct marketing by its permissions; what rests on a legitimate interest by its purposes. Nothing chosen: all direct marketing. */
function Objected({ needs, t, subject }: { needs: Needs; t: Translator; subject: SubjectRow }) {
  const permissions = Object.keys(registerOf(needs, subject.register).options.permissions);
  const purposes = Object.values(needs.config.purposes).filter(
    (p) =>
      !p.permission &&
      (p.basis === 'legitimate-interest' || p.basis === 'public-task') &&
      (p.for ?? [subject.role]).includes(subject.role),
  );
  return (
    <fieldset>
      <legend>{t('rights.objects')}</legend>
      <p class="hint">{t('rights.objectsHint')}</p>
      {permissions.map((name) => (
        <label key={name} class="check">
          <input type="checkbox" name={`permission.${name}`} value="yes" /> {t('rights.permission', { name })}
        </label>
      ))}
      {purposes.map(({ name }) => (
        <label key={name} class="check">
          <input type="checkbox" name={`purpose.${name}`} value="yes" /> {t('rights.purpose', { name })}
        </label>
      ))}
    </fieldset>
  );
}

/** The values a person asked for, in the clear. */
export function AskedValues({ t, request }: { t: Translator; request: Request }) {
  return (
    <Facts
      facts={[
        ...Object.entries(request.fields ?? {}).map(([name, value]) => [t.word('field', name), valueText(value)] as const),
        ...(request.blanked ?? []).map((name) => [t.word('field', name), t('rights.toBlank')] as const),
        ...(request.permissions ?? []).map((name) => [t('rights.objects'), t('rights.permission', { name })] as const),
        ...(request.purposes ?? []).map((name) => [t('rights.objects'), t('rights.purpose', { name })] as const),
      ]}
    />
  );
}

/** On the page of a case: what was asked, what stands in the way of a correction, and how a restriction ends. */
export function RightsCard({
  needs,
  t,
  actor,
  found,
  at,
}: {
  needs: Needs;
  t: Translator;
  actor: Actor;
  found: CaseRow;
  at: Date;
}) {
  if (found.type === 'erasure') return null;
  const hasAsked = found.sealed_request !== null && (found.type === 'rectification' || found.type === 'objection');
  const from = liftableFrom(needs, found);
  const day = dayIn(at, clockSettings(needs).zone);
  return (
    <>
      {found.hindered && found.state === 'running' ? (
        <Notice tone="warn">{t(`rights.hindered.${hinderedKey(found.hindered.code)}`, { system: registerName(found) })}</Notice>
      ) : null}
      {hasAsked && may(actor, 'POST /subjects/:id/read') ? (
        <Card title={t('rights.whatAsked')}>
          <p class="hint">{t('rights.revealHint')}</p>
          <Do action={`/cases/${found.id}/asked`} label={t('rights.reveal')} />
        </Card>
      ) : null}
      {found.restricts ? (
        <Card title={t('rights.restricted')}>
          <p>
            {found.lift && from ? t('rights.told', { day: t.day(found.lift.toldOn), from: t.day(from) }) : t('rights.notTold')}
          </p>
          {may(actor, 'POST /cases/:id/announce-lift') ? (
            <form method="post" action={`/cases/${found.id}/announce-lift`} class="form">
              <label>
                {t('clock.toldOn')}
                <input type="date" name="toldOn" max={day} />
              </label>
              <div>
                <button type="submit">{t('rights.announce')}</button>
              </div>
            </form>
          ) : null}
          {from !== null && from <= day && may(actor, 'POST /cases/:id/lift') ? (
            <Do action={`/cases/${found.id}/lift`} label={t('rights.lift')} tone="danger" />
          ) : null}
        </Card>
      ) : found.lift?.liftedAt ? (
        <p class="hint">{t('rights.wasLifted', { day: t.day(found.lift.liftedAt) })}</p>
      ) : null}
    </>
  );
}

const hinderedCodes = ['register-refuses', 'register-not-writable', 'register-row-missing', 'register-shows-otherwise'];
const hinderedKey = (code: string) =>
  code === 'register-not-writable' ? 'register-refuses' : hinderedCodes.includes(code) ? code : 'unanswered';
const registerName = (found: CaseRow) => found.plan.find((step) => step.reason === 'first')?.system ?? '';

/** The ways to open a case about somebody, one link a right. */
export const NewCaseLinks = ({ t, actor, subject }: { t: Translator; actor: Actor; subject: SubjectRow }) =>
  may(actor, 'POST /cases') && subject.state === 'active' ? (
    <>
      <h3>{t('rights.others')}</h3>
      <ul class="plain links">
        {rightTypes.map((type) => (
          <li key={type}>
            <a href={`/people/${subject.id}/new-case?type=${type}`}>{t(`rights.link.${type}`)}</a>
          </li>
        ))}
      </ul>
    </>
  ) : null;
