import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import formbody from '@fastify/formbody';
import multipart, { type MultipartFields } from '@fastify/multipart';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { replyLimits } from '../../core/reply.ts';
import { scopeOf } from '../../core/scope.ts';
import type { Needs } from '../../jobs/needs.ts';
import type { Actor } from '../auth.ts';
import { closeTo } from '../gate.ts';
import { ProblemError } from '../problem.ts';
import { mustBeSafe, mustComeFromHere, originOf } from '../sign-in/origin.ts';
import { giveCookie, sessionOf, takeCookie } from '../sign-in/session.ts';
import { problemPage } from './faults.tsx';
import { documentOf, navigationOf } from './frame.tsx';
import { isLanguage, languageOf, type Translator, translatorFor } from './i18n.ts';
import { liveRoutes } from './live.ts';
import type { Ask, Download, OpenAsk, OpenPage, Page, Redirect, View } from './page.ts';
import { navigation, openPages, pages } from './pages.ts';

export interface ConsoleOptions {
  needs: Needs;
  /** Who asks, by a session or a bearer token; null: nobody. */
  who(request: FastifyRequest): Promise<Actor | null>;
}

const assetFolder = new URL('../../../src/server/console/assets/', import.meta.url);
const assetTypes = { 'console.css': 'text/css', 'console.js': 'text/javascript', 'icon.svg': 'image/svg+xml' } as const;

/** Nothing from elsewhere, nothing inline: what an attacker gets into a page stays text. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

const takesFile = new Set(['/reply/:token', '/systems/:system/exports']);

/** Pages for people, rendered here, working without script. Each page of `pages.ts` names its roles; what it does not name is refused. */
export const consoleRoutes: FastifyPluginAsync<ConsoleOptions> = async (app, { needs, who }) => {
  await app.register(formbody);
  // few forms take a file, and no other reads a body of that size
  app.addHook('onRequest', async (request) => {
    const isWhole = /^multipart\//i.test(request.headers['content-type'] ?? '');
    if (isWhole && !takesFile.has(request.routeOptions.url ?? ''))
      throw new ProblemError(415, 'Unsupported media type', 'no file is taken here', { code: 'no-file-here' });
    if (isWhole && Number(request.headers['content-length']) > replyLimits.fileBytes + 200_000)
      throw new ProblemError(413, 'Too large', 'the file is too large', { code: 'file-too-large' });
  });
  await app.register(multipart, {
    attachFieldsToBody: true,
    limits: { fileSize: replyLimits.fileBytes, files: 1, fields: 100, fieldSize: 20_000, parts: 110 },
  });
  const assets = new Map(
    Object.entries(assetTypes).map(([name, type]) => [name, { type, content: readFileSync(new URL(name, assetFolder)) }]),
  );
  const stamp = createHash('sha256');
  for (const { content } of assets.values()) stamp.update(content);
  const version = stamp.digest('hex').slice(0, 12);

  app.addHook('onRequest', async (request) => mustComeFromHere(request, needs.config));
  app.addHook('onSend', async (_request, reply) => {
    reply.header('content-security-policy', contentSecurityPolicy);
  });

  app.get('/assets/:name', { schema: { hide: true } }, async (request, reply) => {
    const asset = assets.get((request.params as { name: string }).name);
    if (!asset) return reply.status(404).send();
    return reply.type(asset.type).header('cache-control', 'public, max-age=31536000, immutable').send(asset.content);
  });

  const wordsOf = (request: FastifyRequest): Translator =>
    translatorFor(
      needs.config,
      languageOf(request.cookies['lang'], request.headers['accept-language'], needs.config.controller.languages[0]),
    );

  const show = async (request: FastifyRequest, reply: FastifyReply, actor: Actor | null, t: Translator, view: View) =>
    reply
      .status(view.status ?? 200)
      .type('text/html; charset=utf-8')
      .header('cache-control', 'no-store')
      .headers(view.goOn && isLocal(view.goOn) ? { refresh: `0; url=${encodeURI(decodeURI(view.goOn))}` } : {})
      .send(
        documentOf(view, {
          t: view.words ?? t,
          actor,
          ...(await navigationOf(navigation, actor, needs.db)),
          path: request.url.split('?')[0] ?? '/',
          controller: needs.config.controller.name,
          said: saidOf(request),
          assets: version,
        }),
      );

  app.setErrorHandler(async (error, request, reply) => {
    const t = wordsOf(request);
    const actor = await who(request).catch(() => null);
    return show(request, reply, actor, t, problemPage(t, error, needs.log, request.routeOptions.url ?? 'unknown'));
  });

  const askOf = async (request: FastifyRequest, definition: Pick<Page, 'params' | 'query' | 'body'>, t: Translator) => ({
    needs,
    t,
    params: parsed(definition.params, request.params) as Ask['params'],
    query: parsed(definition.query, request.query) as Ask['query'],
    body: parsed(definition.body, await bodyOf(request)) as Ask['body'],
    ip: request.ip,
    origin: originOf(request, needs.config),
  });
  const answer = (request: FastifyRequest, reply: FastifyReply, actor: Actor | null, t: Translator, said: View | Redirect) => {
    keep(reply, said);
    return isRedirect(said) ? follow(reply, said) : show(request, reply, actor, t, said);
  };
  const keep = (reply: FastifyReply, { session, lang, journey }: View | Redirect) => {
    if (session) giveCookie(reply, needs.config, session);
    else if (session === null) takeCookie(reply, needs.config);
    if (lang) reply.setCookie('lang', lang, langCookie);
    // the provider sends the browser here from another site, so this one may not be strict; it is sealed, and good for one answer
    const at = {
      path: '/sign-in',
      httpOnly: true,
      sameSite: 'lax',
      secure: needs.config.signIn?.url?.startsWith('https:') ?? false,
    } as const;
    if (journey) reply.setCookie('kaiku-journey', journey, { ...at, maxAge: 600 });
    else if (journey === null) reply.clearCookie('kaiku-journey', at);
  };

  for (const definition of pages as readonly Page[]) {
    app.route({
      method: definition.method,
      url: definition.path,
      schema: { hide: true },
      handler: async (request, reply) => {
        const actor = await who(request);
        if (!actor) return reply.redirect(`/sign-in?to=${encodeURIComponent(request.method === 'GET' ? request.url : '/')}`, 303);
        const t = wordsOf(request);
        if (!definition.roles.some((r) => actor.roles.includes(r))) throw new ProblemError(403, 'Forbidden', 'forbidden');
        const scope = scopeOf(actor, definition.roles);
        await closeTo(request, needs.db, scope);
        const said = await definition.handle({ ...(await askOf(request, definition, t)), actor, scope } satisfies Ask as never);
        if ('file' in said) return give(reply, said);
        return answer(request, reply, actor, t, said);
      },
    });
  }

  for (const definition of openPages as readonly OpenPage[]) {
    app.route({
      method: definition.method,
      url: definition.path,
      schema: { hide: true },
      handler: async (request, reply) => {
        if (definition.secret) mustBeSafe(request, needs.config);
        const t = wordsOf(request);
        const actor = await who(request);
        const session = actor ? null : await sessionOf(needs, request);
        const ask: OpenAsk = {
          ...(await askOf(request, definition, t)),
          actor,
          half: session?.stage === 'full' ? null : session,
          chosen: isLanguage(request.cookies['lang']) ? request.cookies['lang'] : undefined,
          search: new URL(request.url, 'http://here').search,
          journey: request.cookies['kaiku-journey'],
        };
        const said = await definition.handle(ask as never);
        return 'file' in said ? give(reply, said) : answer(request, reply, actor, t, said);
      },
    });
  }

  app.post('/language', { schema: { hide: true } }, async (request, reply) => {
    const { lang, back } = z
      .object({ lang: z.enum(['fi', 'sv', 'en']), back: z.string().default('/') })
      .parse(request.body ?? {});
    reply.setCookie('lang', lang, langCookie);
    return reply.redirect(isLocal(back) ? back : '/', 303);
  });

  await app.register(liveRoutes, { needs, who });
};

