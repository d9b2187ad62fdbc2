import type { DemoAccount } from './accounts.ts';

/** Leaves the hub up, with its console and an account for each role, until Ctrl-C. */
export async function keepRunning(
  url: string,
  token: string,
  accounts: readonly DemoAccount[],
  say: (line: string) => void,
): Promise<void> {
  say(`\nThe hub goes on: try\n  curl -H 'Authorization: Bearer ${token}' ${url}/api/v1/erasures`);
  say(`\nThe console: ${url}`);
  const widest = Math.max(...accounts.map(({ address }) => address.length));
  for (const { address, password } of accounts) say(`  ${address.padEnd(widest)}  ${password}`);
  say('Stop with Ctrl-C.');
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
