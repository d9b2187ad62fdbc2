import type { FastifyRequest } from 'fastify';
import type { Config } from '../../core/configuration.ts';
import { ProblemError } from '../problem.ts';

/**
 * Refuses a request that changes something unless it comes from a page of this console: the browser says so itself (`Sec-Fetch-Site`),
 * or, where it does not, its `Origin` is this host. Whoever bears a token is no browser that could be led astray, and is not asked.
 */
export function mustComeFromHere(request: FastifyRequest, config: Config): void {
  if (request.method === 'GET' || request.method === 'HEAD' || request.headers.authorization) return;
  const site = request.headers['sec-fetch-site'];
  if (site === 'same-origin') return;
  if (site === undefined && request.headers.origin !== undefined && request.headers.origin === originOf(request, config)) return;
  throw new ProblemError(403, 'Forbidden', 'This request does not come from a page of this console; nothing was changed.', {
    code: 'not-from-here',
  });
}

/** The console's own origin, as the browser that asks writes it. */
export const originOf = (request: FastifyRequest, config: Config): string =>
  config.signIn?.url ?? `${request.protocol}://${request.host}`;

/** A password or a session must not travel a network in the clear: https, or this machine. */
export function mustBeSafe(request: FastifyRequest, config: Config): void {
  if (config.signIn?.url) return;
  const from = request.socket.remoteAddress ?? '';
  if (/^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/.test(from)) return;
  throw new ProblemError(
    409,
    'Refused by a safety rule',
    'Over plain http people sign in on this machine only. Put a proxy with TLS before the console and its address into signIn.url.',
    { code: 'not-safe' },
  );
}