/** The fields of a form; of one with a file as well, where `file` is what was handed in, if anything was. */
async function bodyOf(request: FastifyRequest): Promise<unknown> {
  if (!request.isMultipart()) return request.body ?? {};
  const fields: Record<string, unknown> = {};
  for (const [name, part] of Object.entries((request.body ?? {}) as Record<string, MultipartFields[string]>)) {
    const parts = [part].flat().filter((one) => one !== undefined);
    const values = await Promise.all(
      parts.map(async (one) =>
        one.type === 'field' ? String(one.value) : { name: one.filename, type: one.mimetype, content: await one.toBuffer() },
      ),
    );
    fields[name] = values.length > 1 ? values : values[0];
  }
  return fields;
}

const langCookie = { path: '/', sameSite: 'strict', httpOnly: true, maxAge: 31_536_000 } as const;

const isRedirect = (answer: View | Redirect): answer is Redirect => 'to' in answer;

const give = (reply: FastifyReply, { file, type, content }: Download) =>
  reply
    .type(type)
    .header('cache-control', 'no-store')
    .header('content-disposition', `attachment; filename="${file.replace(/[^\w.-]/g, '-')}"`)
    .send(content);

function follow(reply: FastifyReply, { to, said, away }: Redirect) {
  if (away) return reply.redirect(away, 303);
  const url = isLocal(to) ? to : '/';
  return reply.redirect(said ? `${url}${url.includes('?') ? '&' : '?'}said=${said}` : url, 303);
}

/** An address of this console, never one that leads elsewhere. */
export const isLocal = (path: string): boolean => /^\/(?![/\\])/.test(path);

const saidOf = (request: FastifyRequest): string | undefined => {
  const { said } = request.query as { said?: unknown };
  return typeof said === 'string' && /^[a-zA-Z]{1,40}$/.test(said) ? said : undefined;
};

/** What a form or an address said, checked; the fault names the field. */
function parsed(schema: z.ZodType | undefined, value: unknown): unknown {
  if (!schema) return {};
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const detail = read.error.issues.map((i) => `${i.path.join('.') || 'form'}: ${i.message}`).join('; ');
  throw new ProblemError(400, 'Bad request', detail);
}
