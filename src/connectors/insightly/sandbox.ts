import { gzipSync } from 'node:zlib';
import { formatSpaced } from './dates.ts';
import { kinds } from './objects.ts';
import { act } from './sandbox-act.ts';
import { type ApiOptions, createApi } from './sandbox-api.ts';
import type { InsightlySandbox } from './sandbox-handles.ts';
import { type ListOptions, webhookBody } from './sandbox-lists.ts';
import { customers } from './sandbox-people.ts';
import { kindNames, type SandboxRow, Store } from './sandbox-store.ts';

/**
 * Insightly as far as we use it, faithful to the Swagger document and to what was recorded of the live service: bare arrays,
 * space-separated UTC dates, partial PUTs on the collection, a filter that excludes its own second, deletions that leave no trace.
 * What the vendor does not document is an option.
 */
export interface InsightlySandboxOptions extends ApiOptions, Partial<ListOptions> {
  apiKey?: string;
  /** The sandbox's clock; default the machine's. */
  now?: () => Date;
  /** Requests in any sliding second; default 10, as documented. `Infinity` for none. */
  perSecond?: number;
  /** Requests at once; default 5: with four in flight nobody was refused. */
  connections?: number;
  /** Calls a day, over the whole account; default 60,000 (Professional). Starts anew at midnight UTC. */
  quota?: number;
  /** `Retry-After` of a throttling answer; default none. */
  retryAfter?: string;
  /** Whether a 429 tells the daily quota; default true. */
  quotaHeadersOn429?: boolean;
  /** Whether answers are packed for those who take it, as the live service does; default false, so that faults show in the text. */
  gzip?: boolean;
  replacesCustomFields?: boolean;
  restoreKeepsId?: boolean;
  /** Rows in another order at every request; the same as `order: 'each-time'`. */
  shuffles?: boolean;
  /** Where added and updated people are reported to, `repeat` times each (0: dropped). */
  webhook?: { url: string; user?: string; password?: string; repeat?: number };
}

