import type { Needs } from './needs.ts';

/**
 * Whether a system has rows of people of this role (`serves` of its connector). Asked wherever somebody is to be given a row, is tied to
 * one, or is looked for: the customer and the employee of one human are two people, and neither is ever found in the other's system.
 */
export const isServed = (needs: Pick<Needs, 'connectors'>, system: string, role: string): boolean =>
  needs.connectors[system]?.recipient?.serves?.(role) ?? true;
