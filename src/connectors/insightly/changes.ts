import type { Call } from '../http.ts';
import type { Client, Page } from './client.ts';
import { type Cursor, parseCursor, startAt } from './cursor.ts';
import { formatIso } from './dates.ts';
import type { ObjectKind } from './objects.ts';
import { parseRow, type Row } from './row.ts';
import type { InsightlySettings } from './settings.ts';

/**
 * Reads what changed since a cursor. The vendor gives us little to lean on: the filter excludes its own whole second, rows come in
 * no documented order, and `skip` pages through a list that moves meanwhile. So:
 *
 *  - the query looks back by the overlap; what is read twice is an echo. Rows are never left out for having the same id and date as
 *    before the poll: with whole seconds, a second change can hide behind the first one's date;
 *  - the next cursor is the maximum date of a single page, which is one moment, but of several pages only the `mark`: a row read
 *    on the first page may change while the last one is read;
 *  - a total that fell between two pages says that the window moved: the next page begins so much earlier;
 *  - a pass that saw fewer distinct rows than the total is repeated; if no pass proves complete, `since` stays where it is.
 */
export async function* readChanges(
  kind: ObjectKind,
  text: string | null,
  reading: { client: Client; settings: InsightlySettings },
  call: Call,
): AsyncGenerator<{ rows: Row[]; cursor: string }> {
  const { client, settings } = reading;
  let at = parseCursor(text);
  const from = at.since === null ? null : new Date(Date.parse(at.since) - settings.overlapSeconds * 1000);
  const query = (more: Record<string, string | number | boolean>) => ({
    ...(from === null ? {} : { updated_after_utc: formatIso(from) }),
    count_total: true,
    ...more,
  });
  // the plain list knows no filter, and Search without one is not documented
  const fetchPage = (skip: number) =>
    client.page(kind, from !== null ? '/Search' : '', query({ top: settings.pageSize, skip }), call);
  const isLast = (page: Page, next: number) =>
    page.rows.length === 0 || (page.total === null ? page.rows.length < settings.pageSize : next >= page.total);

  const told = new Set<string>();
  const ids = new Set<string>();
  let sequence: string[] = [];
  let lastSequence = '';
  let single = at.skip === 0 && at.mark === null;
  let requests = 0;
  for (;;) {
    const page = await fetchPage(at.skip);
    requests++;
    const rows = page.rows.map((row) => parseRow(kind, row));
    const next = at.skip + rows.length;
    if (at.mark === null && !isLast(page, next)) {
      // the mark must be older than the first page, so that page is read again behind it
      const mark = await findMark(rows, page, (after) => countAfter(client, kind, after, call), settings.pageSize);
      at = { ...at, mark: formatIso(mark) };
      single = false;
      continue;
    }
    if (at.total !== null && page.total !== null && page.total < at.total && at.skip > 0) {
      at = {
        ...at,
        skip: Math.max(0, at.skip - (at.total - page.total)),
        total: page.total,
        least: smaller(at.least, page.total),
      };
      continue;
    }
    const fresh = rows.filter((row) => !told.has(versionOf(row)));
    for (const row of rows) {
      told.add(versionOf(row));
      ids.add(row.id);
      sequence.push(row.id);
    }
    at = { ...at, skip: next, max: latest(at.max, rows), total: page.total, least: smaller(at.least, page.total) };
    if (!isLast(page, next)) {
      yield { rows: fresh, cursor: JSON.stringify({ ...at, rows: at.rows + ids.size }) };
      continue;
    }
    const order = sequence.join();
    // the same rows in the same order again: the total counts what our key cannot see
    const isWhole = at.least === null || at.rows + ids.size >= at.least || (at.pass > 0 && order === lastSequence);
    const isSpent = at.pass >= 3 && requests >= mostRequests;
    if (isWhole || isSpent) {
      yield {
        rows: fresh,
        cursor: JSON.stringify(isWhole ? ended(at, single) : startAt(at.since === null ? null : new Date(at.since))),
      };
      return;
    }
    [lastSequence, sequence] = [order, []];
    at = { ...at, skip: 0, total: null, least: null, rows: 0, pass: at.pass + 1 };
    yield { rows: fresh, cursor: JSON.stringify(at) };
  }
}

/** Requests after which a run that does not prove complete leaves the rest to the next poll. */
const mostRequests = 40;

const versionOf = (row: Row) => `${row.id} ${row.updatedAt.getTime()}`;

const smaller = (a: number | null, b: number | null): number | null => (a === null || b === null ? (a ?? b) : Math.min(a, b));

function latest(known: string | null, rows: readonly Row[]): string | null {
  const most = rows.reduce(
    (max, row) => Math.max(max, row.updatedAt.getTime()),
    known === null ? Number.NEGATIVE_INFINITY : Date.parse(known),
  );
  return Number.isFinite(most) ? formatIso(new Date(most)) : null;
}

function ended(at: Cursor, single: boolean): Cursor {
  const reached = single ? at.max : at.mark;
  const times = [at.since, reached].flatMap((text) => (text === null ? [] : [Date.parse(text)]));
  return startAt(times.length === 0 ? null : new Date(Math.max(...times)));
}

/** Rows changed after a moment; null where the vendor sends no total. */
async function countAfter(client: Client, kind: ObjectKind, after: Date, call: Call): Promise<number | null> {
  const page = await client.page(
    kind,
    '/Search',
    { updated_after_utc: formatIso(after), brief: true, top: 1, skip: 0, count_total: true },
    call,
  );
  return page.total;
}

/**
 * A moment that has surely passed, with few changes behind it, found without trusting any clock: a moment after which the vendor
 * counts a change is a moment that has passed. The first page's latest change is one; halving finds a later one where that page
 * was old, so that the next run need not read everything again.
 */
async function findMark(
  rows: readonly Row[],
  page: Page,
  countAfter: (after: Date) => Promise<number | null>,
  few: number,
): Promise<Date> {
  let low = rows.reduce((max, row) => Math.max(max, row.updatedAt.getTime()), 0);
  let high = Math.max(page.clock ?? 0, low + 1000);
  const first = await countAfter(new Date(low));
  if (first === null || first <= few) return new Date(low);
  for (let tries = 0; tries < 20 && high - low > 1000; tries++) {
    const middle = low + Math.floor((high - low) / 2000) * 1000;
    const count = await countAfter(new Date(middle));
    if (count === null) break;
    if (count === 0) high = middle;
    else low = middle;
    if (count > 0 && count <= few) break;
  }
  return new Date(low);
}
