import type { Needs } from '../../jobs/needs.ts';
import type { SystemState } from '../../store/systems.ts';
import type { Actor } from '../auth.ts';
import type { Translator } from './i18n.ts';
import { Badge, Moment, Table } from './parts.tsx';

/** How each system is, in a line. */
export function HealthLines({
  t,
  needs,
  actor,
  states,
  owed,
}: {
  t: Translator;
  needs: Needs;
  actor: Actor;
  states: readonly SystemState[];
  owed: ReadonlyMap<string, Record<string, number>>;
}) {
  const rows = states.filter((s) => Object.hasOwn(needs.config.systems, s.system));
  const opens = actor.roles.includes('admin') || actor.roles.includes('dpo') || actor.roles.includes('decision-maker');
  return (
    <Table
      caption={t('home.systems')}
      hideCaption
      empty={t('home.noSystems')}
      rows={rows}
      columns={[
        {
          label: t('home.system'),
          cell: ({ system }) => (opens ? <a href={`/systems/${encodeURIComponent(system)}`}>{system}</a> : system),
        },
        { label: t('home.health'), cell: (s) => <Health t={t} needs={needs} state={s} owed={owed.get(s.system) ?? {}} /> },
        { label: t('home.owed'), cell: (s) => owedWords(t, owed.get(s.system) ?? {}) },
        { label: t('home.lastAnswer'), cell: (s) => <Moment t={t} at={s.last_answer_at} /> },
      ]}
    />
  );
}

function Health({ t, needs, state, owed }: { t: Translator; needs: Needs; state: SystemState; owed: Record<string, number> }) {
  const system = needs.config.systems[state.system];
  const { human = false, endsByItself = false } = needs.connectors[state.system]?.manifest ?? {};
  if (state.paused_code)
    return (
      <Badge tone="bad" mark="✕">
        {t('home.is.paused', { why: t.word('reason', codeWord(state.paused_code)) })}
      </Badge>
    );
  if (state.breaker_open)
    return (
      <Badge tone="warn" mark="‖">
        {t('home.is.resting', { time: t.time(state.breaker_until ?? new Date()) })}
      </Badge>
    );
  if (system?.recipient && !human && !endsByItself && state.linked_at === null)
    return (
      <Badge tone="warn" mark="?">
        {t('home.is.unlinked')}
      </Badge>
    );
  if ((owed['dead'] ?? 0) > 0)
    return (
      <Badge tone="bad" mark="✕">
        {t('home.is.dead', { n: owed['dead'] ?? 0 })}
      </Badge>
    );
  return (
    <Badge tone="good" mark="✓">
      {t(human ? 'home.is.human' : endsByItself ? 'home.is.endsByItself' : 'home.is.well')}
    </Badge>
  );
}

/** A failure's code as the ledger's reasons spell it. */
export const codeWord = (code: string) => code.toLowerCase().replaceAll('_', '-');

const owedWords = (t: Translator, owed: Record<string, number>) =>
  Object.keys(owed).length === 0
    ? t('home.nothingOwed')
    : Object.entries(owed)
        .map(([state, n]) => `${t.number(n)} × ${t.word('state', state)}`)
        .join(' · ');
