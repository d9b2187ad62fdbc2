import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { access, mustBeAllowed, type Role, roles } from '../../src/server/auth.ts';
import { openTestHub, type TestHub } from './hub.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await openTestHub();
  return () => hub.close();
});

/** The route's path with ids that nobody has: what is allowed finds nothing, and does nothing. */
const pathOf = (route: string) => route.replace(':id', randomUUID()).replace(':system', 'nowhere').replace(/:\w+/, 'none');

describe('who may do what', () => {
  const cells = Object.entries(access).flatMap(([row, allowed]) =>
    [...roles, 'nobody' as const].map((role) => ({ row, role, open: role !== 'nobody' && allowed.includes(role) })),
  );
  it.each(cells)('$row as $role: $open', async ({ row, role, open }) => {
    const [method, route] = row.split(' ') as ['GET' | 'POST', string];
    // the body of a new token is wrong on purpose: nothing is made by this test
    const { status } = await hub.ask(method, pathOf(route), method === 'POST' ? { unknown: true } : undefined, role);
    if (role === 'nobody') expect(status).toBe(401);
    else if (open) expect([401, 403]).not.toContain(status);
    else expect(status).toBe(403);
  });

  it('lists every route of the API, and no route that is not there', async () => {
    const { paths } = (await hub.ask('GET', '/openapi.json')).json<{ paths: Record<string, Record<string, unknown>> }>();
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((m) => `${m.toUpperCase()} ${path.replace('/api/v1', '').replace(/\{(\w+)\}/g, ':$1')}`),
    );
    expect([...routes, 'GET /openapi.json'].sort()).toEqual(Object.keys(access).sort());
  });

  it('denies a route that the table does not name, to everybody', () => {
    expect(() => mustBeAllowed({ id: 'os:root', roles }, 'POST', '/nowhere')).toThrow('No role may do this.');
    expect(() => mustBeAllowed({ id: 'os:root', roles }, 'GET', 'constructor')).toThrow();
  });

  it('treats HEAD as GET', async () => {
    const answer = await hub.app.inject({
      method: 'HEAD',
      url: '/api/v1/systems',
      headers: { authorization: 'Bearer token-of-auditor' },
    });
    expect(answer.statusCode).toBe(403);
  });
});

/** The test above follows the table wherever it goes; these hold the table itself. */
describe('the table of roles', () => {
  const rows = Object.entries(access);
  const openTo = (role: Role) => rows.flatMap(([row, allowed]) => (allowed.includes(role) ? [row] : []));

  it('leaves every decision to the decision maker alone', () => {
    const decisions = ['POST /cases/:id/approve', 'POST /cases/:id/refuse', 'POST /held/:id/:verdict'];
    expect(decisions.map((row) => access[row])).toEqual(decisions.map(() => ['decision-maker']));
  });

  it('lets auditors and viewers change nothing', () => {
    const writes = [...openTo('auditor'), ...openTo('viewer')].filter((row) => row.startsWith('POST'));
    // verifying computes, and writes no more than the checkpoint that was due
    expect(writes).toEqual(['POST /audit/verify']);
  });

  it('lets neither the admin nor the viewer read about people', () => {
    const about = [...openTo('admin'), ...openTo('viewer')].filter((row) =>
      /subjects|cases|erasures|tasks|entries|export/.test(row),
    );
    // who hands an export over sends it, and is told how many rows it has
    expect(about).toEqual(['POST /systems/:system/exports']);
  });

  it('leaves tokens, systems and the clock to the admin, but for an export, which whoever looks after its system hands over', () => {
    const rest = rows.filter(([row]) => /^POST \/(tokens|systems|runs|test)/.test(row));
    const more = rest.filter(([, allowed]) => allowed.length > 1);
    expect(more).toEqual([['POST /systems/:system/exports', ['admin', 'system-owner']]]);
    for (const [, allowed] of rest) expect(allowed).toContain('admin');
    expect(rest).toHaveLength(8);
  });
});

describe('who is asking', () => {
  const as = async (authorization: string) =>
    (await hub.raw({ method: 'GET', url: '/api/v1/systems', headers: { authorization } })).status;

  it('takes the local token and known tokens as bearer tokens, and nothing else', async () => {
    expect(await as('Bearer local-token')).toBe(200);
    expect(await as('bearer token-of-admin')).toBe(200);
    expect(await as('Bearer token-of-nobody')).toBe(401);
    expect(await as('Basic local-token')).toBe(401);
    expect(await as('Bearer ')).toBe(401);
    expect(await as('local-token')).toBe(401);
  });

  it('refuses a token at once when it is revoked', async () => {
    const made = (await hub.ask('POST', '/tokens', { role: 'viewer' })).json<{ id: string; token: string }>();
    expect(await as(`Bearer ${made.token}`)).toBe(200);
    await hub.revoke(made.id);
    expect(await as(`Bearer ${made.token}`)).toBe(401);
  });

  it('keeps of a token only its hash', async () => {
    const made = (await hub.ask('POST', '/tokens', { role: 'viewer' })).json<{ token: string }>();
    expect(await hub.dump('token')).not.toContain(made.token);
  });

  it('leaves health, metrics and webhooks open, and shows no person there', async () => {
    for (const url of ['/health/live', '/health/ready', '/metrics']) {
      expect((await hub.raw({ method: 'GET', url })).status).toBe(200);
    }
  });
});
