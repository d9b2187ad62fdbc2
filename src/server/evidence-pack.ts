import { readFileSync } from 'node:fs';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { subjectRef } from '../core/audit-entry.ts';
import { calledIn } from '../core/title.ts';
import { type Needs, now, tell, whose } from '../jobs/needs.ts';
import { statementsAbout } from '../jobs/replies.ts';
import type { CaseRow } from '../store/cases.ts';
import { evidenceLeaves } from '../store/console-views.ts';
import { dutiesOf } from '../store/duties.ts';
import { lettersOf } from '../store/letters.ts';
import { subjectById } from '../store/subjects.ts';
import { answersOf } from '../store/tasks.ts';
import { consistencyOf, freshCheckpoint, proofOf, verifierKey } from './audit-log.ts';
import { isLanguage, type Language, translatorFor } from './console/i18n.ts';
import { caseNamed } from './decisions.ts';
import { evidencePdf } from './evidence-pdf.ts';
import type { EvidencePack } from './evidence-shape.ts';
import { notFound } from './problem.ts';
import { Id, type RouteOptions } from './routes.ts';
import { caseView, dutyView } from './shapes.ts';

/** The pack as things stand; the log's tree is brought up to date first. */
export async function evidenceOf(needs: Needs, found: CaseRow, language: Language, since?: number): Promise<EvidencePack> {
  const { db, config } = needs;
  const at = await now(needs);
  const subject = await subjectById(db, found.subject);
  const concerned = new Set(found.plan.filter(({ step }) => step !== 'nothing').map(({ system }) => system));
  const rows = (await dutiesOf(db, found.subject)).filter((duty) => concerned.has(duty.recipient));
  const answers = new Map(
    (
      await answersOf(
        db,
        rows.map(({ id }) => id),
      )
    ).map((answer) => [answer.duty, answer]),
  );
  const latest = await freshCheckpoint(needs);
  if (!latest) throw notFound('checkpoint yet');
  const ref = subject?.audit_nonce ? subjectRef(subject.audit_nonce, subject.id) : null;
  const leaves = await evidenceLeaves(db, { case: found.id, ref, duties: rows.map(({ id }) => id), size: latest.size });
  const entries = [];
  for (const { index, line } of leaves) entries.push({ index, line, proof: await proofOf(needs, index, latest.size) });
  const { id, type, state, receivedAt, deadline, closedAt } = caseView(needs, found, at);
  const called = calledIn(config, language);
  return {
    format: 'kaiku-evidence-1',
    madeAt: at.toISOString(),
    controller: config.controller.name,
    case: {
      id,
      type,
      state,
      receivedAt,
      deadline,
      ...(closedAt ? { closedAt } : {}),
      ...(found.decision
        ? { decision: { decision: found.decision.decision, by: found.decision.by, at: found.decision.at } }
        : {}),
    },
    plan: found.plan,
    duties: await Promise.all(
      rows.map(async (duty) => {
        const answer = needs.connectors[duty.recipient]?.manifest.human ? answers.get(duty.id) : undefined;
        return {
          id: duty.id,
          title: called.system(duty.recipient),
          ...dutyView(needs, duty),
          ...(answer ? { ...(await statedBy(needs, answer)), statedAt: answer.at.toISOString() } : {}),
        };
      }),
    ),
    letters: (await lettersOf(db, found.id)).map((letter) => ({
      kind: letter.kind,
      language: letter.language,
      madeAt: letter.made_at.toISOString(),
      sha256: letter.sha256.toString('hex'),
      ...(letter.sent ? { sent: { how: letter.sent.how, on: letter.sent.on } } : {}),
    })),
    entries,
    checkpoint: latest.note,
    ...(since === undefined ? {} : { consistency: await consistencyOf(needs, since, latest.size) }),
    vkey: verifierKey(needs),
  };
}

/** Who stated it: by name where they answered under their own, with the digest that the log has of it; else who wrote it down. */
async function statedBy(needs: Needs, { task, by }: { task: string; by: string }): Promise<{ by: string; statement?: string }> {
  const { attestation } = await statementsAbout(needs, task);
  if (!attestation) return { by };
  return { by: [attestation.name, attestation.role].filter(Boolean).join(', '), statement: attestation.sha256 };
}

const verifier = new URL('../../templates/evidence/verify.mjs', import.meta.url);
/** The program that checks a pack on bare Node, without Kaiku. */
export const verifierProgram = (): string => readFileSync(verifier, 'utf8');

export const evidenceForms = ['json', 'pdf', 'verifier'] as const;
export type EvidenceForm = (typeof evidenceForms)[number];

/** One part of the pack as a file; that it was made is an entry of the log. */
export async function evidenceFile(
  needs: Needs,
  found: CaseRow,
  as: EvidenceForm,
  by: string,
  language: Language,
  since?: number,
): Promise<{ file: string; type: string; content: string | Buffer }> {
  if (as === 'verifier') return { file: 'verify.mjs', type: 'text/javascript; charset=utf-8', content: verifierProgram() };
  const subject = await subjectById(needs.db, found.subject);
  await tell(needs, {
    actor: by,
    action: 'evidence.made',
    case: found.id,
    code: as,
    ...(subject ? { subject: whose(subject) } : {}),
  });
  const pack = await evidenceOf(needs, found, language, since);
  return as === 'json'
    ? { file: 'evidence.json', type: 'application/json; charset=utf-8', content: `${JSON.stringify(pack, null, 1)}\n` }
    : { file: 'evidence.pdf', type: 'application/pdf', content: await evidencePdf(translatorFor(needs.config, language), pack) };
}

const As = z.object({
  as: z.enum(evidenceForms, { error: `must be one of ${evidenceForms.join(', ')}` }).default('json'),
  language: z.enum(['fi', 'sv', 'en'], { error: 'must be fi, sv or en' }).optional(),
  since: z.coerce.number().int({ error: 'must be the size of a checkpoint' }).min(1).optional(),
});

export const evidenceRoutes: FastifyPluginAsyncZod<RouteOptions> = async (app, { needs }) => {
  app.get('/cases/:id/evidence', { schema: { params: Id, querystring: As } }, async ({ params, query, actor }, reply) => {
    const found = await caseNamed(needs, params.id);
    const fallback = needs.config.controller.languages[0];
    const language = query.language ?? (isLanguage(fallback) ? fallback : 'en');
    const { file, type, content } = await evidenceFile(needs, found, query.as, actor.id, language, query.since);
    return reply
      .header('content-disposition', `attachment; filename="${file}"`)
      .header('cache-control', 'no-store')
      .type(type)
      .send(content);
  });
};
