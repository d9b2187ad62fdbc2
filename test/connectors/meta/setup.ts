import { createWire, freeCall, memoryGate, type Wire } from '../../../src/connectors/http.ts';
import { meta } from '../../../src/connectors/meta/connector.ts';
import { type MetaSandboxOptions, metaSandbox } from '../../../src/connectors/meta/sandbox.ts';
import { serveSandbox } from '../../../src/connectors/sandbox.ts';
import type { Allowed } from '../../../src/core/allowed.ts';
import type { FieldName, Fields } from '../../../src/core/person.ts';
import { allow } from '../../../src/core/policy.ts';
import { account } from './subject.ts';

export const call = freeCall;

/** Vectors of the published clients' normalisation: the address, and its hash. */
export const matti = {
  email: 'matti.meikalainen@example.fi',
  hash: '67e892f38282b99e867047207d22484b1f993f68ab85ba9dd9ff3b70644511eb',
};

interface WorldOptions extends MetaSandboxOptions {
  settings?: Record<string, unknown>;
  knowsSecret?: boolean;
  behind?: (wire: Wire) => Wire;
}

/** A sandbox on a socket, and a connector that talks to it. */
export async function world({ settings, knowsSecret, behind, ...options }: WorldOptions = {}) {
  const vendor = metaSandbox({ accessToken: 'EAAtoken', ...options });
  const server = await serveSandbox(vendor);
  const wire = createWire({ gate: memoryGate({ connections: 4 }), deadlineMs: 2000 });
  const connector = meta.connect(
    {
      system: 'advertisements',
      baseUrl: server.url,
      credentials: {
        accessToken: 'EAAtoken',
        ...(knowsSecret !== false && options.appSecret ? { appSecret: options.appSecret } : {}),
      },
      settings: meta.settings.parse({ adAccounts: [account], ...settings }),
    },
    behind?.(wire) ?? wire,
  );
  const { recipient } = connector;
  if (!recipient) throw new Error('Meta is a recipient');
  const refFor = (fields: Fields, place = `${account}/EMAIL:email`) => {
    const ref = recipient.refFor?.(fields, place);
    if (!ref) throw new Error('nobody is named by these fields');
    return ref;
  };
  return { vendor, server, connector, recipient, refFor, [Symbol.asyncDispose]: () => server.close() };
}

/** What the field policy would hand over. */
export const given = (fields: Fields): Allowed<Fields> => allow(fields, { fields: Object.keys(fields) as FieldName[] });
