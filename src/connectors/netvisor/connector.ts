import { randomUUID } from 'node:crypto';
import type { Connector, ConnectorFactory, Manifest, SystemOptions } from '../connector.ts';
import type { Wire } from '../http.ts';
import { checkRights } from './check.ts';
import { createClient } from './client.ts';
import { payrollOf } from './payroll.ts';
import { checkPayroll, payrollRights } from './payroll-check.ts';
import { recipientOf } from './recipient.ts';
import { NetvisorSettings } from './settings.ts';

export const manifest: Manifest = {
  vendor: 'netvisor',
  roles: ['recipient'],
  human: false,
  erasure: {
    depth: 'hard',
    cap: 're-observed',
    why: 'a card without invoices is deleted, which later look-ups confirm; one with invoices is stripped and never called erased',
  },
  readBack: true,
  readBackPath: 'getcustomer.nv?id=',
  // one request per company at a time; overlapping ones are answered with errors (support article 77000500440)
  limits: { connections: 1 },
  deadlineSeconds: 360,
  // customerlist.nv has no pages: about 350 bytes a customer, for half a million of them
  maxBytes: 200 * 1024 * 1024,
  backupLagDays: null,
  retention: ['fi/vouchers'],
  rights: ['customerlist', 'getcustomer', 'salesinvoicelist', 'customer-write', 'contactperson-write', 'deletecustomer'],
};

/** The same of `settings.payroll`: what its rights are called, and that nothing there is ever deleted. */
const payrollManifest: Manifest = {
  ...manifest,
  erasure: {
    depth: 'anonymise',
    cap: 'acknowledged',
    why: 'Netvisor deletes no employee: the row of somebody who has left is narrowed and read back, and on its last day people are asked',
  },
  readBackPath: 'getemployee.nv?netvisorkey=',
  retention: ['fi/payroll-books', 'fi/payroll-vouchers'],
  rights: [...payrollRights],
};

/** Visma Netvisor as a recipient: private customers, sole traders, contact persons; or, by a setting, employees. */
export const netvisor: ConnectorFactory<NetvisorSettings> = {
  manifest,
  settings: NetvisorSettings,
  credentials: ['customerId', 'customerKey', 'partnerId', 'partnerKey'],
  connect: (options, wire) => connectNetvisor(options, wire, { now: () => new Date(), newTransactionId: randomUUID }),
};

/** The same with a clock and an id maker handed in. */
export function connectNetvisor(
  { baseUrl, credentials, settings }: SystemOptions<NetvisorSettings>,
  wire: Wire,
  { now, newTransactionId }: { now(): Date; newTransactionId(): string },
): Connector {
  const client = createClient({ baseUrl, credentials, settings, now, newTransactionId }, wire);
  // one company answers one request at a time, whichever of its two systems asks
  const limits = { ...manifest.limits, key: `netvisor/${settings.organisationId}` };
  if (settings.payroll)
    return {
      manifest: { ...payrollManifest, limits },
      recipient: payrollOf({ client, now }),
      check: (call, writeTest) => checkPayroll({ client, now }, call, writeTest),
    };
  return {
    manifest: { ...manifest, limits },
    recipient: recipientOf({ client, settings, now }),
    check: (call, writeTest) => checkRights({ client, settings, baseUrl, now }, call, writeTest),
  };
}
