import { createHash, randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../../core/configuration.ts';
import type { Needs } from '../../jobs/needs.ts';
import { putSession, type SessionRow, type Stage, sessionByToken, touchSession } from '../../store/sessions.ts';
import type { Actor } from '../auth.ts';
import type { Card } from './account.ts';

/** Bound to the host and to https where there is https; on this machine over plain http browsers refuse that name. */
export const sessionCookie = (config: Config): string => (isHttps(config) ? '__Host-kaiku' : 'kaiku');
const isHttps = (config: Config) => config.signIn?.url?.startsWith('https:') ?? false;

const cookieOptions = (config: Config) => ({ path: '/', httpOnly: true, sameSite: 'strict', secure: isHttps(config) }) as const;

const hashOf = (token: string) => createHash('sha256').update(token).digest();

/** A new session with a token of 256 random bits; only its hash stays here. */
export async function startSession(needs: Needs, account: string, stage: Stage): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  await putSession(needs.db, { id: needs.newId(), tokenHash: hashOf(token), account, stage });
  return token;
}

export const giveCookie = (reply: FastifyReply, config: Config, token: string) =>
  reply.setCookie(sessionCookie(config), token, cookieOptions(config));

export const takeCookie = (reply: FastifyReply, config: Config) =>
  reply.clearCookie(sessionCookie(config), cookieOptions(config));

/** The session a browser brings, at whatever stage. What a page fetches by itself does not keep it alive. */
export async function sessionOf(needs: Needs, request: FastifyRequest): Promise<SessionRow | null> {
  const token = request.cookies[sessionCookie(needs.config)];
  if (!token || token.length > 100) return null;
  const session = await sessionByToken(needs.db, hashOf(token));
  if (!session) return null;
  const byItself = request.headers['x-kaiku-live'] !== undefined || request.routeOptions.url === '/live';
  if (!byItself) await touchSession(needs.db, session.id);
  return session;
}

/** Who that is, once they are wholly signed in. */
export function actorOfSession(needs: Needs, session: SessionRow | null): Actor | null {
  if (session?.stage !== 'full') return null;
  const { name } = needs.vault.unsealJson<Card>(`account:${session.account}`, session.sealed);
  return {
    id: `account:${session.account}`,
    roles: session.roles,
    name,
    systems: session.systems,
    staff: session.staff,
    account: { id: session.account, session: session.id, language: session.language },
  };
}
