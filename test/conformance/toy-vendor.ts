import { z } from 'zod';
import type { SandboxAnswer } from '../../src/connectors/sandbox.ts';
import type { Vendor } from './world.ts';

/** The smallest vendor that keeps the contract: rows with an id, an e-mail address, two names, a state and their invoices. */
export const Row = z.object({
  id: z.string().min(1),
  email: z.string(),
  first: z.string(),
  last: z.string(),
  state: z.enum(['on', 'off', 'dead']),
});
export type Row = z.infer<typeof Row>;
const pageSize = 10;

export function toyVendor(): Vendor {
  const rows = new Map<string, Row>();
  const archived = new Map<string, Row>();
  const invoices = new Map<string, { date: string; open: boolean }[]>();
  let made = 0;
  const json = (status: number, body?: unknown): SandboxAnswer => ({
    status,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const byEmail = (email: unknown) => [...rows.values()].find((row) => row.email === String(email).trim().toLowerCase());
  const add = (fields: Partial<Row>): Row => {
    const row: Row = { id: `row${++made}`, email: '', first: '', last: '', state: 'on', ...fields };
    rows.set(row.id, row);
    return row;
  };
  return {
    rows: () => [...rows.values(), ...archived.values()],
    put: ({ email, givenName, familyName }) =>
      void add({ email: email.toLowerCase(), first: String(givenName ?? ''), last: String(familyName ?? '') }),
    freeze: (email) => {
      const row = byEmail(email);
      if (row) row.state = 'dead';
    },
    bind: (email) => {
      const row = byEmail(email);
      if (row) invoices.set(row.id, [{ date: '2025-03-15', open: false }]);
    },
    behaviour: {
      vendor: 'toy',
      throttled: (retryAfter) => ({ ...json(429), headers: retryAfter ? { 'retry-after': retryAfter } : {} }),
      unauthorized: () => json(401),
      handle({ method, path, query, headers, body }) {
        if (headers['authorization'] !== 'Bearer toy-secret') return json(401);
        const [, , id, action] = path.split('/');
        const row = id ? rows.get(id) : undefined;
        if (id && !row) return json(404);
        const asked = body.length > 0 ? (JSON.parse(body.toString('utf8')) as Partial<Row>) : {};
        if (method === 'GET' && row) return json(200, action === 'invoices' ? (invoices.get(row.id) ?? []) : row);
        if (method === 'GET') {
          const email = query.get('email');
          if (email !== null) return json(200, [byEmail(email)].filter(Boolean));
          const [offset, after] = [Number(query.get('offset')), Number(query.get('after') ?? 0)];
          const behind = [...rows.values()].filter(({ id }) => Number(id.slice(3)) > after);
          return json(200, { rows: behind.slice(offset, offset + pageSize), total: behind.length });
        }
        if (method === 'POST' && !row) return byEmail(asked.email) ? json(409) : json(201, add(asked));
        if (!row) return json(404);
        if (method === 'POST' && action === 'stop') {
          if (row.state === 'on') row.state = 'off';
          return json(200, row);
        }
        if (method === 'DELETE') {
          if (invoices.has(row.id)) return json(409);
          rows.delete(row.id);
          if (action !== 'for-good') archived.set(row.id, row);
          return json(204);
        }
        if (method !== 'PATCH') return json(405);
        const holder = asked.email ? byEmail(asked.email) : undefined;
        if (holder && holder !== row) return json(409);
        return json(200, Object.assign(row, asked));
      },
    },
  };
}
