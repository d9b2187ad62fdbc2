import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type LetterKind, letterKinds } from '../core/letter.ts';
import { type LetterBody, letterBody, makeLetter, markLetterSent, owesLetter, type SayLetter } from '../jobs/letters.ts';
import { mailLetter } from '../jobs/mail-letter.ts';
import type { Needs } from '../jobs/needs.ts';
import type { CaseRow } from '../store/cases.ts';
import { type LetterRow, letterById, lettersOf } from '../store/letters.ts';
import { DayText } from './cases.ts';
import { translator, translatorFor } from './console/i18n.ts';
import { caseNamed } from './decisions.ts';
import { letterPage, letterPolicy } from './letter-page.tsx';
import { letterPdf } from './letter-pdf.ts';
import { letterWords } from './letter-words.ts';
import { notFound, refused } from './problem.ts';
import { Id, type RouteOptions } from './routes.ts';

const NewLetter = z.strictObject({
  kind: z.enum(letterKinds, { error: `must be one of ${letterKinds.join(', ')}` }),
  language: z.enum(['fi', 'sv', 'en'], { error: 'must be fi, sv or en' }).optional(),
});
const Named = Id.extend({ letter: z.uuid({ error: 'must be an id as Kaiku gives them' }) });
const As = z.object({ as: z.enum(['json', 'html', 'pdf'], { error: 'must be json, html or pdf' }).default('json') });
const Sent = z.strictObject({
  how: z.enum(['post', 'mail'], { error: 'must be post or mail' }).default('post'),
  on: DayText.optional(),
});

const sayIn =
  ({ config }: Needs): SayLetter =>
  (language, letter) =>
    letterWords(translatorFor(config, language), letter);

const view = (row: LetterRow) => ({
  id: row.id,
  case: row.case_file,
  kind: row.kind,
  language: row.language,
  madeAt: row.made_at.toISOString(),
  madeBy: row.made_by,
  sha256: row.sha256.toString('hex'),
  ...(row.sent ? { sent: row.sent } : {}),
});

/** Letters of a case: made from the ledger, read in three forms, and marked as sent. */
export const letterRoutes: FastifyPluginAsyncZod<RouteOptions> = async (app, { needs }) => {
  app.post('/cases/:id/letters', { schema: { params: Id, body: NewLetter } }, async ({ params, body, actor }, reply) => {
    const id = await makeNamed(needs, params.id, actor.id, body);
    return reply.status(201).send(view((await readable(needs, params.id, id)).row));
  });

  app.get('/cases/:id/letters', { schema: { params: Id } }, async ({ params }) => {
    const found = await caseNamed(needs, params.id);
    const letters = await lettersOf(needs.db, found.id);
    return { owed: owesLetter(found, letters), letters: letters.map(view) };
  });

  app.get('/cases/:id/letters/:letter', { schema: { params: Named, querystring: As } }, async ({ params, query }, reply) => {
    const { row, body } = await readable(needs, params.id, params.letter);
    // of a person, and theirs alone: no cache keeps it
    reply.header('cache-control', 'no-store');
    if (query.as === 'html')
      return reply.header('content-security-policy', letterPolicy).type('text/html; charset=utf-8').send(letterPage(row, body));
    if (query.as === 'pdf')
      return reply
        .header('content-disposition', `inline; filename="letter-${row.id}.pdf"`)
        .type('application/pdf')
        .send(await letterPdf(row, body));
    const { to, title, paragraphs, letter } = body;
    return {
      ...view(row),
      ...(letter.result ? { result: letter.result } : {}),
      to,
      title,
      paragraphs: letter.paragraphs.map((sentences, p) =>
        sentences.map(({ code, source }, s) => ({ text: paragraphs[p]?.[s] ?? '', code, source })),
      ),
    };
  });

  app.post(
    '/cases/:id/letters/:letter/sent',
    { schema: { params: Named, body: Sent } },
    async ({ params: { id, letter }, body, actor }) => view(await sentNamed(needs, { id, letter, by: actor.id }, body)),
  );
};

/** Makes a letter; throws a 409 problem where the case bears none. Answers its id. */
export async function makeNamed(
  needs: Needs,
  id: string,
  by: string,
  of: { kind: LetterKind; language?: LetterRow['language'] | undefined },
): Promise<string> {
  const made = await makeLetter(needs, id, by, of, sayIn(needs));
  if (made === 'not-there') throw notFound('case');
  const code = `letter-${typeof made === 'string' ? made : ''}`;
  if (typeof made === 'string') throw refused(noLetter[made], { code });
  return made.id;
}

/** Sends a letter by mail, or writes down that it went by post. */
export async function sentNamed(
  needs: Needs,
  of: { id: string; letter: string; by: string },
  { how, on }: { how: 'post' | 'mail'; on?: string | undefined },
): Promise<LetterRow> {
  if (how === 'mail') await mailNamed(needs, of);
  const fault = await markLetterSent(needs, of, { how, on });
  if (fault === 'not-there') throw notFound('letter');
  const code = `letter-${fault}`;
  if (fault) throw refused(notSent[fault], { code });
  const row = await letterById(needs.db, of.id, of.letter);
  if (!row) throw notFound('letter');
  return row;
}

async function mailNamed(needs: Needs, of: { id: string; letter: string }): Promise<void> {
  const { found, row, body } = await readable(needs, of.id, of.letter);
  if (row.sent) throw refused(notSent['sent-before'], { code: 'letter-sent-before' });
  const t = translator(row.language);
  const fault = await mailLetter(needs, found, {
    id: row.id,
    subject: t('letters.mailSubject', { controller: needs.config.controller.name }),
    text: body.paragraphs.map((sentences) => sentences.join(' ')).join('\n\n'),
    html: letterPage(row, body),
  });
  const code = `letter-${fault?.kind}`;
  if (fault) throw refused(notMailed[fault.kind](fault.code), { code });
}

const notMailed = {
  'no-mail': () => 'No mail server is configured (notify.mail): send the letter by post, and record it.',
  'no-address': () => 'The case knows no e-mail address of the person: send the letter by post, and record it.',
  'mail-failed': (code: string) => `The mail server did not take the letter (${code}); nothing was recorded as sent.`,
} as const;

const noLetter = {
  'not-handed-over': 'The answer was not handed over yet: prepare it, and let the person open it.',
  'not-extended': 'The time for answering was not extended: extend it, with reasons, before telling of it.',
  'not-decided': 'The case is not decided: approve or refuse it before answering.',
  'not-announced': 'The lifting of a restriction was not announced: record when the person is told (announce-lift).',
  'envelope-over': 'The time of the case’s envelope is over: whom to write to is not known any more.',
} as const;
const notSent = {
  'sent-before': 'The letter was marked as sent before.',
  'sent-later': 'No letter can have been sent on a day that has not come.',
  'sent-early': 'The letter cannot have been sent before it was made.',
} as const;

export async function readable(
  needs: Needs,
  id: string,
  letter: string,
): Promise<{ found: CaseRow; row: LetterRow; body: LetterBody }> {
  const found = await caseNamed(needs, id);
  const row = await letterById(needs.db, id, letter);
  if (!row) throw notFound('letter');
  const body = letterBody(needs, found, row);
  if (!body) throw refused(noLetter['envelope-over'], { code: 'letter-envelope-over' });
  return { found, row, body };
}
