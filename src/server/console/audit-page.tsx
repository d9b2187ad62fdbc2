import { Readable } from 'node:stream';
import { z } from 'zod';
import type { AuditEntry } from '../../core/audit-entry.ts';
import { seesEverybody } from '../../core/scope.ts';
import { placesNow } from '../../jobs/kept-outside.ts';
import { verifyOwnLog } from '../../jobs/verify-log.ts';
import { entries, latestCheckpoint, searchEntries } from '../../store/audit.ts';
import { leavesBeyond } from '../../store/views.ts';
import { exportLines, freshCheckpoint, mustSeeWholeLog, proofOf, verifierKey } from '../audit-log.ts';
import { notFound } from '../problem.ts';
import { AuditSearch, CheckpointCard, EntriesTable, PlacesCard, VerifiedCard } from './audit-parts.tsx';
import { filled, Search } from './audit-search.ts';
import { scopeOn } from './may.ts';
import { type Ask, page, type View } from './page.ts';
import { Card, Facts, Moment, Notice } from './parts.tsx';

const everybody = ['admin', 'dpo', 'decision-maker', 'auditor'] as const;
const readers = ['dpo', 'auditor'] as const;
const size = 50;

/** The log: what is in it, that nobody changed it, and how to check that without us. */
export const auditPages = [
  page({ method: 'GET', path: '/audit', roles: everybody, query: Search, handle: auditPage }),
  page({
    method: 'POST',
    path: '/audit/verify',
    roles: everybody,
    handle: async ({ needs, t }) => ({
      title: t('audit.verifyTitle'),
      body: <VerifiedCard t={t} found={await verifyOwnLog(needs)} />,
    }),
  }),
  page({
    method: 'GET',
    path: '/audit/checkpoint',
    roles: everybody,
    handle: async ({ needs }) => {
      const latest = await freshCheckpoint(needs);
      if (!latest) throw notFound('checkpoint yet');
      return { file: 'checkpoint', type: 'text/plain; charset=utf-8', content: latest.note };
    },
  }),
  page({
    method: 'GET',
    path: '/audit/vkey',
    roles: everybody,
    handle: async ({ needs }) => ({ file: 'vkey', type: 'text/plain; charset=utf-8', content: `${verifierKey(needs)}\n` }),
  }),
  page({
    method: 'GET',
    path: '/audit/log.jsonl',
    roles: readers,
    query: z.object({
      case: filled(z.uuid({ error: 'must be the id of a case' })),
      size: filled(z.coerce.number().int().min(0)),
    }),
    handle: async ({ needs, query, scope }) => {
      const latest = await freshCheckpoint(needs);
      if (!latest) throw notFound('checkpoint yet');
      if (query.case === undefined) await mustSeeWholeLog(needs, scope, latest.size);
      const lines = exportLines(needs, Math.min(query.size ?? latest.size, latest.size), query.case);
      const content = Readable.from(
        (async function* () {
          for await (const line of lines) yield `${line}\n`;
        })(),
      );
      return { file: query.case ? `case-${query.case}.jsonl` : 'log.jsonl', type: 'application/jsonl; charset=utf-8', content };
    },
  }),
  page({
    method: 'GET',
    path: '/audit/:index',
    roles: readers,
    params: z.object({ index: z.coerce.number().int().min(0) }),
    handle: entryPage,
  }),
];

async function auditPage({ needs, t, actor, query }: Ask<Record<string, string>, Search>): Promise<View> {
  const mayRead = actor.roles.some((r) => (readers as readonly string[]).includes(r));
  const latest = await latestCheckpoint(needs.db);
  return {
    title: t('audit.title'),
    body: (
      <>
        <p class="lead">{t('audit.lead')}</p>
        {mayRead ? (
          <>
            <AuditSearch t={t} search={query} systems={Object.keys(needs.config.systems)} />
            <Card title={t('audit.entries')}>
              <EntriesTable
                t={t}
                search={query}
                size={size}
                entries={await searchEntries(needs.db, scopeOn(actor, 'GET /audit/entries') ?? [], conditions(query), size + 1)}
              />
            </Card>
          </>
        ) : (
          <Notice tone="calm">{t('audit.notForYou')}</Notice>
        )}
        <CheckpointCard t={t} latest={latest} vkey={verifierKey(needs)} mayRead={mayRead} />
        <PlacesCard t={t} places={await placesNow(needs)} />
      </>
    ),
  };
}

/** A day is one in Finland: its first and last moment are not midnight UTC. */
function conditions({ day, ...search }: Search) {
  return day === undefined ? search : { ...search, from: startOf(day), to: startOf(nextDay(day)) };
}
const nextDay = (day: string) => new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);

function startOf(day: string): string {
  for (const hours of [2, 3]) {
    const at = new Date(Date.parse(`${day}T00:00:00Z`) - hours * 3_600_000);
    if (clock.format(at) === '00') return at.toISOString();
  }
  return `${day}T00:00:00.000Z`;
}
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', hour12: false, timeZone: 'Europe/Helsinki' });

/** One entry with the proof that it is in the tree, so that somebody else can check it. */
async function entryPage({ needs, t, params, scope }: Ask<{ index: number }>): Promise<View> {
  const { index } = params;
  const latest = await freshCheckpoint(needs);
  const [found] = await entries(needs.db, index, index + 1);
  const isBeyond = !seesEverybody(scope) && (await leavesBeyond(needs.db, scope, index, index + 1)).length > 0;
  if (!latest || !found?.line || index >= latest.size || isBeyond) throw notFound('entry');
  const entry = JSON.parse(found.line) as AuditEntry;
  const proof = await proofOf(needs, index, latest.size);
  return {
    title: t('audit.entryTitle', { index }),
    body: (
      <>
        <p>
          <a href="/audit">{t('audit.back')}</a>
        </p>
        <Card title={t.word('action', entry.action)}>
          <Facts
            facts={[
              [t('audit.time'), <Moment key="at" t={t} at={entry.time} />],
              ...Object.entries(entry)
                .filter(([name]) => name !== 'time' && name !== 'v')
                .map(([name, value]) => [t(`audit.field.${name}`), <code key={name}>{String(value)}</code>] as const),
            ]}
          />
        </Card>
        <Card title={t('audit.proof')}>
          <p>{t('audit.proofLead', { index, size: latest.size })}</p>
          <h3>{t('audit.proofLine')}</h3>
          <pre>{found.line}</pre>
          <h3>{t('audit.proofLeaf')}</h3>
          <pre>{found.hash.toString('base64')}</pre>
          <h3>{t('audit.proofHashes')}</h3>
          <pre>{proof.join('\n') || t('audit.proofAlone')}</pre>
          <h3>{t('audit.checkpoint')}</h3>
          <pre>{latest.note}</pre>
        </Card>
      </>
    ),
  };
}
