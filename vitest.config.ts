import { defineConfig } from 'vitest/config';
import { findChromium, lackingServers } from './test/support/installed.ts';
import LongestFirst from './test/support/longest-first.ts';
import { lackingSshd } from './test/support/sftp-server.ts';

/**
 * Four projects. `pure` needs nothing. `embedded` runs the ledger's tests on the private PostgreSQL that Kaiku brings; `server` runs
 * them on an installed PostgreSQL and Redis, where the machine has them (`KAIKU_TEST_SERVERS=0` leaves them out).
 * `browser` opens the console in an installed Chromium, as a person would.
 */
const onLedger = [
  'test/store/**/*.test.ts',
  'test/jobs/**/*.test.ts',
  'test/server/**/*.test.ts',
  'test/cli/**/*.test.ts',
  'test/journeys/**/*.test.ts',
  'test/chaos/**/*.test.ts',
];
/** Where both runtimes are there, the embedded one runs what depends on it; the rest needs a ledger, whichever, and measures need one only once. */
const onEmbedded = [
  'test/store/{audit,slots}.test.ts',
  'test/journeys/{accounting,canaries,erasure,rectification,retention}.test.ts',
  'test/chaos/kills.test.ts',
  'test/chaos/postgres.test.ts',
  'test/jobs/converge.test.ts',
];
/** A CI machine may stand still for a minute. What needed a second try is named at the end of the run, never passed over. */
const retry = process.env['CI'] ? 1 : 0;
const inBrowser = ['test/browser/**/*.test.ts'];
const ledger = (name: string, runtime: 'embedded' | 'server', include = onLedger) => ({
  extends: true as const,
  test: { name, include, globalSetup: [`test/support/${runtime}.ts`], testTimeout: 300_000, hookTimeout: 120_000, retry },
});

const lacking = lackingServers();
const runsAll = lacking !== null || process.env['KAIKU_TEST_ALL'] === '1';
const leftOut = [
  ...(runsAll
    ? []
    : ['on the embedded runtime what PostgreSQL + Redis ran too, but for its own part (KAIKU_TEST_ALL=1 runs all on both)']),
  ...(lacking ? [`the tests on PostgreSQL + Redis (${lacking}); the same tests ran on the embedded runtime`] : []),
  ...(lackingSshd() ? [`OpenSSH's SFTP server (${lackingSshd()}); the same tests ran on a scripted one`] : []),
  ...(findChromium() ? [] : ['the tests in a browser (no Chromium on this machine; KAIKU_CHROMIUM names one)']),
];
if (leftOut.length > 0) process.env['KAIKU_TEST_LEFT_OUT'] = leftOut.join('; ');

export default defineConfig({
  test: {
    environment: 'node',
    reporters: ['default', './test/support/closing-line.ts'],
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: { name: 'pure', include: ['test/**/*.test.ts'], exclude: [...onLedger, ...inBrowser], testTimeout: 180_000, retry },
      },
      ledger('embedded', 'embedded', runsAll ? onLedger : onEmbedded),
      ...(lacking ? [] : [ledger('server', 'server')]),
      ...(findChromium() ? [ledger('browser', 'embedded', inBrowser)] : []),
    ],
  },
});
