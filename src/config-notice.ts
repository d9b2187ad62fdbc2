import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError, nearest } from './config-faults.ts';
import { readChecked, sorted } from './config-read.ts';
import { durationShape, lengthOf } from './config-retention.ts';
import { bases, FieldName } from './config-schema.ts';
import type { Config } from './core/configuration.ts';
import { countryCode } from './core/country.ts';
import type { FieldName as Field } from './core/person.ts';
import { type Notice, rightsToTell, type ToldPeriod } from './core/published-notice.ts';

const Told = z
  .string()
  .refine((text) => text === 'as-long-as-needed' || durationShape.test(text), {
    error: 'must be a length as P10Y, or as-long-as-needed where the notice sets none',
  })
  .transform((text): ToldPeriod => (text === 'as-long-as-needed' ? text : lengthOf(text)));

/** A published privacy notice as a person fills it in. */
const NoticeFile = z.strictObject({
  name: z.string().min(1),
  laws: z.array(z.string()).default([]),
  contact: z.boolean(),
  complaint: z.boolean(),
  rights: z.array(z.enum(rightsToTell)).default([]),
  purposes: z.array(z.strictObject({ name: z.string().min(1), basis: z.enum(bases).optional(), keep: Told.optional() })),
  fields: z.array(FieldName),
  recipients: z.array(
    z.strictObject({ name: z.string().min(1), system: z.string().optional(), country: z.string().min(2).optional() }),
  ),
  transfers: z.enum(['none', 'told', 'unsaid']),
  keepsAll: Told.optional(),
});

/** Reads a notice; throws `ConfigError` with every fault at its place. The configuration names the systems that it may point at. */
export function loadNotice(path: string, config: Pick<Config, 'systems'>): Notice {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new ConfigError(path, [{ path: '', line: 1, column: 1, message: 'there is no such file, or it cannot be read' }]);
  }
  const { value, faults, tell } = readChecked(
    text,
    path,
    NoticeFile,
    'name, contact, complaint, purposes, fields, recipients, transfers',
  );
  const recipients = value.recipients.map(({ name, system, country }, i) => {
    const code = countryCode(country);
    if (country !== undefined && code === undefined)
      tell(['recipients', i, 'country'], 'is no country: write its name, or its two letters as FI');
    if (system !== undefined && !(system in config.systems))
      tell(
        ['recipients', i, 'system'],
        'is no system of the configuration: leave it out where Kaiku does not reach the recipient',
        {
          suggestion: nearest(system, Object.keys(config.systems)),
        },
      );
    return { name, ...(system === undefined ? {} : { system }), ...(code === undefined ? {} : { country: code }) };
  });
  if (faults.length > 0) throw new ConfigError(path, sorted(faults));
  const { keepsAll, ...rest } = value;
  return {
    ...rest,
    recipients,
    fields: value.fields as Field[],
    purposes: value.purposes.map(({ name, basis, keep }) => ({
      name,
      ...(basis === undefined ? {} : { basis }),
      ...(keep === undefined ? {} : { keep }),
    })),
    ...(keepsAll === undefined ? {} : { keepsAll }),
  };
}
