import { defineConfig } from 'vitest/config';
import { lackingServers } from './test/support/installed.ts';

/**
 * Three projects. `pure` needs nothing. `embedded` runs the ledger's tests on the private PostgreSQL that Kaiku brings; `server` runs
 * the same tests on an installed PostgreSQL and Redis, where the machine has them (`KAIKU_TEST_SERVERS=0` leaves them out).
 */
const onLedger = [
  'test/store/**/*.test.ts',
  'test/jobs/**/*.test.ts',
  'test/server/**/*.test.ts',
  'test/cli/**/*.test.ts',
  'test/journeys/**/*.test.ts',
  'test/chaos/**/*.test.ts',
];
const ledger = (name: 'embedded' | 'server') => ({
  extends: true as const,
  test: { name, include: onLedger, globalSetup: [`test/support/${name}.ts`], testTimeout: 300_000, hookTimeout: 120_000 },
});

const lacking = lackingServers();
if (lacking)
  process.env['KAIKU_TEST_LEFT_OUT'] = `the tests on PostgreSQL + Redis (${lacking}); the same tests ran on the embedded runtime`;

export default defineConfig({
  test: {
    environment: 'node',
    reporters: ['default', './test/support/closing-line.ts'],
    maxWorkers: 3,
    projects: [
      { extends: true, test: { name: 'pure', include: ['test/**/*.test.ts'], exclude: onLedger, testTimeout: 180_000 } },
      ledger('embedded'),
      ...(lacking ? [] : [ledger('server')]),
    ],
  },
});
