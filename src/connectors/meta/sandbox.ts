import { createHmac } from 'node:crypto';
import type { SandboxAnswer, SandboxBehaviour, SandboxRequest } from '../sandbox.ts';

interface SandboxAudience {
  id: string;
  subtype: 'CUSTOM' | 'WEBSITE' | 'ENGAGEMENT' | 'LOOKALIKE';
  /** `flagged`: no edits. `gone`: still listed, and deleted. `foreign`: shown, and not for us to change. */
  state?: 'flagged' | 'gone' | 'foreign';
}

export interface MetaSandboxOptions {
  accessToken?: string;
  /** With it, each call must prove that it knows the app's secret. */
  appSecret?: string;
  accounts?: Record<string, readonly SandboxAudience[]>;
  /** How long a removal takes to show, in ms; Meta says up to 24 hours. */
  removalMs?: number;
  /** Calls that an ad account takes before it is told to slow down. */
  calls?: number;
  /** The short answer that some clients know. */
  shortAnswers?: boolean;
  pageSize?: number;
  now?: () => Date;
}

export interface MetaSandbox extends SandboxBehaviour {
  /** The company uploads somebody into a list, hashed by its own tool. */
  upload(audience: string, key: string, value: string): void;
  /** Who is in a list, as Meta sees it by now. */
  members(audience?: string): { audience: string; key: string; value: string }[];
  expireToken(): void;
  readonly bodies: string[];
}

const usual: Record<string, readonly SandboxAudience[]> = { act_1000: [{ id: '2380001', subtype: 'CUSTOM' }] };
const keys = new Set(['EMAIL', 'PHONE', 'EXTERN_ID']);

/** Customer lists as far as we use them: an account's lists in pages, and removals that say only that they were received. */
export function metaSandbox(options: MetaSandboxOptions = {}): MetaSandbox {
  const now = () => (options.now?.() ?? new Date()).getTime();
  const accounts = options.accounts ?? usual;
  const inLists = new Map<string, { audience: string; key: string; value: string; outAt: number }>();
  const bodies: string[] = [];
  let isExpired = false;
  let calls = 0;
  const members = (audience?: string) =>
    [...inLists.values()].flatMap(({ outAt, ...member }) =>
      outAt > now() && (audience === undefined || member.audience === audience) ? [member] : [],
    );

  function refusedCaller({ query }: SandboxRequest): SandboxAnswer | null {
    const token = query.get('access_token');
    if (isExpired) return problem(190, 463);
    if (options.accessToken !== undefined && token !== options.accessToken) return problem(190);
    if (options.appSecret === undefined) return null;
    const expected = createHmac('sha256', options.appSecret)
      .update(`${token}|${query.get('appsecret_time')}`)
      .digest('hex');
    return query.get('appsecret_proof') === expected ? null : problem(100);
  }

  function lists(account: string, query: URLSearchParams): SandboxAnswer {
    const all = accounts[account];
    if (!all) return problem(100, 33);
    const size = Math.min(Number(query.get('limit') ?? 25), options.pageSize ?? 100);
    const from = query.get('after') === null ? 0 : all.findIndex(({ id }) => id === query.get('after')) + 1;
    const page = all.slice(from, from + size);
    const asked = (query.get('fields') ?? 'id').split(',');
    const data = page.map(({ id, subtype, state }) => ({
      id,
      ...(asked.includes('subtype') ? { subtype } : {}),
      ...(asked.includes('operation_status') ? { operation_status: { code: state === 'flagged' ? 471 : 200 } } : {}),
    }));
    const after = page.at(-1)?.id;
    const hasMore = from + page.length < all.length;
    return json(200, {
      data,
      ...(after ? { paging: { cursors: { after }, ...(hasMore ? { next: 'https://graph.test/next' } : {}) } } : {}),
    });
  }

  function remove(audience: SandboxAudience, body: string): SandboxAnswer {
    const refusal = refusalOf(audience);
    if (refusal) return refusal;
    const payload = payloadIn(body);
    const [key = '', ...more] = payload?.schema ?? [];
    if (!payload || !keys.has(key) || more.length > 0 || payload.data.length > 10_000) return problem(100);
    let invalid = 0;
    for (const [value = ''] of payload.data) {
      // a value that is not hashed is none (assumed); one that nobody has is received like any other
      if (key !== 'EXTERN_ID' && !/^[0-9a-f]{64}$/.test(value)) invalid++;
      const member = inLists.get(`${audience.id} ${key} ${value}`);
      if (member) member.outAt = Math.min(member.outAt, now() + (options.removalMs ?? 0));
    }
    if (options.shortAnswers) return json(200, { success: true });
    return json(200, {
      audience_id: audience.id,
      session_id: '7',
      num_received: payload.data.length,
      num_invalid_entries: invalid,
      invalid_entry_samples: {},
    });
  }

  return {
    vendor: 'meta',
    handle(request) {
      const { method, path, query } = request;
      const refusal = refusedCaller(request);
      if (refusal) return refusal;
      if (++calls > (options.calls ?? Number.POSITIVE_INFINITY)) return problem(80003);
      const [version = '', object = '', edge = ''] = path.split('/').slice(1);
      if (!/^v\d+\.\d+$/.test(version)) return problem(2500);
      if (method === 'GET' && edge === 'customaudiences') return lists(object, query);
      const audience = Object.values(accounts)
        .flat()
        .find(({ id }) => id === object);
      if (!audience) return problem(100, 33);
      const body = request.body.toString('utf8');
      if (method !== 'DELETE' || edge !== 'users') return problem(100);
      bodies.push(body);
      return remove(audience, body);
    },
    throttled: (retryAfter) => ({ ...problem(80003), ...(retryAfter ? { headers: { 'retry-after': retryAfter } } : {}) }),
    unauthorized: () => problem(190, 460),
    state: () => members(),
    act(what) {
      const [audience, key, value] = ['audience', 'key', 'value'].map((name) => String(what[name] ?? ''));
      if (what['do'] !== 'upload' || !audience || !key || !value) throw new Error('do: upload, with audience, key and value');
      upload(audience, key, value);
      return {};
    },
    upload,
    members,
    expireToken() {
      isExpired = true;
    },
    bodies,
  };

  function upload(audience: string, key: string, value: string): void {
    inLists.set(`${audience} ${key} ${value}`, { audience, key, value, outAt: Number.POSITIVE_INFINITY });
  }
}

function refusalOf({ state, subtype }: SandboxAudience): SandboxAnswer | null {
  if (state === 'flagged') return problem(100, 1713230);
  if (state === 'gone') return problem(1487366);
  if (state === 'foreign') return problem(1487301);
  return subtype === 'CUSTOM' ? null : problem(100);
}

/** As a field of a form, or as the body. */
function payloadIn(body: string): { schema: string[]; data: string[][] } | null {
  try {
    const text = body.startsWith('{') ? body : (new URLSearchParams(body).get('payload') ?? '');
    const parsed = JSON.parse(text) as { payload?: unknown };
    return (body.startsWith('{') ? parsed.payload : parsed) as { schema: string[]; data: string[][] };
  } catch {
    return null;
  }
}

const json = (status: number, body: unknown): SandboxAnswer => ({
  status,
  headers: { 'content-type': 'application/json; charset=UTF-8' },
  body: JSON.stringify(body),
});

const problem = (code: number, subcode?: number): SandboxAnswer =>
  json(400, {
    error: {
      message: 'sandbox',
      type: 'OAuthException',
      code,
      ...(subcode ? { error_subcode: subcode } : {}),
      fbtrace_id: 'AbCd-123',
    },
  });
