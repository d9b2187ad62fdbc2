import type { ConnectorFactory } from './connector.ts';
import { expiring } from './expiring/connector.ts';
import { files } from './files/connector.ts';
import { ga4 } from './ga4/connector.ts';
import { human } from './human/connector.ts';
import { insightly } from './insightly/connector.ts';
import { mailchimp } from './mailchimp/connector.ts';
import { mepco } from './mepco/connector.ts';
import { meta } from './meta/connector.ts';
import { netvisor } from './netvisor/connector.ts';
import { panel } from './panel/connector.ts';

/** Every vendor that a configuration may name. The one existing file that a new vendor touches. */
export const registry: Record<string, ConnectorFactory> = {
  expiring,
  files,
  ga4,
  human,
  insightly,
  mailchimp,
  mepco,
  meta,
  netvisor,
  panel,
};

/** The vendor of that name, or undefined: the configuration says what is known. */
export const factoryOf = (name: string): ConnectorFactory | undefined =>
  Object.hasOwn(registry, name) ? registry[name] : undefined;
