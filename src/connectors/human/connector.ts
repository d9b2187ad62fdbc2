import { z } from 'zod';
import type { Connector, ConnectorFactory, Manifest } from '../connector.ts';

/** A recipient run by people: nothing is called. Its duties are asked, and what they answer is a statement. */
export const manifest: Manifest = {
  vendor: 'human',
  roles: ['recipient'],
  human: true,
  erasure: { depth: 'person', cap: 'acknowledged', why: 'a named person states it; nobody can read it back' },
  readBack: false,
  limits: { connections: 1 },
  deadlineSeconds: 30,
  backupLagDays: null,
  rights: [],
};

export const HumanSettings = z.strictObject({
  /** Where the people are reached. */
  answerer: z.email({ error: 'must be an e-mail address' }),
  language: z.enum(['fi', 'sv', 'en']).default('fi'),
  /** Words of the company's own, shown with each task. */
  instructions: z.string().max(2000).optional(),
});
export type HumanSettings = z.infer<typeof HumanSettings>;

export const human: ConnectorFactory<HumanSettings> = {
  manifest,
  settings: HumanSettings,
  credentials: [],
  connect: ({ settings: { answerer, language, instructions } }): Connector => ({
    manifest,
    people: { address: answerer, language, ...(instructions ? { instructions } : {}) },
    check: async () => [],
  }),
};
