import { createHmac } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { FieldName, Fields, FieldValue } from './person.ts';
import type { Key } from './seal.ts';

/**
 * A short keyed print of one field of one subject: enough to see that a value changed, or that a system holds what was written,
 * without keeping the value. The subject is inside the MAC, so the same address of two people has two prints and a table of
 * prints cannot be searched for a known person.
 */
export function fingerprint(hmacKey: Key, subjectScope: string, field: FieldName, value: FieldValue): string {
  const mac = createHmac('sha256', hmacKey.bytes);
  // each part carries its length: "ab","c" and "a","bc" are not the same
  for (const part of ['kaiku fingerprint', subjectScope, field, canonicalValue(value)]) {
    mac.update(`${Buffer.byteLength(part)}:`).update(part, 'utf8');
  }
  return mac.digest().subarray(0, 16).toString('base64url');
}

/** One print a field; a field without a value has none. */
export function fingerprints(hmacKey: Key, scope: string, fields: Fields): Record<string, string> {
  const prints: Record<string, string> = {};
  for (const [field, value] of Object.entries(fields) as [FieldName, FieldValue | undefined][]) {
    if (value !== undefined) prints[field] = fingerprint(hmacKey, scope, field, value);
  }
  return prints;
}

/** The fields that came, went or differ, in the order of their names. */
export function changed(before: Record<string, string>, after: Record<string, string>): FieldName[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => before[name] !== after[name]).sort() as FieldName[];
}

/** RFC 8785 JSON with NFC texts: `Ä` typed in two ways, or an address with its keys in another order, is the same value. */
function canonicalValue(value: FieldValue): string {
  const plain =
    typeof value === 'object'
      ? Object.fromEntries(Object.entries(value).map(([key, part]) => [key, typeof part === 'string' ? text(part) : part]))
      : typeof value === 'string'
        ? text(value)
        : value;
  return canonicalize(plain) ?? 'null';
}

/** A vendor that cuts a text in the middle of an emoji leaves half a character behind, which JSON cannot carry. */
const text = (value: string) => value.toWellFormed().normalize('NFC');
