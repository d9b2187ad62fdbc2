import { expect, it } from 'vitest';
import { seedCrowd } from '../support/crowd.ts';
import { localToken, openTestHub } from './hub.ts';

/**
 * Every page of the DPO among many people: small enough in any case; how long it takes is printed, and never judged here, because a
 * busy machine is no fault of a page. `KAIKU_CROWD=100000` measures at the size that the pages are built for.
 */
const subjects = Number(process.env['KAIKU_CROWD'] ?? 2000);
const cases = Math.min(1000, Math.ceil(subjects / 10));

it(`keeps every page under 50 kB with ${subjects} people and ${cases} cases`, { timeout: 600_000 }, async () => {
  const hub = await openTestHub();
  try {
    const somebody = await seedCrowd(hub.needs, { subjects, cases });
    const paths = [
      '/',
      '/?queue=200',
      '/?matrix=150',
      `/people/${somebody.subject}`,
      '/cases',
      '/cases?state=planned&from=50',
      '/cases?from=150',
      `/cases/${somebody.found}`,
      `/cases/${somebody.planned}`,
      '/held',
      '/held?from=100',
      '/tasks',
      '/tasks?from=150',
      `/tasks/${somebody.task}`,
      '/systems',
      '/systems/newsletter',
      '/systems/newsletter/link',
      '/drift',
      '/systems/newsletter/drift',
      '/alerts',
      '/audit',
      '/audit?system=newsletter',
      '/policy',
      '/accounts',
      '/api/v1/erasures?limit=50',
      '/api/v1/cases?limit=50&offset=100',
    ];
    const measured: string[] = [];
    for (const path of paths) {
      const times: number[] = [];
      let size = 0;
      for (let i = 0; i < 5; i++) {
        const from = performance.now();
        const answer = await hub.app.inject({ method: 'GET', url: path, headers: { authorization: `Bearer ${localToken}` } });
        times.push(performance.now() - from);
        expect(answer.statusCode, path).toBe(200);
        expect(answer.body, path).not.toContain('⟦');
        size = Buffer.byteLength(answer.body);
      }
      times.sort((a, b) => a - b);
      measured.push(
        `${path.replace(/[0-9a-f-]{36}/, ':id').padEnd(36)} ${(size / 1000).toFixed(1).padStart(6)} kB ${times[2]?.toFixed(0).padStart(6)} ms`,
      );
      expect(size, path).toBeLessThan(path.startsWith('/api/') ? 100_000 : 50_000);
    }
    process.stdout.write(`${measured.join('\n')}\n`);
  } finally {
    await hub.close();
  }
});
