import { existsSync } from 'node:fs';
import { findInstalledPostgres } from '../../src/store/embedded-binaries.ts';

export const findRedis = (): string | undefined =>
  ['/usr/bin/redis-server', '/usr/local/bin/redis-server', '/opt/homebrew/bin/redis-server'].find(existsSync);

export const findChromium = (): string | undefined =>
  [process.env['KAIKU_CHROMIUM'] ?? '/usr/bin/chromium', '/usr/bin/google-chrome', '/usr/bin/chromium-browser'].find(existsSync);

/** Why the tests on real servers are left out here; null where they run. `KAIKU_TEST_SERVERS=0` leaves them out by choice. */
export function lackingServers(): string | null {
  if (process.env['KAIKU_TEST_SERVERS'] === '0') return 'KAIKU_TEST_SERVERS=0';
  const lacking = [...(findInstalledPostgres() ? [] : ['PostgreSQL']), ...(findRedis() ? [] : ['Redis'])];
  return lacking.length > 0 ? `no ${lacking.join(' and no ')} on this machine` : null;
}
