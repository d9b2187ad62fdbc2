import { z } from 'zod';
import type { Asked } from '../../core/case-request.ts';
import { dayIn } from '../../core/day.ts';
import type { FieldValue } from '../../core/person.ts';
import { clockSettings } from '../../jobs/case-clock.ts';
import { requestOf } from '../../jobs/case-rights.ts';
import { type Needs, now } from '../../jobs/needs.ts';
import { noteReading } from '../../jobs/read-person.ts';
import type { CaseType } from '../../store/cases.ts';
import { caseNamed, liftNamed, openCase } from '../decisions.ts';
import { subjectNamed } from '../people.ts';
import { badRequest } from '../problem.ts';
import { Id } from '../routes.ts';
import { rolesOf } from './may.ts';
import { page } from './page.ts';
import { Card } from './parts.tsx';
import { optionalText } from './people.tsx';
import { AskedValues, innerOf, NewCase, rightTypes } from './rights-parts.tsx';

const OfType = z.object({ type: z.enum(rightTypes, { error: 'is no right that a case is opened for here' }) });

/** Cases of the rights beside erasure: the form that opens one, and the two steps that end a restriction. */
export const rightsPages = [
  page({
    method: 'GET',
    path: '/people/:id/new-case',
    roles: rolesOf('POST /cases'),
    params: Id,
    query: OfType,
    handle: async ({ needs, t, params, query }) => {
      const subject = await subjectNamed(needs, params.id);
      return {
        title: t('rights.title', { type: t.word('caseType', query.type), id: subject.id.slice(0, 8) }),
        body: <NewCase needs={needs} t={t} subject={subject} type={query.type} today={await today(needs)} />,
      };
    },
  }),
  page({
    method: 'POST',
    path: '/people/:id/case',
    roles: rolesOf('POST /cases'),
    params: Id,
    body: OfType.extend({
      received: optionalText(10).pipe(z.iso.date().optional()),
      channel: optionalText(40),
      note: optionalText(4000),
      language: optionalText(2).pipe(z.enum(['fi', 'sv', 'en']).optional()),
    }).loose(),
    handle: async ({ needs, actor, params, body }) => {
      const subject = await subjectNamed(needs, params.id);
      const { found, fresh } = await openCase(needs, {
        type: body.type,
        subject,
        receivedAt: body.received ? new Date(`${body.received}T12:00:00Z`) : null,
        channel: body.channel ?? null,
        note: body.note,
        source: 'console',
        actor: actor.id,
        language: body.language,
        asked: askedIn(body as Record<string, unknown>, body.type),
      });
      return { to: `/cases/${found.id}`, said: fresh ? 'rightOpened' : 'rightJoined' };
    },
  }),
  page({
    method: 'POST',
    path: '/cases/:id/asked',
    roles: rolesOf('POST /subjects/:id/read'),
    params: Id,
    handle: async ({ needs, actor, t, params }) => {
      const found = await caseNamed(needs, params.id);
      const subject = await subjectNamed(needs, found.subject);
      await noteReading(needs, subject, { actor: actor.id, reason: 'request' });
      return {
        title: t('rights.asked', { id: found.id.slice(0, 8) }),
        body: (
          <Card>
            <p class="hint">{t('rights.askedHint')}</p>
            <AskedValues t={t} request={requestOf(needs, found)} />
            <p>
              <a href={`/cases/${found.id}`}>{t('home.open.case')}</a>
            </p>
          </Card>
        ),
      };
    },
  }),
  page({
    method: 'POST',
    path: '/cases/:id/announce-lift',
    roles: rolesOf('POST /cases/:id/announce-lift'),
    params: Id,
    body: z.object({ toldOn: optionalText(10).pipe(z.iso.date().optional()) }),
    handle: async ({ needs, actor, params, body }) => {
      await liftNamed(needs, params.id, actor.id, 'announce', body.toldOn);
      return { to: `/cases/${params.id}`, said: 'liftAnnounced' };
    },
  }),
  page({
    method: 'POST',
    path: '/cases/:id/lift',
    roles: rolesOf('POST /cases/:id/lift'),
    params: Id,
    handle: async ({ needs, actor, params }) => {
      await liftNamed(needs, params.id, actor.id, 'lift');
      return { to: `/cases/${params.id}`, said: 'lifted' };
    },
  }),
];

const today = async (needs: Needs) => dayIn(await now(needs), clockSettings(needs).zone);

/** What the form's fields say: `field.email`, `field.address.city`, `blank.phone`, `permission.newsletter`, `purpose.surveys`. */
export function askedIn(body: Record<string, unknown>, type: CaseType): Asked {
  if (type !== 'rectification' && type !== 'objection') return {};
  const fields: Record<string, FieldValue | Record<string, string> | null> = {};
  const [permissions, purposes]: [string[], string[]] = [[], []];
  for (const [key, value] of Object.entries(body)) {
    const [kind, ...rest] = key.split('.');
    if (typeof value !== 'string') throw badRequest(`${key}: must be one text`, { code: 'form-garbled' });
    if (kind === 'blank' && rest.length > 0) fields[rest.join('.')] = null;
    else if (kind === 'field' && value.trim() !== '') {
      const last = rest.at(-1) ?? '';
      const outer = rest.slice(0, -1).join('.');
      if (innerOf(outer)?.includes(last)) fields[outer] = { ...(fields[outer] as Record<string, string>), [last]: value };
      else fields[rest.join('.')] = value;
    } else if (kind === 'permission') permissions.push(rest.join('.'));
    else if (kind === 'purpose') purposes.push(rest.join('.'));
  }
  if (type === 'rectification') return { fields };
  return permissions.length + purposes.length === 0 ? {} : { permissions, purposes };
}
