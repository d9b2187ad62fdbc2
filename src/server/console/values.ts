import type { FieldValue } from '../../core/person.ts';

/** How a request may have come. */
export const channels = ['mail', 'phone', 'letter', 'in-person', 'form', 'other'] as const;

/** A value as text; an address on one line. */
export const valueText = (value: FieldValue | undefined): string =>
  value === undefined ? '' : typeof value === 'object' ? Object.values(value).filter(Boolean).join(', ') : String(value);
