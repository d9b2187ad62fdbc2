import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import type { Needs } from '../../jobs/needs.ts';
import { changeMark } from '../../store/views.ts';
import type { Actor } from '../auth.ts';

/** How often the ledger is asked whether anything changed, in ms. */
const lookMs = 1000;
/** A stream ends by itself, so that a session that ended meanwhile is noticed; the browser connects again. In ms. */
const longestMs = 5 * 60_000;

/**
 * Server-sent events that say *that* something changed and nothing else; the page then asks for itself again, with its own rights.
 * Every transition writes an audit entry, so the last one's number is the mark.
 */
export const liveRoutes: FastifyPluginAsync<{ needs: Needs; who(request: FastifyRequest): Promise<Actor | null> }> = async (
  app,
  { needs, who },
) => {
  const open = new Set<() => void>();
  app.addHook('preClose', async () => {
    for (const end of open) end();
  });
  app.get('/live', { schema: { hide: true } }, async (request, reply) => {
    if (!(await who(request))) return reply.status(401).send();
    const { topic } = request.query as { topic?: string };
    const run = /^run:([0-9a-f-]{36})$/.exec(topic ?? '')?.[1] ?? null;
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
    raw.write('retry: 3000\n\n');
    let last: string | null = null;
    let asking = false;
    const look = async () => {
      if (asking) return;
      asking = true;
      const mark = await changeMark(needs.db, run).catch(() => last);
      asking = false;
      if (last !== null && mark !== last && !raw.writableEnded) raw.write('event: changed\ndata: 1\n\n');
      last = mark;
    };
    const timer = setInterval(() => void look(), lookMs);
    const end = () => {
      clearInterval(timer);
      clearTimeout(limit);
      open.delete(end);
      raw.end();
    };
    const limit = setTimeout(end, longestMs);
    open.add(end);
    request.raw.on('close', end);
    await look();
  });
};
