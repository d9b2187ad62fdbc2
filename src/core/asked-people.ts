import type { SystemConfig } from './configuration.ts';

/** What the configuration says of the people who run a system. */
export interface AskedPeople {
  /** Where they are reached. */
  answerer?: string | undefined;
  language?: 'fi' | 'sv' | 'en' | undefined;
  /** The company's own words on what truly has to be done there, in their language. */
  instructions?: string | undefined;
}

/** The settings of a system run by people, which the connector's schema checked when the configuration was read; else nothing. */
export const askedPeople = ({ connector, settings }: SystemConfig): AskedPeople =>
  connector === 'human' ? (settings as AskedPeople) : {};
