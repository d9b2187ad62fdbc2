import type { Waiting } from '../../store/console-views.ts';
import type { Actor } from '../auth.ts';
import { codeWord } from './health-lines.tsx';
import type { Translator } from './i18n.ts';
import { may } from './may.ts';
import { Badge, Do, Moment, Pager } from './parts.tsx';

/** What needs a person: each with a sentence that says what to do, and the way there. */
export function Queue({
  t,
  actor,
  waiting,
  now,
  from,
  size,
  total,
}: {
  t: Translator;
  actor: Actor;
  waiting: readonly Waiting[];
  now: Date;
  from: number;
  size: number;
  total: number;
}) {
  if (waiting.length === 0) return <p class="empty">{t('home.nothing')}</p>;
  return (
    <>
      <ol class="plain queue">
        {waiting.map((w) => (
          <li key={`${w.kind}${w.id ?? w.system}`}>
            <div class="when">
              <When t={t} item={w} now={now} />
            </div>
            <div class="what">
              <p class="sentence">{sentence(t, actor, w, now)}</p>
              <div class="actions">
                <Links t={t} actor={actor} item={w} />
              </div>
            </div>
          </li>
        ))}
      </ol>
      <Pager t={t} from={from} size={size} total={total} href={(n) => `/?queue=${n}#queue`} />
    </>
  );
}

function When({ t, item, now }: { t: Translator; item: Waiting; now: Date }) {
  if (item.due && item.due < now)
    return (
      <Badge tone="bad" mark="!">
        {t('home.overdue', { day: t.day(item.due) })}
      </Badge>
    );
  if (item.due)
    return (
      <Badge tone="warn" mark="◷">
        {t('home.due', { day: t.day(item.due) })}
      </Badge>
    );
  return (
    <span class="sub">
      {t('home.since')} <Moment t={t} at={item.since} />
    </span>
  );
}

function sentence(t: Translator, actor: Actor, w: Waiting, now: Date): string {
  const system = w.system ?? '';
  switch (w.kind) {
    case 'case':
      return t(may(actor, 'POST /cases/:id/approve') ? 'home.do.decide' : 'home.do.review', {
        type: t.word('caseType', w.word ?? ''),
      });
    case 'deadline':
      return t(w.due && w.due < now ? 'home.do.answerLate' : 'home.do.answer', { type: t.word('caseType', w.word ?? '') });
    case 'task':
      return t(w.due && w.due < now ? 'home.do.taskLate' : 'home.do.task', { system, ask: t.word('ask', w.word ?? '') });
    case 'held':
      return t(`home.do.held.${w.word}`, { system });
    case 'dead':
      return t('home.do.dead', { system, reason: t.word('reason', w.word ?? 'internal-error') });
    case 'unknown':
      return t('home.do.unknown', { system });
    case 'paused':
      return t('home.do.paused', { system, reason: t.word('reason', codeWord(w.word ?? '')) });
    case 'unlinked':
      return t('home.do.unlinked', { system });
  }
}

function Links({ t, actor, item }: { t: Translator; actor: Actor; item: Waiting }) {
  const { kind, id, system, subject } = item;
  const person =
    subject && may(actor, 'GET /subjects/:id') ? (
      <a class="button" href={`/people/${subject}`}>
        {t('home.open.person')}
      </a>
    ) : null;
  switch (kind) {
    case 'case':
    case 'deadline':
      return (
        <a class="button" href={`/cases/${id}`}>
          {t('home.open.case')}
        </a>
      );
    case 'task':
      return (
        <a class="button" href={`/tasks/${id}`}>
          {t('home.open.task')}
        </a>
      );
    case 'held':
      return (
        <a class="button" href={`/held/${id}`}>
          {t('home.open.held')}
        </a>
      );
    case 'dead':
      return (
        <>
          {may(actor, 'POST /duties/:id/redrive') ? <Do action={`/duties/${id}/redrive`} label={t('home.redrive')} /> : null}
          {person}
        </>
      );
    case 'unknown':
      return person;
    default:
      return (
        <a class="button" href={`/systems/${encodeURIComponent(system ?? '')}`}>
          {t('home.open.system')}
        </a>
      );
  }
}
