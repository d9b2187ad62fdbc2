import { z } from 'zod';
import type { Title } from '../../core/title.ts';
import type { Connector, ConnectorFactory, Manifest } from '../connector.ts';

/** Data that nobody searches and that end by themselves: nothing is called and nobody is asked; an erasure is owed a day. */
export const manifest: Manifest = {
  vendor: 'expiring',
  roles: ['recipient'],
  human: false,
  endsByItself: true,
  erasure: {
    depth: 'time',
    cap: 'accepted',
    why: 'it ends by its own rotation, which the company states; nobody looks whether it did',
  },
  readBack: false,
  limits: { connections: 1 },
  deadlineSeconds: 30,
  backupLagDays: null,
  rights: [],
};

const Words = z.string().trim().min(1).max(200);

export const ExpiringSettings = z.strictObject({
  /** Days from an entry to its end, as the rotation there is set. */
  keepDays: z.int({ error: 'must be a whole number of days' }).min(1).max(3650),
  /** What it is: one text, or one for each language. */
  what: z
    .union([Words, z.partialRecord(z.enum(['fi', 'sv', 'en']), Words)], {
      error: 'must be a text, or one for each language: { fi: …, sv: …, en: … }',
    })
    .refine((what) => typeof what === 'string' || Object.keys(what).length > 0, {
      error: 'must hold at least one of fi, sv, en',
    }),
});
export type ExpiringSettings = z.infer<typeof ExpiringSettings>;

export const expiring: ConnectorFactory<ExpiringSettings> = {
  manifest,
  settings: ExpiringSettings,
  credentials: [],
  connect: ({ settings: { keepDays, what } }): Connector => ({
    manifest,
    ends: { afterDays: keepDays, what: what as Title },
    check: async () => [],
  }),
};
