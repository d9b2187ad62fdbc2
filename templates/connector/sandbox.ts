import type { SandboxAnswer, SandboxBehaviour } from '../sandbox.ts';
import type { Row } from './mapping.ts';

const pageSize = 10;

/** Acme as far as we use it: write down here what its documentation says, quirks included, and not what would be handy. */
export function acmeSandbox(options: { apiKey?: string } = {}) {
  const rows = new Map<string, Row>();
  let made = 0;
  const holder = (email: unknown) => [...rows.values()].find((row) => row.email === String(email).toLowerCase());
  const add = (row: Partial<Row>): Row => {
    const whole = { email: '', firstName: '', lastName: '', mailing: true, ...row, id: String(1000 + ++made) };
    rows.set(whole.id, whole);
    return whole;
  };
  const behaviour: SandboxBehaviour = {
    vendor: 'acme',
    throttled: (retryAfter) => ({ ...json(429), headers: retryAfter ? { 'retry-after': retryAfter } : {} }),
    unauthorized: () => json(401),
    state: () => [...rows.values()],
    handle({ method, path, query, headers, body }) {
      if (headers['authorization'] !== `Bearer ${options.apiKey ?? 'sandbox'}`) return json(401);
      const id = decodeURIComponent(path.split('/')[2] ?? '');
      const row = rows.get(id);
      if (id !== '' && !row) return json(404);
      const asked = body.length > 0 ? (JSON.parse(body.toString('utf8')) as Partial<Row>) : {};
      const taken = asked.email === undefined ? undefined : holder(asked.email);
      if (taken && taken !== row) return json(409);
      if (method === 'GET' && row) return json(200, row);
      if (method === 'GET') return json(200, page(query));
      if (method === 'POST' && !row) return json(201, add(asked));
      if (method === 'PATCH' && row) return json(200, Object.assign(row, asked));
      if (method !== 'DELETE' || !row) return json(405);
      rows.delete(row.id);
      return json(204);
    },
  };
  const page = (query: URLSearchParams) => {
    const email = query.get('email');
    if (email !== null) return { rows: [holder(email)].filter((row) => row !== undefined), more: false };
    const behind = [...rows.values()].filter((row) => Number(row.id) > Number(query.get('after') ?? 0));
    return { rows: behind.slice(0, pageSize), more: behind.length > pageSize };
  };
  return { behaviour, add, rows: () => [...rows.values()] };
}

const json = (status: number, body?: unknown): SandboxAnswer => ({
  status,
  headers: { 'content-type': 'application/json' },
  ...(body === undefined ? {} : { body: JSON.stringify(body) }),
});