export function insightlySandbox(options: InsightlySandboxOptions = {}): InsightlySandbox {
  const apiKey = options.apiKey ?? 'sandbox';
  const now = options.now ?? (() => new Date());
  const listing: ListOptions = {
    defaultTop: options.defaultTop ?? 100,
    aboveMost: options.aboveMost ?? 'refuse',
    order: options.shuffles ? 'each-time' : (options.order ?? 'by-id'),
    shuffleSeed: options.shuffleSeed ?? 1,
  };
  const sending = new Set<Promise<unknown>>();
  const store = new Store({
    now,
    replacesCustomFields: options.replacesCustomFields ?? false,
    restoreKeepsId: options.restoreKeepsId ?? true,
    onChange: (kind, row) => (kind === 'organisation' ? undefined : deliver(row)),
  });
  const quota = { limit: options.quota ?? 60_000, left: options.quota ?? 60_000, day: formatSpaced(now()).slice(0, 10) };
  const api = createApi({ store, listing, options, quota });
  let arrivals: number[] = [];
  let elsewhere: 401 | 404 | null = null;

  function deliver(row: SandboxRow): void {
    const hook = options.webhook;
    if (!hook) return;
    const body = webhookBody(row);
    const authorization: Record<string, string> =
      hook.user === undefined
        ? {}
        : { authorization: `Basic ${Buffer.from(`${hook.user}:${hook.password ?? ''}`).toString('base64')}` };
    for (let n = 0; n < (hook.repeat ?? 1); n++) {
      const sent = fetch(hook.url, { method: 'POST', headers: { 'content-type': 'application/json', ...authorization }, body })
        .catch(() => undefined)
        .finally(() => sending.delete(sent));
      sending.add(sent);
    }
  }

  const sandbox: InsightlySandbox = {
    vendor: 'insightly',
    connections: options.connections ?? 5,
    handle(request) {
      if (!isKey(request.headers.authorization, apiKey) || elsewhere === 401) return sandbox.unauthorized();
      if (elsewhere === 404) return { status: 404 };
      const at = performance.now();
      arrivals = arrivals.filter((t) => at - t < 1000);
      if (arrivals.length >= (options.perSecond ?? 10)) return sandbox.throttled(options.retryAfter);
      arrivals.push(at);
      const today = formatSpaced(now()).slice(0, 10);
      if (today !== quota.day) Object.assign(quota, { day: today, left: quota.limit });
      if (quota.left <= 0) return sandbox.throttled(options.retryAfter);
      quota.left--;
      const said = api.route(request);
      if (!options.gzip || said.body === undefined || !request.headers['accept-encoding']?.includes('gzip')) return said;
      return { ...said, headers: { ...said.headers, 'content-encoding': 'gzip' }, body: gzipSync(said.body) };
    },
    // the body of a 429 is not documented, so it is nothing that could be parsed
    throttled: (retryAfter) => ({
      status: 429,
      headers: {
        ...(options.quotaHeadersOn429 === false ? {} : api.headers()),
        'content-type': 'text/plain',
        ...(retryAfter ? { 'retry-after': retryAfter } : {}),
      },
      body: 'slow down {',
    }),
    unauthorized: () => ({
      status: 401,
      headers: api.headers(),
      body: JSON.stringify({ Message: 'Authorization has been denied for this request.' }),
    }),
    state: () => Object.fromEntries(kindNames.map((kind) => [kind, [...store.all[kind].values()].map(({ row }) => row)])),
    act: (what) => act(sandbox, what),
    seed: (count) => customers(count, sandbox),
    add(kind, fields) {
      for (const name of Object.keys(fields))
        if (name.endsWith('__c')) sandbox.define(kind, { name, type: typeof fields[name] === 'boolean' ? 'BIT' : 'TEXT' });
      return String(store.add(kind, fields).row[kinds[kind].idKey]);
    },
    update: (kind, id, fields) => store.set(kind, store.mustHave(kind, id).row, fields, true),
    remove: (kind, id) => void store.remove(kind, id),
    restore: (kind, id) => store.restore(kind, id),
    purge: () => {
      for (const kind of kindNames) store.binned[kind].clear();
    },
    hide: (kind, id, hidden = true) => {
      store.mustHave(kind, id).hidden = hidden;
    },
    deny: (kind, status) => void (status === null ? api.denied.delete(kind) : api.denied.set(kind, status)),
    conceal: (kind, field, how) =>
      void (how === null ? api.concealed.delete(`${kind} ${field}`) : api.concealed.set(`${kind} ${field}`, how)),
    moveAway: (status) => {
      elsewhere = status;
    },
    convert(id) {
      const { row } = store.mustHave('lead', id);
      const contact = sandbox.add('contact', {
        FIRST_NAME: row.FIRST_NAME ?? '-',
        LAST_NAME: row.LAST_NAME,
        EMAIL_ADDRESS: row.EMAIL || null,
        PHONE: row.PHONE,
        EMAIL_OPTED_OUT: row.EMAIL_OPTED_OUT,
        CUSTOMFIELDS: row.CUSTOMFIELDS,
      });
      store.set(
        'lead',
        row,
        { CONVERTED: true, CONVERTED_CONTACT_ID: Number(contact), CONVERTED_DATE_UTC: formatSpaced(now()) },
        true,
      );
      return contact;
    },
    merge(winner, loser) {
      const { row } = store.mustHave('contact', winner);
      const from = store.mustHave('contact', loser).row;
      store.set(
        'contact',
        row,
        Object.fromEntries(
          Object.keys(kinds.contact.fields)
            .filter((name) => row[name] === null && from[name] !== null)
            .map((name) => [name, from[name]]),
        ),
        true,
      );
      store.all.contact.delete(loser);
    },
    keepFromDeletion: (kind, id) => void api.undeletable.add(`${kind} ${id}`),
    define(kind, field) {
      if (!store.custom[kind].some(({ name }) => name === field.name)) store.custom[kind].push(field);
    },
    record: (kind, id) => store.all[kind].get(id)?.row,
    ids: (kind) => [...store.all[kind].keys()],
    bin(kind) {
      store.emptyOld();
      return [...store.binned[kind].keys()];
    },
    setQuota(value) {
      quota.left = value;
    },
    webhookBody: (kind, id) => webhookBody(store.mustHave(kind, id).row),
    async delivered() {
      while (sending.size > 0) await Promise.all(sending);
    },
  };
  return sandbox;
}

/** The key is the user name, encoded with or without its colon; the password is not looked at. */
function isKey(header: string | undefined, apiKey: string): boolean {
  const given = /^Basic\s+([A-Za-z0-9+/=]+)$/i.exec(header ?? '')?.[1];
  return given !== undefined && Buffer.from(given, 'base64').toString('utf8').split(':')[0] === apiKey;
}
