import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { letterKinds } from '../core/letter.ts';
import { type LetterBody, letterBody, makeLetter, markLetterSent, owesLetter, type SayLetter } from '../jobs/letters.ts';
import type { Needs } from '../jobs/needs.ts';
import type { CaseRow } from '../store/cases.ts';
import { type LetterRow, letterById, lettersOf } from '../store/letters.ts';
import { DayText } from './cases.ts';
import { translator } from './console/i18n.ts';
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

const say: SayLetter = (language, letter) => letterWords(translator(language), letter);

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
    const made = await makeLetter(needs, params.id, actor.id, body, say);
    if (made === 'not-there') throw notFound('case');
    const code = `letter-${typeof made === 'string' ? made : ''}`;
    if (typeof made === 'string') throw refused(noLetter[made], { code });
    return reply.status(201).send(view((await readable(needs, params.id, made.id)).row));
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
    async ({ params: { id, letter }, body, actor }) => {
      const fault = await markLetterSent(needs, { id, letter, by: actor.id }, body);
      if (fault === 'not-there') throw notFound('letter');
      const code = `letter-${fault}`;
      if (fault) throw refused(notSent[fault], { code });
      const row = await letterById(needs.db, id, letter);
      if (!row) throw notFound('letter');
      return view(row);
    },
  );
};

const noLetter = {
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

async function readable(needs: Needs, id: string, letter: string): Promise<{ found: CaseRow; row: LetterRow; body: LetterBody }> {
  const found = await caseNamed(needs, id);
  const row = await letterById(needs.db, id, letter);
  if (!row) throw notFound('letter');
  const body = letterBody(needs, found, row);
  if (!body) throw refused(noLetter['envelope-over'], { code: 'letter-envelope-over' });
  return { found, row, body };
}
