import { z } from 'zod';
import { type Asked, checkFields } from '../../core/case-request.ts';
import { findIdentityCodes } from '../../core/identity-code.ts';
import { checkForm, type FormFault, type FormText, linkDays } from '../../core/intake.ts';
import { rectifiable } from '../../core/policy.ts';
import { rightsToTell } from '../../core/published-notice.ts';
import { clockOf } from '../../jobs/case-clock.ts';
import { confirmLink, type LinkState, lookAtLink, receiveForm, type Sent } from '../../jobs/intakes.ts';
import { type Needs, now } from '../../jobs/needs.ts';
import { requestFormPdf } from '../request-form-pdf.ts';
import type { Translator } from './i18n.ts';
import { type OpenAsk, openPage, type View } from './page.ts';
import { Card, Do, Notice } from './parts.tsx';
import { askedIn } from './rights-pages.tsx';
import { FieldInput } from './rights-parts.tsx';

const Right = z.object({ type: z.enum(rightsToTell, { error: 'is no right that a request is made for' }) });
type Right = z.infer<typeof Right>['type'];
const text = z.string().max(10_000).default('');
const Form = z.object({ name: text, email: text, phone: text, message: text, role: text, objection: text }).loose();
const Token = z.object({ token: z.string().max(100) });

/** Fields that nobody corrects through an open form: they are nobody's to type there. */
const neverHere = ['identityCode', 'customerNumber', 'permissions', 'language'];

const rolesIn = ({ config }: Needs): string[] => Object.values(config.systems).flatMap((s) => s.register?.for ?? []);

const correctable = (needs: Needs) => [
  ...new Set(
    rolesIn(needs)
      .flatMap((role) => rectifiable(Object.values(needs.config.purposes), role).fields)
      .filter((field) => !neverHere.includes(field) && !field.startsWith('custom.')),
  ),
];

/** The public form: anybody asks, a mailed link proves the mailbox, and no answer tells whether somebody is known. */
export const requestPages = [
  openPage({
    method: 'GET',
    path: '/request',
    handle: async ({ needs, t }) => (needs.config.requests ? chooseView(needs, t) : shutView(needs, t)),
  }),
  openPage({
    method: 'GET',
    path: '/request/form.pdf',
    handle: async ({ needs, t }) => ({
      file: `${t('request.paper.file')}.pdf`,
      type: 'application/pdf',
      content: await requestFormPdf(needs, t, await now(needs)),
    }),
  }),
  openPage({
    method: 'GET',
    path: '/request/new/:type',
    params: Right,
    handle: async ({ needs, t, params }) => (needs.config.requests ? formView(needs, t, params.type) : shutView(needs, t)),
  }),
  openPage({ method: 'POST', path: '/request/new/:type', params: Right, body: Form, handle: receive }),
  openPage({
    method: 'GET',
    path: '/request/confirm/:token',
    params: Token,
    handle: async ({ needs, t, params }) => linkView(needs, t, params.token, await lookAtLink(needs, params.token)),
  }),
  openPage({
    method: 'POST',
    path: '/request/confirm/:token',
    params: Token,
    handle: async ({ needs, t, params }) => linkView(needs, t, params.token, await confirmLink(needs, params.token)),
  }),
];

