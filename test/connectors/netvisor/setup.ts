import type { Recipient } from '../../../src/connectors/connector.ts';
import { createWire, freeCall, memoryGate } from '../../../src/connectors/http.ts';
import { netvisor } from '../../../src/connectors/netvisor/connector.ts';
import { type NetvisorSandboxOptions, netvisorSandbox } from '../../../src/connectors/netvisor/sandbox.ts';
import { serveSandbox } from '../../../src/connectors/sandbox.ts';

export const call = freeCall;
export const organisationId = '2607385-7';

/** A strict Netvisor over a real socket, and the connector to it. */
export async function openNetvisor(settings: Record<string, unknown> = {}, options: NetvisorSandboxOptions = {}) {
  const sandbox = netvisorSandbox({ strict: true, ...options });
  const server = await serveSandbox(sandbox);
  const connector = netvisor.connect(
    {
      system: 'accounting',
      baseUrl: server.url,
      credentials: { ...sandbox.credentials },
      settings: netvisor.settings.parse({ organisationId, ...settings }),
    },
    createWire({ gate: memoryGate({ connections: 1 }), deadlineMs: 3000 }),
  );
  return {
    sandbox,
    server,
    connector,
    recipient: connector.recipient as Recipient,
    [Symbol.asyncDispose]: () => server.close(),
  };
}
