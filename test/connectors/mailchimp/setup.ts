import { createRequire } from 'node:module';
import type { ping, searchMembers } from '@mailchimp/mailchimp_marketing';
import type { Written } from '../../../src/connectors/connector.ts';
import { createWire, freeCall, memoryGate, type Wire } from '../../../src/connectors/http.ts';
import { mailchimp } from '../../../src/connectors/mailchimp/connector.ts';
import { type MailchimpSandboxOptions, mailchimpSandbox } from '../../../src/connectors/mailchimp/sandbox.ts';
import { serveSandbox } from '../../../src/connectors/sandbox.ts';
import type { Allowed } from '../../../src/core/allowed.ts';
import type { FieldName, Fields } from '../../../src/core/person.ts';
import { allow } from '../../../src/core/policy.ts';

export const call = freeCall;
export const audience = 'ab12cd34ef';
export const aino = 'aino.virtanen@sahko.test';

/** A clock that moves only when it is told to. */
export function clock(start = '2025-04-19T00:49:32Z') {
  let at = Date.parse(start);
  return {
    now: () => new Date(at),
    pass(seconds: number) {
      at += seconds * 1000;
    },
  };
}

interface WorldOptions extends MailchimpSandboxOptions {
  settings?: Record<string, unknown>;
  credentials?: Record<string, string>;
  deadlineMs?: number;
  behind?: (wire: Wire) => Wire;
}

/** A sandbox on a socket, and a connector that talks to it. */
export async function world({ settings, credentials, deadlineMs, behind, ...options }: WorldOptions = {}) {
  const vendor = mailchimpSandbox({ apiKey: 'key-us1', ...options });
  const server = await serveSandbox(vendor);
  const wire = createWire({ gate: memoryGate({ connections: 8 }), deadlineMs: deadlineMs ?? 2000 });
  const connector = mailchimp.connect(
    {
      system: 'newsletter',
      baseUrl: `${server.url}/3.0`,
      credentials: { apiKey: 'key-us1', ...credentials },
      settings: mailchimp.settings.parse({ audiences: [audience], ...settings }),
    },
    behind?.(wire) ?? wire,
  );
  const { recipient, webhook } = connector;
  if (!recipient || !webhook) throw new Error('Mailchimp is a recipient, and calls us');
  return { vendor, server, connector, recipient, webhook, [Symbol.asyncDispose]: () => server.close() };
}

/** What the field policy would hand over. */
export const given = (fields: Fields): Allowed<Fields> => allow(fields, { fields: Object.keys(fields) as FieldName[] });

export function refOf(said: Written) {
  if (said.kind !== 'accepted') throw new Error(`the write was ${said.kind}`);
  return said.ref;
}

export interface MemberAnswer {
  id: string;
  contact_id: string;
  web_id: number;
  unique_email_id: string;
  email_address: string;
  status: string;
  merge_fields: Record<string, unknown>;
  last_changed: string;
}
type Body = Record<string, unknown>;

/** The official client as published, with its own transport. Its types lack some methods and many arguments, so ours say them. */
interface OfficialClient {
  basePath: string;
  setConfig(config: { apiKey: string }): void;
  lists: {
    setListMember(list: string, hash: string, body: Body, options?: Body): Promise<MemberAnswer>;
    updateListMember(list: string, hash: string, body: Body): Promise<MemberAnswer>;
    addListMember(list: string, body: Body): Promise<MemberAnswer>;
    getListMember(list: string, key: string): Promise<MemberAnswer>;
    getListMembersInfo(list: string, options?: Body): Promise<{ members: MemberAnswer[]; total_items: number }>;
    deleteListMember(list: string, hash: string): Promise<null>;
    deleteListMemberPermanent(list: string, hash: string): Promise<null>;
    batchListMembers(list: string, body: Body): Promise<Body>;
    updateListMemberTags(list: string, hash: string, body: Body): Promise<null>;
    createListWebhook(list: string, body: Body): Promise<{ signing_enabled: boolean; signing_secret?: string }>;
  };
  ping: typeof ping;
  searchMembers: typeof searchMembers;
  batches: {
    start(body: { operations: unknown[] }): Promise<BatchAnswer>;
    status(id: string): Promise<BatchAnswer>;
  };
}
export interface BatchAnswer {
  id: string;
  status: string;
  total_operations: number;
  finished_operations: number;
  errored_operations: number;
  response_body_url: string;
}

const ApiClient = createRequire(import.meta.url)('@mailchimp/mailchimp_marketing/src/ApiClient') as new () => OfficialClient;

export function officialClient(url: string, apiKey = 'key-us1'): OfficialClient {
  const client = new ApiClient();
  client.setConfig({ apiKey });
  client.basePath = `${url}/3.0`;
  return client;
}
