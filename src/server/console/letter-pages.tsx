import { z } from 'zod';
import { letterKinds } from '../../core/letter.ts';
import { owesLetter } from '../../jobs/letters.ts';
import type { CaseRow } from '../../store/cases.ts';
import type { LetterRow } from '../../store/letters.ts';
import type { Actor } from '../auth.ts';
import { letterPage } from '../letter-page.tsx';
import { letterPdf } from '../letter-pdf.ts';
import { makeNamed, readable, sentNamed } from '../letters.ts';
import { Id } from '../routes.ts';
import { optionalDay } from './case-clock.tsx';
import type { Translator } from './i18n.ts';
import { may, rolesOf } from './may.ts';
import { page } from './page.ts';
import { Badge, Card, Table } from './parts.tsx';
import { optionalText } from './people.tsx';

const Named = Id.extend({ letter: z.uuid() });
const languages = ['fi', 'sv', 'en'] as const;

/** The letters of a case: made, looked at, sent. */
export const letterPages = [
  page({
    method: 'POST',
    path: '/cases/:id/letters',
    roles: rolesOf('POST /cases/:id/letters'),
    params: Id,
    body: z.object({ kind: z.enum(letterKinds), language: optionalText(2).pipe(z.enum(languages).optional()) }),
    handle: async ({ needs, actor, params, body }) => ({
      to: `/cases/${params.id}/letters/${await makeNamed(needs, params.id, actor.id, body)}`,
      said: 'letterMade',
    }),
  }),
  page({
    method: 'GET',
    path: '/cases/:id/letters/:letter',
    roles: rolesOf('GET /cases/:id/letters/:letter'),
    params: Named,
    query: z.object({ as: z.enum(['pdf', 'html']).optional() }),
    handle: async ({ needs, actor, t, params, query }) => {
      const { row, body } = await readable(needs, params.id, params.letter);
      const stem = `letter-${row.kind}-${params.id.slice(0, 8)}`;
      if (query.as === 'pdf') return { file: `${stem}.pdf`, type: 'application/pdf', content: await letterPdf(row, body) };
      if (query.as === 'html') return { file: `${stem}.html`, type: 'text/html; charset=utf-8', content: letterPage(row, body) };
      const path = `/cases/${params.id}/letters/${row.id}`;
      return {
        title: t('letters.page', { kind: t(`letters.kind.${row.kind}`), id: params.id.slice(0, 8) }),
        body: (
          <>
            <Card>
              <div class="actions">
                <a class="button" href={`${path}?as=pdf`}>
                  {t('letters.pdf')}
                </a>
                <a class="button" href={`${path}?as=html`}>
                  {t('letters.html')}
                </a>
                <a class="button" href={`/cases/${params.id}`}>
                  {t('home.open.case')}
                </a>
              </div>
            </Card>
            <Card>
              <article lang={row.language} class="letter">
                <p>{body.to.join(', ')}</p>
                <h2>{body.title}</h2>
                {body.letter.paragraphs.map((sentences, i) => {
                  const text = (body.paragraphs[i] ?? []).join(' ');
                  return sentences.some((s) => s.isQuoted) ? <blockquote key={i}>{text}</blockquote> : <p key={i}>{text}</p>;
                })}
              </article>
            </Card>
            <Card title={t('letters.send')}>
              {row.sent ? (
                <p>{t(`letters.sent.${row.sent.how}`, { day: t.day(row.sent.on) })}</p>
              ) : may(actor, 'POST /cases/:id/letters/:letter/sent') ? (
                <SendForms t={t} path={path} hasMail={needs.config.notify?.mail !== undefined} />
              ) : null}
            </Card>
          </>
        ),
      };
    },
  }),
  page({
    method: 'POST',
    path: '/cases/:id/letters/:letter/sent',
    roles: rolesOf('POST /cases/:id/letters/:letter/sent'),
    params: Named,
    body: z.object({ how: z.enum(['post', 'mail']), on: optionalDay }),
    handle: async ({ needs, actor, params, body }) => {
      await sentNamed(needs, { id: params.id, letter: params.letter, by: actor.id }, body);
      return { to: `/cases/${params.id}/letters/${params.letter}`, said: 'letterSent' };
    },
  }),
];

const SendForms = ({ t, path, hasMail }: { t: Translator; path: string; hasMail: boolean }) => (
  <div class="columns flat">
    {hasMail ? (
      <form method="post" action={`${path}/sent`} class="form">
        <h3>{t('letters.byMail')}</h3>
        <p class="hint">{t('letters.byMailHint')}</p>
        <input type="hidden" name="how" value="mail" />
        <div>
          <button type="submit" class="primary">
            {t('letters.mailNow')}
          </button>
        </div>
      </form>
    ) : null}
    <form method="post" action={`${path}/sent`} class="form">
      <h3>{t('letters.byPost')}</h3>
      <input type="hidden" name="how" value="post" />
      <label>
        {t('letters.postedOn')}
        <input type="date" name="on" />
      </label>
      <div>
        <button type="submit">{t('letters.postNow')}</button>
      </div>
    </form>
  </div>
);

/** On the page of a case: which letters there are, whether one is owed, and the way to a new one. */
export function LettersCard({
  t,
  actor,
  found,
  letters,
}: {
  t: Translator;
  actor: Actor;
  found: CaseRow;
  letters: readonly LetterRow[];
}) {
  if (!may(actor, 'GET /cases/:id/letters')) return null;
  return (
    <Card title={t('letters.card')} id="letters">
      {owesLetter(found, letters) ? (
        <p>
          <Badge tone="warn" mark="✉">
            {t('letters.owed')}
          </Badge>
        </p>
      ) : null}
      <Table<LetterRow>
        caption={t('letters.card')}
        hideCaption
        empty={t('letters.none')}
        rows={letters}
        columns={[
          {
            label: t('letters.what'),
            cell: (l) => <a href={`/cases/${found.id}/letters/${l.id}`}>{t(`letters.kind.${l.kind}`)}</a>,
          },
          { label: t('letters.language'), cell: (l) => t(`rights.lang.${l.language}`) },
          { label: t('letters.made'), cell: (l) => t.day(l.made_at) },
          {
            label: t('letters.sentOn'),
            cell: (l) => (l.sent ? t(`letters.sent.${l.sent.how}`, { day: t.day(l.sent.on) }) : t('letters.notSent')),
          },
        ]}
      />
      {may(actor, 'POST /cases/:id/letters') ? (
        <form method="post" action={`/cases/${found.id}/letters`} class="form">
          <label>
            {t('letters.what')}
            <select name="kind">
              {letterKinds.map((kind) => (
                <option key={kind} value={kind} selected={kind === (found.decision ? 'answer' : 'received')}>
                  {t(`letters.kind.${kind}`)}
                </option>
              ))}
            </select>
          </label>
          <label>
            {t('letters.language')}
            <select name="language">
              <option value="">{t('letters.theirs')}</option>
              {languages.map((lang) => (
                <option key={lang} value={lang}>
                  {t(`rights.lang.${lang}`)}
                </option>
              ))}
            </select>
          </label>
          <div>
            <button type="submit">{t('letters.make')}</button>
          </div>
        </form>
      ) : null}
    </Card>
  );
}
