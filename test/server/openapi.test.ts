import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { beforeAll, describe, expect, it } from 'vitest';
import { watch } from '../../src/jobs/watch.ts';
import { access } from '../../src/server/auth.ts';
import { described } from '../../src/server/openapi.ts';
import { pauseSystem } from '../../src/store/systems.ts';
import { aino } from '../jobs/world.ts';
import { idOf, linkedAino, openTestHub, type TestHub } from './hub.ts';

interface Operation {
  summary?: string;
  tags?: string[];
  'x-roles'?: string[];
  responses: Record<string, { content?: Record<string, { schema: object }> }>;
}
let hub: TestHub;
let paths: Record<string, Record<string, Operation>>;
beforeAll(async () => {
  hub = await openTestHub({ testClock: true });
  paths = (await hub.ask('GET', '/openapi.json')).json<{ paths: typeof paths }>().paths;
  return () => hub.close();
});
const routes = Object.keys(access).filter((route) => route !== 'GET /openapi.json');
const operationOf = (route: string): Operation | undefined => {
  const [method, path] = route.split(' ') as [string, string];
  return paths[`/api/v1${path.replace(/:(\w+)/g, '{$1}')}`]?.[method.toLowerCase()];
};

describe('the description of the API', () => {
  it('has a line for every route of the access table, and for no other', () => {
    expect(Object.keys(described).sort()).toEqual([...routes].sort());
  });

  it.each(routes)('says of %s what it is, who may, and what comes back', (route) => {
    const operation = operationOf(route);
    expect(operation?.summary).toBeTruthy();
    expect(operation?.tags).toHaveLength(1);
    expect(operation?.['x-roles']).toEqual(access[route]);
    const good = Object.entries(operation?.responses ?? {}).filter(([status]) => status.startsWith('2'));
    expect(good).toHaveLength(1);
    expect(operation?.responses['default']).toBeDefined();
  });
});