async function receive({
  needs,
  t,
  params: { type },
  body,
  ip,
}: OpenAsk<{ type: Right }, Record<string, unknown>, z.infer<typeof Form>>): Promise<View> {
  if (!needs.config.requests) return shutView(needs, t);
  const { name, email, phone, message, role, objection, ...rest } = body;
  const given: FormText = { name: name.trim(), email: email.trim(), phone: phone.trim(), message: message.trim() };
  const roles = rolesIn(needs);
  const asked = type === 'rectification' ? askedIn(rest, type) : {};
  const isWider = type === 'objection' && objection === 'other';
  const faults = checkForm(given);
  const problems = faults.map(({ field, code }) => t(`request.fault.${code}`, { field: t(`request.${field}`) }));
  problems.push(...valueFaults(needs, t, asked));
  const isEmpty = type === 'rectification' && Object.keys(asked.fields ?? {}).length === 0;
  if ((isEmpty || isWider) && given.message === '') problems.push(t(`request.fault.${isWider ? 'say-what' : 'say-correction'}`));
  if (role !== '' && !roles.includes(role)) problems.push(t('request.fault.role'));
  if (problems.length > 0) return formView(needs, t, type, { given, faults, problems, role, objection, values: rest });
  const sent: Sent = { ...given, ...(isEmpty || isWider ? { isUnclear: true } : { asked }) };
  const outcome = await receiveForm(needs, {
    type,
    language: t.lang,
    role: role === '' ? (roles.length === 1 ? (roles[0] ?? null) : null) : role,
    sent,
    ip,
  });
  if (outcome === 'too-many')
    return {
      title: t('request.tooMany'),
      status: 429,
      body: (
        <Card>
          <p>{t('request.tooManyText', contactIn(needs))}</p>
        </Card>
      ),
    };
  return {
    title: t('request.sent'),
    body: (
      <Card>
        <p>{t('request.sentText', { days: linkDays })}</p>
        <p class="hint">{t('request.sentHint', contactIn(needs))}</p>
      </Card>
    ),
  };
}

/** What is wrong with the corrected values, told while their sender can mend them. Nothing here names a value. */
function valueFaults(needs: Needs, t: Translator, asked: Asked): string[] {
  const open: readonly string[] = correctable(needs);
  return Object.entries(asked.fields ?? {}).flatMap(([name, value]) => {
    const field = t.word('field', name);
    const parts = typeof value === 'object' ? Object.values(value ?? {}) : [String(value)];
    if (parts.some((part) => findIdentityCodes(part).length > 0)) return [t('request.fault.identity-code', { field })];
    const { faults } = checkFields({ fields: { [name]: value } }, { declared: open, permissions: [], purposes: {} });
    return faults.length > 0 ? [t('request.fault.no-value', { field })] : [];
  });
}

const contactIn = ({ config: { controller } }: Needs) => ({ contact: controller.privacyContact ?? controller.name });

const Paper = ({ t }: { t: Translator }) => (
  <p>
    <a href="/request/form.pdf">{t('request.paperLink')}</a>
  </p>
);

const chooseView = (needs: Needs, t: Translator): View => ({
  title: t('request.title'),
  body: (
    <Card>
      <p>{t('request.intro', { controller: needs.config.controller.name })}</p>
      <ul class="plain links">
        {rightsToTell.map((type) => (
          <li key={type}>
            <a href={`/request/new/${type}`}>{t(`request.right.${type}`)}</a>
          </li>
        ))}
      </ul>
      <p class="hint">{t('request.rules')}</p>
      <Paper t={t} />
    </Card>
  ),
});

/** No mail server, no form: who asks is told where else to ask. */
const shutView = (needs: Needs, t: Translator): View => ({
  title: t('request.title'),
  body: (
    <Card>
      <p>{t('request.shut', contactIn(needs))}</p>
      <Paper t={t} />
    </Card>
  ),
});

interface Again {
  given: FormText;
  faults: readonly FormFault[];
  problems: readonly string[];
  role: string;
  objection: string;
  /** The corrected values as they were typed. */
  values: Readonly<Record<string, unknown>>;
}

