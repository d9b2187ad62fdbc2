import { expect, it } from 'vitest';
import { contentSecurityPolicy } from '../../src/server/console/console.ts';
import { openTestHub } from './hub.ts';

const canary = 'what-a-job-carries';

it('shows the queues to admins alone, without what a job carries, and changes nothing', async () => {
  const hub = await openTestHub({ board: true });
  try {
    await hub.queues?.shown('newsletter').add('converge', { dutyId: canary }, { jobId: 'one', priority: 1 });
    const ask = (url: string, as: string | null, method: 'GET' | 'PUT' | 'POST' | 'PATCH' = 'GET') =>
      hub.app.inject({ method, url, headers: as ? { authorization: `Bearer token-of-${as}` } : {} });
    const queue = hub.queues?.shown('newsletter').name;
    const job = `/queues/api/queues/${queue}/one`;
    const looks = ['/queues', '/queues/api/queues', `/queues/api/queues?activeQueue=${queue}&status=prioritized`];
    looks.push(job, `${job}/flow`, `${job}/logs`, '/queues/api/redis/stats', '/queues/api/job-schedulers');
    for (const url of looks) {
      expect([url, (await ask(url, null)).statusCode]).toEqual([url, 401]);
      for (const role of ['dpo', 'decision-maker', 'viewer', 'auditor', 'hr'])
        expect([url, role, (await ask(url, role)).statusCode]).toEqual([url, role, 403]);
      const seen = await ask(url, 'admin');
      expect([url, seen.statusCode, seen.body.includes(canary)]).toEqual([url, 200, false]);
      expect(seen.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    }
    expect((await ask(`/queues/api/queues?activeQueue=${queue}&status=prioritized`, 'admin')).body).toContain('"data":{}');
    for (const [method, url] of [
      ['PUT', '/queues/api/queues/pause'],
      ['PUT', `/queues/api/queues/${queue}/pause`],
      ['PUT', `/queues/api/queues/${queue}/clean/prioritized`],
      ['PUT', `${job}/retry/failed`],
      ['PUT', `${job}/clean`],
      ['PATCH', `${job}/update-data`],
      ['POST', `/queues/api/queues/${queue}/add`],
    ] as const) {
      const refused = await ask(url, 'admin', method);
      expect([url, [404, 405].includes(refused.statusCode)]).toEqual([url, true]);
    }
    expect(await hub.queues?.shown('newsletter').isPaused()).toBe(false);
    expect(await hub.queues?.depth('newsletter')).toBe(1);
    expect((await hub.raw({ method: 'GET', url: '/sign-in' })).headers['content-security-policy']).toBe(contentSecurityPolicy);
  } finally {
    await hub.close();
  }
});

it('is not there unless it was asked for', async () => {
  const hub = await openTestHub();
  const found = await hub.app.inject({ url: '/queues', headers: { authorization: 'Bearer token-of-admin' } });
  expect(found.statusCode).toBe(404);
  await hub.close();
});
