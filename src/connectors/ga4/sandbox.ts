import { createPublicKey, randomBytes, verify } from 'node:crypto';
import type { SandboxAnswer, SandboxBehaviour, SandboxRequest } from '../sandbox.ts';

const kinds = ['userId', 'clientId', 'appInstanceId', 'userProvidedData'] as const;
type SandboxKind = (typeof kinds)[number];

export interface Ga4SandboxOptions {
  properties?: readonly string[];
  /** PEM of the service account's public key; without it every signature is taken. */
  publicKey?: string;
  tokenSeconds?: number;
  /** Deletions a day that the v3 API takes for each property. */
  dailyQuota?: number;
  now?: () => Date;
}

interface User {
  property: string;
  kind: SandboxKind;
  id: string;
  /** When they visited, in ms. */
  visits: number[];
}

export interface Ga4Sandbox extends SandboxBehaviour {
  /** A visitor's data are collected, and anew after a deletion. */
  visit(property: string, kind: SandboxKind, id: string): void;
  /** Whose data are not covered by a request for deletion. */
  users(property?: string): User[];
  /** Whom the reports still show: they follow a request within 72 hours. */
  inReports(property: string): string[];
  /** Ends every token that was given out, before its time. */
  revokeTokens(): void;
  readonly tokensGiven: number;
}

const reportLagMs = 72 * 3_600_000;
const [editScope, v3Scope] = ['analytics.edit', 'analytics.user.deletion'].map((s) => `https://www.googleapis.com/auth/${s}`);
const v3Kinds: Record<string, SandboxKind> = { CLIENT_ID: 'clientId', USER_ID: 'userId', APP_INSTANCE_ID: 'appInstanceId' };

