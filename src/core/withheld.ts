import { findIdentityCodes } from './identity-code.ts';
import type { FieldName, Fields, FieldValue } from './person.ts';

/** A text in which somebody's identity code stands, where none belongs: a note in a name, a code in an address. */
const holdsCode = (name: string, value: FieldValue | undefined): boolean => {
  if (name === 'identityCode' || value === undefined) return false;
  const texts = typeof value === 'object' ? Object.values(value as Record<string, unknown>) : [value];
  return texts.some((text) => typeof text === 'string' && findIdentityCodes(text).length > 0);
};

/**
 * Fields that are carried nowhere, because an identity code slipped into their text (Data Protection Act 1050/2018, section 29). They are
 * not masked, which would write a wrong value elsewhere, and not taken for emptied: what other systems hold stays until people mend it.
 */
export const withheldNames = (fields: Fields): FieldName[] =>
  (Object.entries(fields) as [FieldName, FieldValue | undefined][])
    .flatMap(([name, value]) => (holdsCode(name, value) ? [name] : []))
    .sort();
