import { z } from 'zod';
import type { Needs } from '../../jobs/needs.ts';
import { type Found, findPeople, type Sought } from '../people.ts';
import { ProblemError } from '../problem.ts';
import type { Translator } from './i18n.ts';
import { rolesOf } from './may.ts';
import { page, type View } from './page.ts';
import { Badge, Card, IdLink, Notice, Table } from './parts.tsx';

/** An empty field of a form says nothing. */
export const optionalText = (max: number) =>
  z
    .string()
    .trim()
    .max(max)
    .transform((value) => (value === '' ? undefined : value))
    .optional();

const Form = z.object({
  email: optionalText(320),
  phone: optionalText(60),
  customerNumber: optionalText(100),
  system: optionalText(100),
  remoteId: optionalText(300),
});

/** Finding a person: always by a form that is posted, so that no value stands in an address, a history or a log. */
export const peoplePages = [
  page({
    method: 'GET',
    path: '/people',
    roles: rolesOf('GET /subjects'),
    handle: async ({ needs, t }) => view(needs, t, {}),
  }),
  page({
    method: 'POST',
    path: '/people',
    roles: rolesOf('GET /subjects'),
    body: Form,
    handle: async ({ needs, t, body, scope }) => {
      // a system is chosen beside an empty row id: nothing was asked of it
      const sought: Sought = body.remoteId === undefined ? { ...body, system: undefined } : body;
      try {
        const found = await findPeople(needs, sought, scope);
        const [only, ...others] = found;
        if (only && others.length === 0) return { to: `/people/${only.id}` };
        return view(needs, t, { found });
      } catch (error) {
        const code = error instanceof ProblemError && error.status === 400 ? error.more['code'] : undefined;
        if (typeof code !== 'string') throw error;
        return { ...view(needs, t, { fault: code }), status: 400 };
      }
    },
  }),
];

function view(needs: Needs, t: Translator, { found, fault }: { found?: Found[]; fault?: string }): View {
  return {
    title: t('people.title'),
    body: (
      <>
        {fault ? <Notice tone="bad">{t(`people.fault.${fault}`)}</Notice> : null}
        {found ? <Hits t={t} found={found} /> : null}
        <Card title={t('people.find')}>
          <p class="hint">{t('people.findHint')}</p>
          <form method="post" action="/people" class="form" autocomplete="off">
            <label>
              {t('people.email')}
              <input type="text" name="email" inputMode="email" autocomplete="off" spellcheck={false} />
            </label>
            <label>
              {t('people.phone')}
              <input type="text" name="phone" inputMode="tel" autocomplete="off" />
            </label>
            <label>
              {t('people.customerNumber')}
              <input type="text" name="customerNumber" autocomplete="off" />
            </label>
            <fieldset>
              <legend>{t('people.byRow')}</legend>
              <div class="form">
                <label>
                  {t('people.system')}
                  <select name="system">
                    {Object.keys(needs.config.systems)
                      .filter((name) => !needs.connectors[name]?.manifest.human)
                      .map((name) => (
                        <option key={name} value={name}>
                          {name}
                        </option>
                      ))}
                  </select>
                </label>
                <label>
                  {t('people.remoteId')}
                  <input type="text" name="remoteId" autocomplete="off" />
                </label>
              </div>
            </fieldset>
            <div>
              <button type="submit" class="primary">
                {t('people.search')}
              </button>
            </div>
          </form>
        </Card>
      </>
    ),
  };
}

function Hits({ t, found }: { t: Translator; found: Found[] }) {
  if (found.length === 0) return <Notice tone="calm">{t('people.nobody')}</Notice>;
  return (
    <Card title={t('people.several', { n: found.length })}>
      <p class="hint">{t('people.severalHint')}</p>
      <Table
        caption={t('people.several', { n: found.length })}
        hideCaption
        empty=""
        rows={found.slice(0, 100)}
        columns={[
          { label: t('people.id'), cell: (f) => <IdLink href={`/people/${f.id}`} id={f.id} /> },
          { label: t('people.role'), cell: (f) => t.word('role', f.role) },
          { label: t('people.register'), cell: (f) => f.register },
          { label: t('people.state'), cell: (f) => <SubjectBadge t={t} state={f.state} /> },
        ]}
      />
    </Card>
  );
}

const subjectTones: Record<string, { tone: string; mark: string }> = {
  active: { tone: 'good', mark: '✓' },
  erasing: { tone: 'warn', mark: '◷' },
  erased: { tone: 'calm', mark: '–' },
};
export const SubjectBadge = ({ t, state }: { t: Translator; state: string }) => (
  <Badge {...(subjectTones[state] ?? { tone: 'calm' })}>{t.word('subjectState', state)}</Badge>
);
