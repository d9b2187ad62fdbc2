import type { OwnState, OwnStore } from '../../core/own-store.ts';
import type { OwnHoldings } from '../own-stores.ts';
import type { Translator } from './i18n.ts';
import { Badge, Card, Table } from './parts.tsx';

const tones: Record<OwnState, { tone: string; mark: string }> = {
  values: { tone: 'busy', mark: '●' },
  fading: { tone: 'calm', mark: '◷' },
  guarded: { tone: 'good', mark: '✓' },
  nothing: { tone: 'good', mark: '✓' },
};

/** What Kaiku itself keeps of the person of a case comes to, in a few words. */
export function OwnBadge({ t, own }: { t: Translator; own: OwnHoldings | undefined }) {
  if (!own) return null;
  const { state, until } = own;
  return (
    <Badge {...tones[state]}>
      {t(until ? `own.state.${state}Until` : `own.state.${state}`, until ? { day: t.day(until) } : {})}
    </Badge>
  );
}

/** The places where Kaiku keeps something of the person, counted as they are now. */
export const OwnCard = ({ t, own }: { t: Translator; own: OwnHoldings | undefined }) =>
  own ? (
    <Card title={t('own.title')} id="own" live>
      <p class="hint">{t('own.hint')}</p>
      <p>
        <OwnBadge t={t} own={own} />
      </p>
      <Table<OwnStore>
        caption={t('own.title')}
        hideCaption
        empty={t('own.state.nothing')}
        rows={own.stores.filter(({ count }) => count > 0)}
        columns={[
          { label: t('own.store'), cell: ({ store }) => t(`own.store.${store}`) },
          { label: t('own.form'), cell: ({ form }) => t(`own.form.${form}`) },
          { label: t('own.count'), cell: ({ count }) => t.number(count) },
          { label: t('own.until'), cell: ({ store, until }) => (until ? t.day(until) : t(`own.goes.${store}`)) },
        ]}
      />
    </Card>
  ) : null;