/** Google Analytics as far as we use it: a token's door, one property's look, and two ways to ask for a deletion. */
export function ga4Sandbox(options: Ga4SandboxOptions = {}): Ga4Sandbox {
  const now = () => (options.now?.() ?? new Date()).getTime();
  const properties = new Set(options.properties ?? ['123456789']);
  const users = new Map<string, User>();
  const deletions: { key: string; at: number }[] = [];
  const tokens = new Map<string, { scope: string; until: number }>();
  const asked = new Map<string, number>();
  let given = 0;
  const keyOf = (property: string, kind: string, id: string) => `${property} ${kind} ${id}`;
  const visit = (property: string, kind: SandboxKind, id: string) => {
    const key = keyOf(property, kind, id);
    const user = users.get(key) ?? { property, kind, id, visits: [] };
    user.visits.push(now());
    users.set(key, user);
  };
  const remaining = (key: string, user: User, by = now()) => {
    const upTo = Math.max(...deletions.filter((d) => d.key === key && d.at <= by).map(({ at }) => at), Number.NEGATIVE_INFINITY);
    return user.visits.filter((at) => at > upTo);
  };
  const usersIn = (property: string | undefined, by?: number) =>
    [...users].flatMap(([key, user]) =>
      (property === undefined || user.property === property) && remaining(key, user, by).length > 0 ? [user] : [],
    );

  const grant = (request: SandboxRequest): SandboxAnswer => {
    const form = new URLSearchParams(request.body.toString('utf8'));
    const claims = claimsIn(form.get('assertion') ?? '', options.publicKey);
    if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer')
      return json(400, { error: 'unsupported_grant_type' });
    if (!claims || claims.aud !== request.url || claims.exp * 1000 < now()) return json(400, { error: 'invalid_grant' });
    const token = `ya29.${randomBytes(12).toString('hex')}`;
    const seconds = options.tokenSeconds ?? 3599;
    tokens.set(token, { scope: claims.scope, until: now() + seconds * 1000 });
    given++;
    return json(200, { access_token: token, expires_in: seconds, token_type: 'Bearer' });
  };

  const remove = (property: string, kind: SandboxKind, id: string): SandboxAnswer => {
    // an identifier that nobody has is taken like any other
    const key = keyOf(property, kind, id);
    deletions.push({ key, at: now() });
    return json(200, { deletionRequestTime: new Date(now()).toISOString() });
  };

  const admin = (property: string, body: Record<string, unknown>): SandboxAnswer => {
    const named = kinds.filter((kind) => kind in body);
    const [kind] = named;
    const id = kind ? body[kind] : undefined;
    if (named.length !== 1 || !kind || typeof id !== 'string' || id === '') return problem(400, 'INVALID_ARGUMENT');
    return remove(property, kind, id);
  };

  const older = (body: Record<string, unknown>): SandboxAnswer => {
    const { type, userId } = (body['id'] ?? {}) as Record<string, unknown>;
    const [kind, property] = [v3Kinds[String(type)], String(body['propertyId'])];
    if (!kind || typeof userId !== 'string' || userId === '') return problem(400, 'INVALID_ARGUMENT', 'invalidParameter');
    if (!properties.has(property)) return problem(403, 'PERMISSION_DENIED', 'insufficientPermissions');
    const day = `${property} ${new Date(now()).toISOString().slice(0, 10)}`;
    asked.set(day, (asked.get(day) ?? 0) + 1);
    if ((asked.get(day) ?? 0) > (options.dailyQuota ?? 500)) return problem(403, 'RESOURCE_EXHAUSTED', 'dailyLimitExceeded');
    return remove(property, kind, userId);
  };

  const handle = (request: SandboxRequest): SandboxAnswer => {
    const { method, path, headers } = request;
    if (path === '/token') return method === 'POST' ? grant(request) : json(405, {});
    const token = tokens.get((headers['authorization'] ?? '').replace(/^Bearer /, ''));
    if (!token || token.until <= now()) return problem(401, 'UNAUTHENTICATED', 'authError');
    const isOlder = path === '/analytics/v3/userDeletion/userDeletionRequests:upsert';
    if (!token.scope.split(' ').includes(String(isOlder ? v3Scope : editScope)))
      return problem(403, 'PERMISSION_DENIED', 'insufficientPermissions');
    const body = bodyOf(request);
    if (isOlder && method === 'POST') return body ? older(body) : problem(400, 'INVALID_ARGUMENT');
    const [, property = '', verb] = /^\/v1alpha\/properties\/(\d+)(:submitUserDeletion)?$/.exec(path) ?? [];
    if (property === '') return problem(404, 'NOT_FOUND');
    if (!properties.has(property)) return problem(403, 'PERMISSION_DENIED');
    if (!verb && method === 'GET') return json(200, { name: `properties/${property}`, displayName: 'Sandbox' });
    if (!verb || method !== 'POST') return problem(404, 'NOT_FOUND');
    return body ? admin(property, body) : problem(400, 'INVALID_ARGUMENT');
  };

  return {
    vendor: 'ga4',
    handle,
    throttled: (retryAfter) => ({
      ...problem(429, 'RESOURCE_EXHAUSTED'),
      ...(retryAfter ? { headers: { 'retry-after': retryAfter } } : {}),
    }),
    unauthorized: () => problem(401, 'UNAUTHENTICATED', 'authError'),
    state: () => usersIn(undefined),
    act(what) {
      const [property, kind, id] = ['property', 'kind', 'id'].map((name) => String(what[name] ?? ''));
      const known = kinds.find((k) => k === kind);
      if (what['do'] !== 'visit' || !known || !property || !id) throw new Error('do: visit, with property, kind and id');
      visit(property, known, id);
      return {};
    },
    visit,
    users: (property) => usersIn(property),
    inReports: (property) => usersIn(property, now() - reportLagMs).map(({ id }) => id),
    revokeTokens: () => tokens.clear(),
    get tokensGiven() {
      return given;
    },
  };
}

interface Claims {
  scope: string;
  aud: string;
  exp: number;
}

/** What a signed assertion claims; null where it is none, or another key signed it. */
function claimsIn(assertion: string, publicKey: string | undefined): Claims | null {
  const [head = '', claims = '', signature = ''] = assertion.split('.');
  const isSigned = () =>
    verify('RSA-SHA256', Buffer.from(`${head}.${claims}`), createPublicKey(publicKey ?? ''), Buffer.from(signature, 'base64url'));
  try {
    if (publicKey && !isSigned()) return null;
    const { scope, aud, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8')) as Partial<Claims>;
    return scope && aud && exp ? { scope, aud, exp } : null;
  } catch {
    return null;
  }
}

function bodyOf({ body }: SandboxRequest): Record<string, unknown> | null {
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString('utf8')) as Record<string, unknown>;
  } catch {
    return null;
  }
}

const json = (status: number, body: unknown): SandboxAnswer => ({
  status,
  headers: { 'content-type': 'application/json; charset=UTF-8' },
  body: JSON.stringify(body),
});

const problem = (status: number, code: string, reason?: string): SandboxAnswer =>
  json(status, { error: { code: status, message: code, status: code, ...(reason ? { errors: [{ reason }] } : {}) } });
