import type { SystemView } from '../system-view.ts';
import type { Translator } from './i18n.ts';
import { Badge } from './parts.tsx';

/** How a system stands, in one badge; the worst first. */
export function SystemBadge({ t, system }: { t: Translator; system: SystemView }) {
  if (system.paused)
    return (
      <Badge tone="bad" mark="‖">
        {t('systems.paused')}
      </Badge>
    );
  if (system.check && !system.check.ok)
    return (
      <Badge tone="bad" mark="✕">
        {t('systems.rightMissing')}
      </Badge>
    );
  if (system.breakerUntil)
    return (
      <Badge tone="warn" mark="◷">
        {t('systems.breaker')}
      </Badge>
    );
  if (!system.linked)
    return (
      <Badge tone="warn" mark="‖">
        {t('systems.notLinked')}
      </Badge>
    );
  if (system.endsByItself) return <Badge tone="calm">{t('systems.endsByItself')}</Badge>;
  if (system.human) return <Badge tone="calm">{t('systems.human')}</Badge>;
  return (
    <Badge tone="good" mark="✓">
      {t('systems.ready')}
    </Badge>
  );
}

export const roleWords = (t: Translator, system: SystemView) => system.roles.map((r) => t.word('systemRole', r)).join(', ');

const sum = (duties: SystemView['duties'], states: readonly string[]) => states.reduce((n, s) => n + (duties[s] ?? 0), 0);

/** Duties in three heaps: what the machine owes, what waits for a person, what is at rest. */
export const heaps = ({ duties }: SystemView) => ({
  owed: sum(duties, ['open', 'sending', 'unknown', 'waiting']),
  person: sum(duties, ['asked', 'held', 'dead']),
  settled: sum(duties, ['settled']),
});