describe('what the API answers', () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  (addFormats as unknown as (to: Ajv2020) => void)(ajv);
  /** Asks, and holds the answer against the description. */
  async function asks(route: string, path: string, body?: unknown) {
    const [method] = route.split(' ') as ['GET' | 'POST'];
    const answer = await hub.ask(method, path, body);
    expect([route, answer.status, answer.status < 300 ? '' : answer.text]).toEqual([route, answer.status, '']);
    const responses = operationOf(route)?.responses ?? {};
    const [good] = Object.entries(responses).filter(([status]) => status.startsWith('2'));
    const schema = Object.values(good?.[1].content ?? {})[0]?.schema;
    if (!schema) throw new Error(`${route} has no schema`);
    const validate = ajv.compile(schema);
    const value = answer.type.includes('json') ? answer.json<unknown>() : answer.text;
    expect([route, validate(value), validate.errors ?? []]).toEqual([route, true, []]);
    return value as Record<string, unknown>;
  }

  it('is as it is described, from the first contact to the last proof', async () => {
    const subject = await linkedAino(hub);
    await asks('GET /systems', '/systems');
    await asks('POST /systems/:system/check', '/systems/newsletter/check');
    await asks('GET /systems', '/systems');
    await asks('POST /systems/:system/link', '/systems/newsletter/link', { apply: false });
    for (const row of hub.newsletter.rows.values()) row.fields.givenName = 'Aina';
    hub.newsletter.add({ email: 'stranger@sahko.test' });
    const preview = await asks('POST /systems/:system/resync', '/systems/newsletter/resync', { dryRun: true });
    const run = await asks('POST /systems/:system/resync', '/systems/newsletter/resync', { preview: preview['run'] });
    for (const verb of ['pause', 'throttle', 'resume', 'stop']) await asks('POST /runs/:id/:verb', `/runs/${run['run']}/${verb}`);
    await asks('GET /runs/:id', `/runs/${run['run']}`);
    await asks('GET /runs/:id/failures', `/runs/${run['run']}/failures`);
    await asks('GET /systems/:system/runs', '/systems/newsletter/runs');
    await asks('GET /subjects', `/subjects?email=${encodeURIComponent(aino.email)}`);
    await asks('GET /subjects/:id', `/subjects/${subject}`);
    await asks('POST /subjects/:id/read', `/subjects/${subject}/read`, { reason: 'accuracy' });
    await asks('POST /subjects/:id/resync', `/subjects/${subject}/resync`, { system: 'newsletter' });
    await hub.settle();
    for (const row of hub.newsletter.rows.values()) row.fields.givenName = 'Aini';
    await asks('GET /systems/:system/drift', '/systems/newsletter/drift');
    const compared = await asks('POST /systems/:system/drift', '/systems/newsletter/drift');
    const found = await asks('GET /drift/:run', `/drift/${compared['run']}`);
    expect(found['findings']).not.toEqual([]);
    await asks('GET /systems/:system/drift', '/systems/newsletter/drift');
    await asks('POST /drift/:run/repair', `/drift/${compared['run']}/repair`);
    await hub.settle();
    const opened = await asks('POST /cases', '/cases', { type: 'erasure', subject });
    await asks('GET /cases', '/cases');
    await asks('GET /cases/:id', `/cases/${opened['id']}`);
    await asks('POST /cases/:id/approve', `/cases/${opened['id']}/approve`);
    await hub.settle();
    await asks('GET /erasures', '/erasures');
    const tasks = (await asks('GET /tasks', '/tasks')) as unknown as { id: string }[];
    await asks('GET /tasks/:id', `/tasks/${tasks[0]?.id}?reveal=true`);
    await asks('POST /tasks/:id/answer', `/tasks/${tasks[0]?.id}/answer`, { outcome: 'erased' });
    await asks('GET /held', '/held');
    await asks('GET /audit/checkpoint', '/audit/checkpoint');
    await asks('GET /audit/entries', '/audit/entries');
    await asks('GET /audit/proof', '/audit/proof?entry=0');
    await asks('GET /audit/export', `/audit/export?case=${opened['id']}`);
    await asks('POST /audit/verify', '/audit/verify');
    await asks('GET /doctor', '/doctor');
    await asks('POST /tokens', '/tokens', { role: 'viewer' });
    await asks('POST /test/clock', '/test/clock', { advance: 'P1D' });
    const other = await asks('POST /cases', '/cases', { type: 'erasure', subject: await idOf(hub, 'other@sahko.test') });
    await asks('POST /cases/:id/refuse', `/cases/${other['id']}/refuse`, { reason: 'still a customer' });
  });

  it('is as it is described about alerts and accounts', async () => {
    await pauseSystem(hub.needs.db, 'newsletter', 'CREDENTIALS_REJECTED');
    await watch(hub.needs);
    expect((await asks('GET /alerts', '/alerts'))['open']).not.toEqual([]);
    await asks('POST /alerts/test', '/alerts/test');
    await asks('POST /accounts/first-link', '/accounts/first-link');
    const person = { email: 'dora@sahko.test', name: 'Dora', roles: ['dpo'] };
    const made = await asks('POST /accounts', '/accounts', person);
    await asks('POST /accounts/:id/roles', `/accounts/${made['id']}/roles`, { roles: ['dpo', 'viewer'] });
    for (const verb of ['link', 'unlock', 'end-sessions', 'disable', 'enable'])
      await asks('POST /accounts/:id/:verb', `/accounts/${made['id']}/${verb}`);
    await asks('GET /accounts', '/accounts');
  });

  it('is a problem as it is described where something is wrong', async () => {
    const validate = ajv.compile(
      Object.values(operationOf('GET /runs/:id')?.responses['default']?.content ?? {})[0]?.schema ?? {},
    );
    for (const path of ['/runs/none', '/runs/4f9f1c9e-8a4b-4d56-9a44-0c8f6d3b5e01', '/audit/proof?entry=99999999'])
      expect([path, validate((await hub.ask('GET', path)).json())]).toEqual([path, true]);
  });
});
