import { createHash, timingSafeEqual } from 'node:crypto';
import { userInfo } from 'node:os';
import { type Role, roles, type Scope, scopeOf } from '../core/scope.ts';
import type { Db } from '../store/database.ts';
import { tokenByHash } from '../store/tokens.ts';
import { ProblemError } from './problem.ts';

export { type Role, roles };

/** Who is asking: an id for the log and what they may do. */
export interface Actor {
  id: string;
  roles: readonly Role[];
  /** What the console calls them; an id where there is no name. */
  name?: string;
  /** A system owner's systems. */
  systems?: readonly string[];
  /** The staff a supervisor looks after. */
  staff?: readonly string[];
  /** Of somebody who signed in: the account, its session, and the language they chose. */
  account?: { id: string; session: string; language: string | null };
}

/**
 * Which roles may use which route; the table denies what it does not name. The first word of a route is its method. The admin runs
 * systems and does not read people; the DPO reads and reviews; decisions are the decision maker's. *Whom* somebody sees on a route is
 * the matter of their scope (`core/scope.ts`): HR and supervisors see staff only, and nobody else sees any.
 */
export const access: Readonly<Record<string, readonly Role[]>> = {
  'GET /subjects': ['dpo', 'decision-maker', 'hr', 'supervisor'],
  'GET /subjects/:id': ['dpo', 'decision-maker', 'hr', 'supervisor'],
  'POST /subjects/:id/resync': ['dpo', 'decision-maker', 'hr'],
  'POST /subjects/:id/read': ['dpo', 'decision-maker', 'hr'],
  'POST /subjects/:id/merge': ['decision-maker'],
  'POST /subjects/:id/same-person': ['dpo', 'decision-maker', 'hr'],
  'POST /subjects/:id/same-person/withdraw': ['dpo', 'decision-maker', 'hr'],
  'POST /subjects/:id/split': ['decision-maker'],
  'POST /links/:id/unlink': ['decision-maker'],
  'POST /links/:id/relink': ['decision-maker'],
  'GET /cases': ['dpo', 'decision-maker', 'auditor', 'hr', 'supervisor'],
  'POST /cases': ['dpo', 'decision-maker', 'hr'],
  'POST /cases/:id/also': ['dpo', 'decision-maker', 'hr'],
  'GET /cases/:id': ['dpo', 'decision-maker', 'auditor', 'hr', 'supervisor'],
  'POST /cases/:id/approve': ['decision-maker'],
  'POST /cases/:id/refuse': ['decision-maker'],
  'POST /cases/:id/extend': ['dpo', 'decision-maker', 'hr'],
  'POST /cases/:id/pause': ['dpo', 'decision-maker', 'hr'],
  'POST /cases/:id/resume': ['dpo', 'decision-maker', 'hr'],
  'POST /cases/:id/letters': ['dpo', 'decision-maker', 'hr'],
  'GET /cases/:id/letters': ['dpo', 'decision-maker', 'hr'],
  'GET /cases/:id/letters/:letter': ['dpo', 'decision-maker', 'hr'],
  'POST /cases/:id/letters/:letter/sent': ['dpo', 'decision-maker', 'hr'],
  'POST /cases/:id/announce-lift': ['dpo', 'decision-maker', 'hr'],
  'POST /cases/:id/lift': ['decision-maker'],
  'GET /cases/:id/own': ['dpo', 'decision-maker', 'auditor', 'hr', 'supervisor'],
  'GET /cases/:id/evidence': ['dpo', 'decision-maker', 'auditor', 'hr'],
  'GET /audit/consistency': ['dpo', 'auditor', 'admin'],
  'POST /cases/:id/withdraw': ['decision-maker'],
  'POST /cases/:id/except': ['decision-maker'],
  'POST /cases/:id/identity': ['dpo', 'decision-maker', 'hr'],
  'POST /cases/:id/prepare': ['dpo', 'decision-maker', 'hr'],
  'GET /intakes': ['dpo', 'decision-maker', 'hr'],
  'GET /intakes/:id': ['dpo', 'decision-maker', 'hr'],
  'POST /intakes/:id/read': ['dpo', 'decision-maker', 'hr'],
  'POST /intakes/:id/take': ['dpo', 'decision-maker', 'hr'],
  'POST /intakes/:id/dismiss': ['dpo', 'decision-maker', 'hr'],
  'GET /erasures': ['dpo', 'decision-maker', 'auditor', 'hr', 'supervisor'],
  'GET /systems': ['admin', 'dpo', 'decision-maker', 'viewer', 'system-owner', 'hr'],
  'POST /systems/:system/check': ['admin'],
  'POST /systems/:system/link': ['admin'],
  'POST /systems/:system/exports': ['admin', 'system-owner'],
  'POST /systems/:system/resync': ['admin'],
  'GET /systems/:system/runs': ['admin', 'dpo'],
  'GET /systems/:system/drift': ['admin', 'dpo'],
  'POST /systems/:system/drift': ['admin'],
  'GET /drift/:run': ['admin', 'dpo'],
  'POST /drift/:run/repair': ['admin'],
  'GET /runs/:id': ['admin', 'dpo'],
  'GET /runs/:id/failures': ['admin'],
  'POST /runs/:id/:verb': ['admin'],
  'GET /held': ['admin', 'dpo', 'decision-maker', 'hr'],
  'POST /held/:id/:verdict': ['decision-maker'],
  'POST /duties/:id/redrive': ['admin', 'dpo', 'hr'],
  'GET /parked': ['dpo', 'decision-maker', 'auditor', 'hr'],
  'GET /retention': ['admin', 'dpo', 'decision-maker', 'auditor', 'viewer', 'hr'],
  'GET /processing-record': ['admin', 'dpo', 'decision-maker', 'auditor', 'viewer'],
  'GET /notice': ['admin', 'dpo', 'decision-maker', 'auditor', 'viewer'],
  'GET /notice/draft': ['admin', 'dpo', 'decision-maker', 'auditor', 'viewer'],
  'GET /holds': ['dpo', 'decision-maker', 'hr'],
  'POST /holds': ['decision-maker'],
  'POST /holds/:id/release': ['decision-maker'],
  'POST /holds/:id/review': ['decision-maker'],
  'GET /tasks': ['dpo', 'decision-maker', 'system-owner', 'hr'],
  'GET /tasks/:id': ['dpo', 'decision-maker', 'system-owner', 'hr'],
  'POST /tasks/bounce': ['dpo'],
  'POST /tasks/:id/answer': ['dpo', 'decision-maker', 'system-owner', 'hr'],
  'GET /audit/checkpoint': ['admin', 'dpo', 'decision-maker', 'auditor'],
  'GET /audit/places': ['admin', 'dpo', 'decision-maker', 'auditor'],
  'GET /audit/entries': ['dpo', 'auditor'],
  'GET /audit/proof': ['dpo', 'auditor'],
  'GET /audit/export': ['dpo', 'auditor'],
  'POST /audit/verify': ['admin', 'dpo', 'decision-maker', 'auditor'],
  'GET /alerts': ['admin', 'dpo', 'decision-maker', 'hr'],
  'POST /alerts/test': ['admin'],
  'POST /tokens': ['admin'],
  'GET /accounts': ['admin'],
  'POST /accounts': ['admin'],
  'POST /accounts/first-link': ['admin'],
  'POST /accounts/:id/roles': ['admin'],
  'POST /accounts/:id/:verb': ['admin'],
  'GET /doctor': ['admin', 'dpo'],
  'POST /test/clock': ['admin'],
  'GET /openapi.json': roles,
};

