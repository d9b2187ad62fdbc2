import type { RegisterOptions, RegisterRecord } from '../../../src/connectors/connector.ts';
import { createWire, freeCall, type Gate, type Wire } from '../../../src/connectors/http.ts';
import { insightly } from '../../../src/connectors/insightly/connector.ts';
import { type InsightlySandboxOptions, insightlySandbox } from '../../../src/connectors/insightly/sandbox.ts';
import { type RunningSandbox, serveSandbox } from '../../../src/connectors/sandbox.ts';

export const call = freeCall;
const openGate: Gate = { enter: async () => ({ leave: async () => {} }) };
export const wire: Wire = createWire({ gate: openGate, deadlineMs: 2000 });

export const registerOptions: RegisterOptions = {
  for: 'customer',
  erasureSignal: { field: 'Erase__c', equals: true },
  permissions: {
    newsletter: { granted: { field: 'Newsletter__c', equals: true }, refused: { field: 'EMAIL_OPTED_OUT', equals: true } },
  },
};

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

/** A sandbox on a socket without its rate limits, and a connector that talks to it. */
export async function world(
  options: InsightlySandboxOptions & { settings?: unknown; register?: RegisterOptions; behind?: (wire: Wire) => Wire } = {},
) {
  const crm = insightlySandbox({ apiKey: 'key', perSecond: Number.POSITIVE_INFINITY, connections: 100, ...options });
  const server: RunningSandbox = await serveSandbox(crm);
  const settings = insightly.settings.parse(options.settings ?? {});
  const connector = insightly.connect(
    {
      system: 'crm',
      baseUrl: `${server.url}/v3.1`,
      credentials: { apiKey: 'key' },
      settings,
      register: options.register ?? registerOptions,
    },
    options.behind?.(wire) ?? wire,
  );
  const { register, recipient, webhook } = connector;
  if (!register || !recipient || !webhook) throw new Error('Insightly is a register, a recipient, and calls us');
  return { crm, server, connector, register, recipient, webhook, [Symbol.asyncDispose]: () => server.close() };
}

export type World = Awaited<ReturnType<typeof world>>;

/** One poll to its end. */
export async function poll(
  { register }: World,
  cursor: string | null,
  object = 'contact',
): Promise<{ records: RegisterRecord[]; cursor: string | null; pages: number }> {
  const records: RegisterRecord[] = [];
  let [pages, last] = [0, cursor];
  for await (const page of register.changes(object, cursor, call)) {
    records.push(...page.records);
    last = page.cursor;
    pages++;
  }
  return { records, cursor: last, pages };
}
