import { randomBytes } from 'node:crypto';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Connector } from '../connectors/connector.ts';
import { checkSystem } from '../jobs/check-system.ts';
import { linkRecipient } from '../jobs/link.ts';
import { isListed, now, tell } from '../jobs/needs.ts';
import { advanceClock, skewMs } from '../store/clock.ts';
import { putToken } from '../store/tokens.ts';
import { databaseVersion } from '../store/views.ts';
import { roles, tokenHash } from './auth.ts';
import { badRequest, notFound, refused } from './problem.ts';
import type { RouteOptions } from './routes.ts';
import { systemViews } from './system-view.ts';

const Name = z.object({ system: z.string() });

function whyNotListed({ manifest, recipient }: Connector): string {
  if (manifest.human) return 'people are asked, not linked';
  if (manifest.endsByItself) return 'what is there ends by itself, and nobody searches it';
  return recipient ? 'nobody can look into it, and there is nothing to link' : 'it is no recipient';
}

/** What the admin does: systems, runs, tokens; and the test clock where it is open. */
export const systemRoutes: FastifyPluginAsyncZod<RouteOptions> = async (app, { needs, testClock }) => {
  const { db } = needs;
  const known = (name: string) => {
    const own = Object.hasOwn(needs.config.systems, name);
    const [system, connector] = own ? [needs.config.systems[name], needs.connectors[name]] : [];
    if (!system || !connector) throw notFound('system of this name; GET /systems lists them');
    return { system, connector };
  };

  app.get('/systems', ({ scope }) => systemViews(needs, scope));

  app.post(
    '/systems/:system/check',
    { schema: { params: Name, body: z.strictObject({ writeTest: z.boolean().default(false) }).nullish() } },
    async ({ params, body, actor }) => {
      known(params.system);
      const { ok, rights } = await checkSystem(needs, params.system, body?.writeTest ?? false, actor.id);
      const problem = rights.find((r) => r.ok === false)?.problem;
      return { system: params.system, ok, rights, ...(problem ? { problem } : {}) };
    },
  );

  app.post(
    '/systems/:system/link',
    { schema: { params: Name, body: z.strictObject({ apply: z.boolean().default(false) }).nullish() } },
    async ({ params, body, actor }) => {
      const { system, connector } = known(params.system);
      if (!system.recipient || !isListed(needs, params.system))
        throw badRequest(`${params.system} has no rows that can be listed: ${whyNotListed(connector)}`);
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
