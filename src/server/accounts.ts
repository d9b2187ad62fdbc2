import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { roles } from '../core/scope.ts';
import { refused } from './problem.ts';
import { Id, type RouteOptions } from './routes.ts';
import { accountVerbs, changeRights, createAccount, firstLink, listAccounts, steerAccount } from './sign-in/account.ts';
import { originOf } from './sign-in/origin.ts';

const Role = z.enum(roles, { error: `must be one of ${roles.join(', ')}` });
const rights = {
  roles: z.array(Role).min(1, { error: 'must name one role at least' }),
  systems: z.array(z.string()).default([]),
  staff: z.array(z.uuid({ error: 'must be ids of data subjects' })).default([]),
};
const NewAccount = z.strictObject({
  email: z.string().min(3).max(254),
  name: z.string().trim().min(1).max(100),
  language: z.enum(['fi', 'sv', 'en']).optional(),
  ...rights,
});

/** Who may sign in: what the admin does about accounts. A link's token is told once, to whoever asked for it. */
export const accountRoutes: FastifyPluginAsyncZod<RouteOptions> = async (app, { needs, origin }) => {
  const linkOf = (request: Parameters<typeof originOf>[0], token: string) =>
    `${needs.config.signIn?.url ?? origin ?? originOf(request, needs.config)}/set-up/${token}`;

  app.get('/accounts', async () => listAccounts(needs));

  app.post('/accounts', { schema: { body: NewAccount } }, async (request, reply) => {
    const { language, ...given } = request.body;
    const { account, token } = await createAccount(needs, request.actor, { ...given, language: language ?? null });
    return reply.status(201).send({ ...account, link: linkOf(request, token) });
  });

  app.post('/accounts/first-link', async (request) => {
    const token = await firstLink(needs);
    if (!token) throw refused('There are accounts already; make a link for one of them.', { code: 'accounts-exist' });
    return { link: linkOf(request, token) };
  });

  app.post('/accounts/:id/roles', { schema: { params: Id, body: z.strictObject(rights) } }, async ({ params, body, actor }) =>
    changeRights(needs, actor, params.id, body),
  );

  app.post(
    '/accounts/:id/:verb',
    { schema: { params: Id.extend({ verb: z.enum(accountVerbs, { error: `must be one of ${accountVerbs.join(', ')}` }) }) } },
    async (request) => {
      const { id, verb } = request.params;
      const token = await steerAccount(needs, request.actor, id, verb);
      return { id, ...(token ? { link: linkOf(request, token) } : {}) };
    },
  );
};
