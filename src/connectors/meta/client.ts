import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { Failure } from '../../core/failure.ts';
import type { Answer, Call, Wire } from '../http.ts';
import { type Key, payloadOf } from './mapping.ts';
import { judge, type Refusal } from './said.ts';
import type { MetaSettings } from './settings.ts';

/** A list of customers that the company uploaded. */
export interface CustomerList {
  id: string;
  /** Meta flagged it: nobody can be taken out before that is solved. */
  isFlagged: boolean;
}

export interface MetaClient {
  /** The lists of an ad account that can be changed person by person. */
  customerLists(account: string, call: Call): Promise<CustomerList[]>;
  /** Asks for one removal; `accepted` is a receipt, whether the person was in the list or not. */
  remove(list: string, key: Key, value: string, call: Call): Promise<'accepted' | 'invalid' | Refusal>;
}

const Page = z.looseObject({
  data: z.array(
    z.looseObject({
      id: z.string().regex(/^\d+$/),
      subtype: z.string().optional(),
      operation_status: z.looseObject({ code: z.number() }).optional(),
    }),
  ),
  paging: z.looseObject({ cursors: z.looseObject({ after: z.string() }).optional(), next: z.string().optional() }).optional(),
});

/** The answer to a removal in the form that is seen most; some clients know another, `Short`. */
const Receipt = z.looseObject({
  audience_id: z.union([z.string(), z.number()]),
  num_received: z.number(),
  num_invalid_entries: z.number(),
});
const Short = z.looseObject({ success: z.boolean() });

const flagged = 471;
const pageSize = '100';

export function createClient(
  options: {
    baseUrl: string;
    settings: Pick<MetaSettings, 'version' | 'bodyAs'>;
    accessToken: string;
    appSecret: string | undefined;
    now(): Date;
  },
  wire: Wire,
): MetaClient {
  const { settings, accessToken, appSecret } = options;
  const base = options.baseUrl.replace(/\/+$/, '');

  /** Meta takes its token in the query; nothing of a person is ever in an address. */
  function urlOf(path: string, query: Record<string, string>): string {
    const url = new URL(`${base}/${settings.version}/${path}`);
    for (const [name, value] of Object.entries({ ...query, access_token: accessToken, ...proof() }))
      url.searchParams.set(name, value);
    return url.href;
  }
  function proof(): Record<string, string> {
    if (!appSecret) return {};
    const time = String(Math.floor(options.now().getTime() / 1000));
    return {
      appsecret_proof: createHmac('sha256', appSecret).update(`${accessToken}|${time}`).digest('hex'),
      appsecret_time: time,
    };
  }
  const bodyOf = (payload: unknown) =>
    settings.bodyAs === 'json'
      ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ payload }) }
      : {
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams({ payload: JSON.stringify(payload) }).toString(),
        };

  return {
    async customerLists(account, call) {
      const lists: CustomerList[] = [];
      const seen = new Set<string>();
      for (let after: string | undefined; ; ) {
        const query = { fields: 'id,subtype,operation_status', limit: pageSize, ...(after ? { after } : {}) };
        const answer = await wire({ method: 'GET', url: urlOf(`${account}/customaudiences`, query), kind: 'read' }, call);
        judge(answer, 'read', call);
        const { data, paging } = parse(Page, answer);
        // audiences of visitors, of the app and lookalikes are none that a person can be taken out of
        for (const { id, subtype, operation_status: status } of data)
          if (subtype === undefined || subtype === 'CUSTOM') lists.push({ id, isFlagged: status?.code === flagged });
        if (!paging?.next) return lists;
        after = paging.cursors?.after;
        if (!after || seen.has(after)) throw new Failure('ANSWER_GARBLED', { status: answer.status });
        seen.add(after);
      }
    },

    async remove(list, key, value, call) {
      const url = urlOf(`${list}/users`, {});
      const answer = await wire({ method: 'DELETE', url, kind: 'write', ...bodyOf(payloadOf(key, value)) }, call);
      const refusal = judge(answer, 'write', call);
      if (refusal) return refusal;
      return receiptIn(answer, list);
    },
  };
}

/** A receipt for another list or another number of people is none. */
function receiptIn(answer: Answer, list: string): 'accepted' | 'invalid' {
  const { status } = answer;
  const short = Short.safeParse(answer.json());
  if (short.success) {
    if (!short.data.success) throw new Failure('NOT_APPLIED', { status });
    return 'accepted';
  }
  const { audience_id: id, num_received: received, num_invalid_entries: invalid } = parse(Receipt, answer);
  if (String(id) !== list || received !== 1) throw new Failure('ANSWER_GARBLED', { status });
  return invalid === 0 ? 'accepted' : 'invalid';
}

function parse<T>(schema: z.ZodType<T>, answer: Answer): T {
  const parsed = schema.safeParse(answer.json());
  if (!parsed.success) throw new Failure('ANSWER_GARBLED', { status: answer.status });
  return parsed.data;
}
