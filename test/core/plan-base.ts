import type { Purpose } from '../../src/core/configuration.ts';
import type { PlanInput } from '../../src/core/plan.ts';

/** A person who agreed to the newsletter, at a recipient with two places and no row yet. */
export const now = new Date('2026-11-24T09:00:00Z');
export const later = new Date('2026-11-25T09:00:00Z');
export const marketing: Purpose = {
  name: 'marketing',
  basis: 'legitimate-interest',
  permission: 'newsletter',
  fields: ['givenName', 'email'],
};
export const granted = { granted: true, refused: false, registerRefused: false, withdrawn: false };
export const refused = { ...granted, refused: true };

export const base: PlanInput = {
  role: 'recipient',
  human: false,
  linked: true,
  places: ['a', 'b'],
  subject: { state: 'active', restricted: false, role: 'customer' },
  erasureCase: null,
  holds: [],
  fields: { givenName: 'Aino', email: 'aino@sahko.test' },
  fingerprints: { givenName: 'f1', email: 'f2' },
  purposes: [marketing],
  carries: null,
  formerly: [],
  together: [],
  permissions: { newsletter: granted },
  records: [],
  refusedWritten: true,
  disclosed: false,
  tombstoned: false,
  now,
};
export const same = { givenName: 'f1', email: 'f2' };
/** An erasure that is decided, with the undo window just over. */
export const running = { state: 'running' as const, undoUntil: now, othersSettled: false, eraseBy: later };
export const erasing = { state: 'erasing' as const, restricted: true, role: 'customer' };
export const erased = { state: 'erased' as const, restricted: true, role: 'customer' };
