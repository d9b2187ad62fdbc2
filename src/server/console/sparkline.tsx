import type { Translator } from './i18n.ts';

/** A trend as one line, oldest left. The numbers stand in a table beside it: the picture only sums up. */
export function Sparkline({ values, label }: { values: readonly number[]; label: string }) {
  const [width, height, edge] = [160, 36, 3];
  const most = Math.max(1, ...values);
  const step = values.length > 1 ? (width - 2 * edge) / (values.length - 1) : 0;
  const points = values.map((n, i) => ({
    x: round(edge + i * step),
    y: round(height - edge - (n / most) * (height - 2 * edge)),
  }));
  const last = points.at(-1);
  return (
    <svg class="spark" viewBox={`0 0 ${width} ${height}`} width={width} height={height} role="img" aria-label={label}>
      <path class="base" d={`M${edge} ${height - edge}H${width - edge}`} />
      {points.length > 1 ? <polyline class="line" points={points.map(({ x, y }) => `${x},${y}`).join(' ')} /> : null}
      {last ? <circle class="last" cx={last.x} cy={last.y} r="3" /> : null}
    </svg>
  );
}

const round = (n: number) => Math.round(n * 10) / 10;

/** What a reader who cannot see the line is told of it. */
export const trendWords = (t: Translator, values: readonly number[]): string =>
  values.length === 0
    ? t('drift.noTrend')
    : t('drift.trendWords', { runs: values.length, first: values[0] ?? 0, last: values.at(-1) ?? 0, most: Math.max(...values) });
