import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { type ProcessingRecord, processingRecord } from '../core/processing-record.ts';
import { type Needs, now } from '../jobs/needs.ts';
import type { RouteOptions } from './routes.ts';

/** The record of processing (Art. 30 GDPR) from the configuration that is in force. */
export function recordNow({ config, connectors }: Needs): ProcessingRecord {
  const vendors = Object.values(config.systems).flatMap(({ name, connector }) => {
    const manifest = connectors[name]?.manifest;
    if (!manifest) return [];
    const { vendor, human, retention = [] } = manifest;
    return [[connector, { vendor, human, retention }] as const];
  });
  return processingRecord(config, Object.fromEntries(vendors));
}

export const processingRoutes: FastifyPluginAsyncZod<RouteOptions> = async (app, { needs }) => {
  app.get('/processing-record', async () => ({ madeAt: (await now(needs)).toISOString(), ...recordNow(needs) }));
};
