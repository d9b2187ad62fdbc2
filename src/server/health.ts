import type { FastifyPluginAsync } from 'fastify';
import { Gauge, Registry } from 'prom-client';
import { everybody } from '../core/scope.ts';
import { skewMs } from '../store/clock.ts';
import { dutyCounts, keysOfLedger, oldestOpen } from '../store/views.ts';
import type { RouteOptions } from './routes.ts';

/** Two clocks may differ by this much before nothing is served. */
const skewLimitMs = 2000;

export const healthRoutes: FastifyPluginAsync<RouteOptions> = async (app, { needs }) => {
  app.get('/health/live', { schema: { hide: true } }, async () => ({ live: true, instance: needs.instance }));

  app.get('/health/ready', { schema: { hide: true } }, async (_request, reply) => {
    const checks: Record<string, boolean> = {};
    try {
      const skew = await skewMs(needs.db, () => Date.now());
      checks['database'] = true;
      checks['clocks'] = Math.abs(skew) <= skewLimitMs;
      const made = await keysOfLedger(needs.db);
      const { kek, hmac } = needs.vault.keys;
      checks['keys'] = made !== undefined && kek.byId(made.kek) !== undefined && hmac.byId(made.hmac) !== undefined;
    } catch {
      checks['database'] = false;
    }
    const ready = Object.values(checks).every(Boolean);
    return reply.status(ready ? 200 : 503).send({ ready, checks });
  });

  const registry = new Registry();
  const duties = new Gauge({
    name: 'kaiku_duties',
    help: 'Duties by system and state',
    labelNames: ['system', 'state'],
    registers: [registry],
  });
  const oldest = new Gauge({
    name: 'kaiku_oldest_open_seconds',
    help: 'Age of the oldest duty that is owed now',
    labelNames: ['system'],
    registers: [registry],
  });
  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
    duties.reset();
    oldest.reset();
    for (const [system, counts] of await dutyCounts(needs.db, everybody))
      for (const [state, n] of Object.entries(counts)) duties.set({ system, state }, n);
    for (const { recipient, seconds } of await oldestOpen(needs.db)) oldest.set({ system: recipient }, seconds);
    return reply.type(registry.contentType).send(await registry.metrics());
  });
};
