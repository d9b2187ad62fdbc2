import { randomBytes, randomUUID } from 'node:crypto';
import type { Connector, ConnectorFactory, Manifest } from '../connector.ts';
import type { Wire } from '../http.ts';
import { checkRights } from './check.ts';
import { createClient } from './client.ts';
import { customersOf } from './customers.ts';
import { recipientOf } from './recipient.ts';
import { NetvisorSettings } from './settings.ts';

export const manifest: Manifest = {
  vendor: 'netvisor',
  roles: ['recipient'],
  human: false,
  erasure: {
    depth: 'hard',
    cap: 're-observed',
    why: 'a customer without invoices is deleted, which later look-ups confirm; one with invoices is stripped and kept until the law lets go',
  },
  readBack: true,
  readBackPath: 'getcustomer.nv?id=',
  // one request a company at a time, over all its integrations that are ours
  limits: { connections: 1 },
  deadlineSeconds: 360,
  backupLagDays: null,
  rights: ['customerlist', 'getcustomer', 'salesinvoicelist', 'customer-write', 'contactperson-write', 'deletecustomer'],
  retention: ['fi/vouchers'],
};

/** Visma Netvisor's customers as a recipient: private persons, sole traders, and the people at firms. */
export const netvisor: ConnectorFactory<NetvisorSettings> = {
  manifest,
  settings: NetvisorSettings,
  credentials: ['customerId', 'customerKey', 'partnerId', 'partnerKey'],
  connect({ baseUrl, credentials, settings }, wire: Wire): Connector {
    const client = createClient({ baseUrl, credentials, settings, now: () => new Date(), newId: randomUUID }, wire);
    const customers = customersOf(client);
    return {
      manifest: { ...manifest, limits: { connections: 1, key: `netvisor/${settings.organisationId}` } },
      recipient: recipientOf(customers, settings),
      check: (call, writeTest) =>
        checkRights({ customers, settings, baseUrl, mark: () => randomBytes(4).toString('hex') }, call, writeTest),
    };
  },
};
