import { readFile } from 'node:fs/promises';
import { ga4Sandbox } from '../connectors/ga4/sandbox.ts';
import { insightlySandbox } from '../connectors/insightly/sandbox.ts';
import { mailchimpSandbox } from '../connectors/mailchimp/sandbox.ts';
import { metaSandbox } from '../connectors/meta/sandbox.ts';
import { netvisorSandbox } from '../connectors/netvisor/sandbox.ts';
import { panelSandbox } from '../connectors/panel/sandbox.ts';
import { type SandboxBehaviour, serveSandbox } from '../connectors/sandbox.ts';

/** A sandbox that cannot be started as asked. */
export class SandboxError extends Error {
  override name = 'SandboxError';
}

const vendors: Record<string, () => SandboxBehaviour> = {
  ga4: () => ga4Sandbox(),
  insightly: () => insightlySandbox({}),
  mailchimp: () => mailchimpSandbox({}),
  meta: () => metaSandbox(),
  netvisor: () => netvisorSandbox(),
  panel: () => panelSandbox(),
};

/** Runs a vendor's simulator until it is stopped. The ready line is JSON; `/_sandbox/act` and `/_sandbox/faults` drive it. */
export async function runSandbox(
  vendor: string,
  options: { port: number; seed?: string },
  out: (line: string) => void,
): Promise<number> {
  const make = vendors[vendor];
  if (!make) throw new SandboxError(`there is no sandbox "${vendor}"; there are ${Object.keys(vendors).join(', ')}`);
  const behaviour = make();
  for (const deed of options.seed ? await deedsOf(options.seed) : []) behaviour.act?.(deed);
  const server = await serveSandbox(behaviour, { port: options.port });
  out(JSON.stringify({ vendor, url: server.url }));
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  await server.close();
  return 0;
}

/** A seed file is a JSON array of what `/_sandbox/act` takes. */
async function deedsOf(file: string): Promise<Record<string, unknown>[]> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new SandboxError(`the seed ${file} cannot be read as JSON (${(error as Error).message})`);
  }
  if (!Array.isArray(parsed))
    throw new SandboxError(`the seed ${file} must be a JSON array of deeds, as [{"do": "seed", "count": 100}]`);
  return parsed as Record<string, unknown>[];
}
