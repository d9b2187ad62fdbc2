import type { SystemOptions, Written } from '../../../src/connectors/connector.ts';
import { createWire, freeCall, memoryGate, type Wire } from '../../../src/connectors/http.ts';
import { connectNetvisor, netvisor } from '../../../src/connectors/netvisor/connector.ts';
import { type NetvisorSandboxOptions, netvisorSandbox } from '../../../src/connectors/netvisor/sandbox.ts';
import type { NetvisorSettings } from '../../../src/connectors/netvisor/settings.ts';
import { serveSandbox } from '../../../src/connectors/sandbox.ts';
import type { Allowed } from '../../../src/core/allowed.ts';
import type { FieldName, Fields } from '../../../src/core/person.ts';
import { allow } from '../../../src/core/policy.ts';

export const call = freeCall;
export const organisationId = '2607385-7';
export const settingsOf = (settings: Record<string, unknown> = {}) => netvisor.settings.parse({ organisationId, ...settings });

export const credentials = {
  customerId: 'SB_12345_67890',
  customerKey: '0123456789ABCDEF0123456789ABCDEF',
  partnerId: 'Kai_12345',
  partnerKey: 'FEDCBA9876543210FEDCBA9876543210',
};

interface WorldOptions extends NetvisorSandboxOptions {
  settings?: Record<string, unknown>;
  own?: Record<string, string>;
  now?: () => Date;
  behind?: (wire: Wire) => Wire;
}

/** A sandbox on a socket, and a connector that talks to it, one request at a time. */
export async function world({ settings, own, behind, now = () => new Date(), ...options }: WorldOptions = {}) {
  const vendor = netvisorSandbox({ credentials, organisationId, now, ...options });
  const server = await serveSandbox(vendor);
  const wire = createWire({ gate: memoryGate({ connections: 1 }), deadlineMs: 2000 });
  const system: SystemOptions<NetvisorSettings> = {
    system: 'accounting',
    baseUrl: server.url,
    credentials: { ...credentials, ...own },
    settings: settingsOf(settings),
  };
  const connector = connectNetvisor(system, behind?.(wire) ?? wire, { now, newTransactionId: () => crypto.randomUUID() });
  const { recipient } = connector;
  if (!recipient) throw new Error('Netvisor is a recipient');
  return { vendor, server, connector, recipient, [Symbol.asyncDispose]: () => server.close() };
}

/** What the field policy would hand over. */
export const given = (fields: Fields): Allowed<Fields> => allow(fields, { fields: Object.keys(fields) as FieldName[] });

export const customer = (key: number | string) => ({ place: 'customer', id: String(key) });
export const contact = (card: number, person: number | undefined) => ({ place: 'contact', id: `${card}/${person}` });
export const block = (key: number) => ({ place: 'card-contact', id: String(key) });

export function refOf(said: Written) {
  if (said.kind !== 'accepted') throw new Error(`the write was ${JSON.stringify(said)}`);
  return said.ref;
}
