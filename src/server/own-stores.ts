import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { type OwnState, type OwnStore, ownStateOf, ownStoresOf } from '../core/own-store.ts';
import { type Needs, now } from '../jobs/needs.ts';
import { ownCounts } from '../store/own-stores.ts';
import { caseNamed } from './decisions.ts';
import { Id, type RouteOptions } from './routes.ts';

export interface OwnHoldings {
  state: OwnState;
  until?: string;
  stores: OwnStore[];
}

/** What Kaiku itself keeps of each of these people, by subject. */
export async function ownHoldings(needs: Needs, subjects: readonly string[]): Promise<Map<string, OwnHoldings>> {
  const [at, counts] = [await now(needs), await ownCounts(needs.db, subjects)];
  return new Map(
    [...counts].map(([subject, counted]) => {
      const stores = ownStoresOf(counted, at, needs.config.backups?.keepDays);
      return [subject, { ...ownStateOf(stores), stores }];
    }),
  );
}

export const ownStoreRoutes: FastifyPluginAsyncZod<RouteOptions> = async (app, { needs }) => {
  app.get('/cases/:id/own', { schema: { params: Id } }, async ({ params }) => {
    const found = await caseNamed(needs, params.id);
    return { case: found.id, ...(await ownHoldings(needs, [found.subject])).get(found.subject) };
  });
};
