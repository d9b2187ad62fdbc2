import type { Call } from '../http.ts';
import type { Client, Query } from './client.ts';
import type { ObjectKind } from './objects.ts';

export interface Walked {
  rows: unknown[];
  /** `X-Total-Count`, where it was sent. */
  total: number | null;
  /** The page begins with the row that the page before ended with: nothing slipped through between the two. */
  isJoined: boolean;
}

/**
 * A list in pages, each beginning with the last row of the one before. `skip` counts through a list that moves: where a row goes
 * and another comes meanwhile, the total stands still and a row falls between two pages. The shared row shows it.
 */
export async function* walk(
  client: Client,
  kind: ObjectKind,
  list: { how: '' | '/Search' | '/SearchByTag'; query: Query; top: number; idOf: (row: unknown) => string },
  call: Call,
): AsyncGenerator<Walked> {
  // pages of one row have none to share
  const shared = list.top > 1 ? 1 : 0;
  let last: string | null = null;
  for (let skip = 0; ; ) {
    const page = await client.page(kind, list.how, { ...list.query, top: list.top, skip, count_total: true }, call);
    const ids = page.rows.map(list.idOf);
    yield { rows: page.rows, total: page.total, isJoined: last === null || shared === 0 || ids[0] === last };
    const next = skip + ids.length;
    if (ids.length <= (last === null ? 0 : shared)) return;
    if (page.total === null ? ids.length < list.top : next >= page.total) return;
    last = ids.at(-1) ?? null;
    skip = next - shared;
  }
}

/** Passes over a list that shifts under the reader; rows that were told are not told again. */
const mostPasses = 3;

/** Every row of a list once. A pass that shifted is followed by another. */
export async function* everyRow(...[client, kind, list, call]: Parameters<typeof walk>): AsyncGenerator<unknown[]> {
  const told = new Set<string>();
  for (let pass = 1; pass <= mostPasses; pass++) {
    let isWhole = true;
    for await (const { rows, isJoined } of walk(client, kind, list, call)) {
      isWhole &&= isJoined;
      const fresh = rows.filter((row) => {
        const id = list.idOf(row);
        return !told.has(id) && told.add(id);
      });
      if (fresh.length > 0) yield fresh;
    }
    if (isWhole) return;
  }
}
