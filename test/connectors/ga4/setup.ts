import { ga4 } from '../../../src/connectors/ga4/connector.ts';
import { type Ga4SandboxOptions, ga4Sandbox } from '../../../src/connectors/ga4/sandbox.ts';
import { createWire, freeCall, memoryGate } from '../../../src/connectors/http.ts';
import { serveSandbox } from '../../../src/connectors/sandbox.ts';
import type { Allowed } from '../../../src/core/allowed.ts';
import type { FieldName, Fields } from '../../../src/core/person.ts';
import { allow } from '../../../src/core/policy.ts';
import { property, publicKey, serviceAccount } from './subject.ts';

export const call = freeCall;
export const clientId = '1234567890.1700000000';

/** A sandbox on a socket, and a connector that talks to it. */
export async function world(options: Ga4SandboxOptions & { settings?: Record<string, unknown>; account?: string } = {}) {
  const { settings, account, ...rest } = options;
  const vendor = ga4Sandbox({ publicKey, properties: [property, '987654321'], ...rest });
  const server = await serveSandbox(vendor);
  const connector = ga4.connect(
    {
      system: 'analytics',
      baseUrl: server.url,
      credentials: { serviceAccount: account ?? serviceAccount },
      settings: ga4.settings.parse({
        properties: [property],
        identifiers: { clientId: 'custom.gaClientId' },
        tokenUrl: `${server.url}/token`,
        ...settings,
      }),
    },
    createWire({ gate: memoryGate({ connections: 4 }), deadlineMs: 2000 }),
  );
  const { recipient } = connector;
  if (!recipient) throw new Error('Google Analytics is a recipient');
  const refFor = (fields: Fields, place = `${property}/clientId`) => {
    const ref = recipient.refFor?.(fields, place);
    if (!ref) throw new Error('nobody is named by these fields');
    return ref;
  };
  return { vendor, server, connector, recipient, refFor, [Symbol.asyncDispose]: () => server.close() };
}

/** What the field policy would hand over. */
export const given = (fields: Fields): Allowed<Fields> => allow(fields, { fields: Object.keys(fields) as FieldName[] });