const digest = (token: string) => createHash('sha256').update(token).digest();

/** The OS user, in the form of a code: the log takes no other. */
export function localActor(): Actor {
  const name =
    userInfo()
      .username.replace(/[^A-Za-z0-9._-]/g, '-')
      .slice(0, 32) || 'local';
  return { id: `os:${name}`, roles };
}

/** Who bears this token; throws a 401 problem when nobody does. */
export async function actorOf(db: Db, header: string | undefined, localToken: string): Promise<Actor> {
  const token = /^Bearer (\S+)$/i.exec(header ?? '')?.[1];
  if (!token) throw new ProblemError(401, 'Unauthorized', 'Send a bearer token; `kaiku token create --role R` prints one.');
  if (timingSafeEqual(digest(token), digest(localToken))) return localActor();
  const known = await tokenByHash(db, digest(token));
  if (!known || !(roles as readonly string[]).includes(known.role))
    throw new ProblemError(401, 'Unauthorized', 'This token is not known here, or was revoked.');
  return { id: `token:${known.id}`, roles: [known.role as Role] };
}

/** Whom the actor sees on this route. Throws a 403 problem unless the route's row names one of the actor's roles. */
export function mustBeAllowed(actor: Actor, method: string, route: string): Scope {
  const allowed = access[`${method} ${route}`] ?? [];
  if (!actor.roles.some((role) => allowed.includes(role))) {
    throw new ProblemError(
      403,
      'Forbidden',
      allowed.length > 0 ? `This needs one of the roles ${allowed.join(', ')}.` : 'No role may do this.',
    );
  }
  return scopeOf(actor, allowed);
}

export const tokenHash = digest;