function formView(needs: Needs, t: Translator, type: Right, again?: Again): View {
  const roles = rolesIn(needs);
  const input = (
    field: keyof FormText,
    kind: 'text' | 'email' | 'tel',
    autocomplete: string,
    isRequired: boolean,
    hint?: string,
  ) => (
    <label>
      {t(`request.${field}`)}
      <input
        // the types of preact know one kind of input at a time
        type={kind as 'text'}
        name={field}
        value={again?.given[field]}
        required={isRequired}
        autocomplete={autocomplete}
        {...(again?.faults.some((f) => f.field === field) ? { 'aria-invalid': 'true' as const } : {})}
      />
      {hint ? <span class="hint">{hint}</span> : null}
    </label>
  );
  return {
    title: t(`request.right.${type}`),
    ...(again ? { status: 400 } : {}),
    body: (
      <>
        {again ? (
          <Notice tone="bad">
            {t('request.notSent')}
            <ul>
              {again.problems.map((problem) => (
                <li key={problem}>{problem}</li>
              ))}
            </ul>
          </Notice>
        ) : null}
        <Card>
          <p>{t(`request.about.${type}`)}</p>
          <form method="post" action={`/request/new/${type}`} class="form">
            {input('name', 'text', 'name', true)}
            {input('email', 'email', 'email', true, t('request.emailHint'))}
            {input('phone', 'tel', 'tel', false)}
            {roles.length > 1 ? <RoleChoice t={t} roles={roles} chosen={again?.role ?? ''} /> : null}
            {type === 'objection' ? <ObjectionChoice t={t} chosen={again?.objection ?? ''} /> : null}
            {type === 'rectification' ? (
              <fieldset>
                <legend>{t('rights.corrected')}</legend>
                <p class="hint">{t('request.correctedHint')}</p>
                {correctable(needs).map((field) => (
                  <FieldInput key={field} t={t} field={field} canBlank={false} values={again?.values} />
                ))}
              </fieldset>
            ) : null}
            <label>
              {t('request.message')}
              <textarea name="message" rows={5} maxLength={2000}>
                {again?.given.message}
              </textarea>
              <span class="hint">{t('request.noCode')}</span>
            </label>
            <div class="actions">
              <button type="submit" class="primary">
                {t('request.send')}
              </button>
              <a class="button" href="/request">
                {t('cases.cancel')}
              </a>
            </div>
          </form>
        </Card>
      </>
    ),
  };
}

const RoleChoice = ({ t, roles, chosen }: { t: Translator; roles: readonly string[]; chosen: string }) => (
  <label>
    {t('request.role')}
    <select name="role">
      {['', ...roles].map((role) => (
        <option key={role} value={role} selected={role === chosen}>
          {role === '' ? t('request.roleUnsure') : t.word('role', role)}
        </option>
      ))}
    </select>
  </label>
);

const ObjectionChoice = ({ t, chosen }: { t: Translator; chosen: string }) => (
  <fieldset>
    <legend>{t('request.objects')}</legend>
    {['marketing', 'other'].map((what) => (
      <label key={what} class="check">
        <input type="radio" name="objection" value={what} checked={what === (chosen || 'marketing')} />{' '}
        {t(`request.objects.${what}`)}
      </label>
    ))}
  </fieldset>
);

async function linkView(needs: Needs, t: Translator, token: string, link: LinkState | undefined): Promise<View> {
  if (link?.state === 'open')
    return {
      title: t('request.confirm'),
      body: (
        <Card>
          <p>{t('request.confirmText', { type: t(`request.right.${link.row.type}`), day: t.day(link.row.received_at) })}</p>
          <Do action={`/request/confirm/${token}`} label={t('request.confirmNow')} tone="primary" />
        </Card>
      ),
    };
  if (link?.state === 'confirmed') {
    const { date } = clockOf(needs, link.row, await now(needs));
    return {
      title: t('request.received'),
      body: (
        <Card>
          <p>
            {t('request.receivedText', {
              type: t(`request.right.${link.row.type}`),
              day: t.day(date),
              code: link.row.id.slice(0, 8),
            })}
          </p>
          <p class="hint">{t('request.sentHint', contactIn(needs))}</p>
        </Card>
      ),
    };
  }
  return {
    title: t('request.confirm'),
    status: 404,
    body: (
      <Card>
        <p>{t('request.linkOver', { days: linkDays })}</p>
        <p>
          <a href="/request">{t('request.again')}</a>
        </p>
      </Card>
    ),
  };
}
