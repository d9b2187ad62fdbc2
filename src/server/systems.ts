import { randomBytes } from 'node:crypto';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { freeCall } from '../connectors/http.ts';
import { linkRecipient } from '../jobs/link.ts';
import { now, tell } from '../jobs/needs.ts';
import { resume } from '../jobs/schedule.ts';
import { advanceClock, skewMs } from '../store/clock.ts';
import { pauseSystem, systemStates } from '../store/systems.ts';
import { putToken } from '../store/tokens.ts';
import { databaseVersion, dutyCounts } from '../store/views.ts';
import { roles, tokenHash } from './auth.ts';
import { badRequest, notFound, refused } from './problem.ts';
import type { RouteOptions } from './routes.ts';

const Name = z.object({ system: z.string() });

/** What the admin does: systems, runs, tokens; and the test clock where it is open. */
export const systemRoutes: FastifyPluginAsyncZod<RouteOptions> = async (app, { needs, testClock }) => {
  const { db } = needs;
  const known = (name: string) => {
    const own = Object.hasOwn(needs.config.systems, name);
    const [system, connector] = own ? [needs.config.systems[name], needs.connectors[name]] : [];
    if (!system || !connector) throw notFound('system of this name; GET /systems lists them');
    return { system, connector };
  };

  app.get('/systems', async () => {
    const counts = await dutyCounts(db);
    return (await systemStates(db)).flatMap((state) => {
      const system = needs.config.systems[state.system];
      const connector = needs.connectors[state.system];
      if (!system || !connector) return [];
      const { manifest } = connector;
      return [
        {
          system: system.name,
          connector: system.connector,
          roles: [...(system.register ? ['register'] : []), ...(system.recipient ? ['recipient'] : [])],
          owner: system.owner,
          linked: manifest.human || state.linked_at !== null || !system.recipient,
          ...(state.paused_code ? { paused: state.paused_code } : {}),
          ...(state.paused_rights.length > 0 ? { missing: state.paused_rights } : {}),
          ...(state.breaker_open && state.breaker_until ? { breakerUntil: state.breaker_until.toISOString() } : {}),
          ...(state.last_answer_at ? { lastAnswer: state.last_answer_at.toISOString() } : {}),
          ...(state.last_poll_at ? { lastPoll: state.last_poll_at.toISOString() } : {}),
          ...(state.last_sweep_at ? { lastSweep: state.last_sweep_at.toISOString() } : {}),
          duties: counts.get(system.name) ?? {},
          manifest: {
            erasure: manifest.erasure,
            limits: manifest.limits,
            deadlineSeconds: system.deadlineSeconds ?? manifest.deadlineSeconds,
            backupLagDays: manifest.backupLagDays,
          },
        },
      ];
    });
  });

  app.post(
    '/systems/:system/check',
    { schema: { params: Name, body: z.strictObject({ writeTest: z.boolean().default(false) }).nullish() } },
    async ({ params, body, actor }) => {
      const { connector } = known(params.system);
      const rights = await connector.check(freeCall, body?.writeTest ?? false);
      const missing = rights.filter((r) => r.ok === false).map(({ right }) => right);
      const ok = missing.length === 0;
      if (ok) await resume(needs, params.system, actor.id);
      else if (await pauseSystem(db, params.system, 'RIGHT_MISSING', { rights: missing }))
        await tell(needs, { actor: actor.id, action: 'system.paused', system: params.system, code: 'RIGHT_MISSING' });
      await tell(needs, { actor: actor.id, action: 'check.done', system: params.system, code: ok ? 'ok' : 'right-missing' });
      const problem = rights.find((r) => r.ok === false)?.problem;
      return { system: params.system, ok, rights, ...(problem ? { problem } : {}) };
    },
  );

  app.post(
    '/systems/:system/link',
    { schema: { params: Name, body: z.strictObject({ apply: z.boolean().default(false) }).nullish() } },
    async ({ params, body, actor }) => {
      const { system, connector } = known(params.system);
      if (!system.recipient || !connector.recipient)
        throw badRequest(
          `${params.system} has no rows that can be listed: ${connector.manifest.human ? 'people are asked, not linked' : 'it is no recipient'}`,
        );
      return linkRecipient(needs, params.system, body?.apply ?? false, actor.id);
    },
  );

  app.post(
    '/tokens',
    { schema: { body: z.strictObject({ role: z.enum(roles, { error: `must be one of ${roles.join(', ')}` }) }) } },
    async ({ body, actor }, reply) => {
      const token = `kaiku_${randomBytes(32).toString('base64url')}`;
      const id = needs.newId();
      await putToken(db, id, body.role, tokenHash(token));
      await tell(needs, { actor: actor.id, action: 'token.created', code: id, reason: body.role });
      return reply.status(201).send({ id, role: body.role, token });
    },
  );

  app.get('/doctor', async () => ({
    instance: needs.instance,
    node: process.versions.node,
    database: await databaseVersion(db),
    clockSkewMs: await skewMs(db, () => Date.now()),
    hubNow: (await now(needs)).toISOString(),
    keys: { kek: needs.vault.keys.kek.current.id, hmac: needs.vault.keys.hmac.current.id },
    journal: { entries: (await needs.journal.read()).length },
    systems: Object.keys(needs.config.systems),
  }));

  app.post(
    '/test/clock',
    {
      schema: {
        body: z.strictObject({
          advance: z.string().regex(/^P(?=\d|T\d)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?$/, {
            error: 'must be an ISO 8601 duration as P30D',
          }),
        }),
      },
    },
    async ({ body, actor }) => {
      if (!testClock) throw refused('The test clock is closed; it opens with KAIKU_TEST_CLOCK=1, never in production.');
      const at = await advanceClock(db, body.advance);
      await tell(needs, { actor: actor.id, action: 'clock.moved', code: body.advance });
      return { now: at.toISOString() };
    },
  );
};
