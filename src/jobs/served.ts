import type { RemoteRef } from '../connectors/connector.ts';
import type { FieldName } from '../core/person.ts';
import { rectifiable } from '../core/policy.ts';
import { registerHash, registerRecord } from '../store/subjects.ts';
import type { Needs } from './needs.ts';

/** Whose rows a system has. */

/** What a system is given of somebody in this role, whatever the permissions say: what its people may hold, and may have to keep. */
export function fieldsServed({ config }: Pick<Needs, 'config'>, name: string, role: string): FieldName[] {
  const purposes = (config.systems[name]?.recipient?.purposes ?? []).flatMap((purpose) => config.purposes[purpose] ?? []);
  return rectifiable(purposes, role).fields;
}

/**
 * Whether a system has rows of people of this role: its connector says of whom (`serves`), and the register of others has none of whom
 * it is told nothing. Asked wherever somebody is to be given a row, is tied to one, or is looked for: the customer and the employee of
 * one human are two people, and neither is ever found in the other's system.
 */
export function isServed(needs: Pick<Needs, 'connectors' | 'config'>, name: string, role: string): boolean {
  const { register } = needs.config.systems[name] ?? {};
  const isOfOthers = register !== undefined && register.for !== role && fieldsServed(needs, name, role).length === 0;
  return !isOfOthers && (needs.connectors[name]?.recipient?.serves?.(role) ?? true);
}

/** Where nobody can look, everybody of a role that some purpose there is for may be held. */
export const mayBeHeldUnseen = (needs: Pick<Needs, 'connectors' | 'config'>, name: string, role: string): boolean =>
  needs.connectors[name]?.recipient?.refFor !== undefined && fieldsServed(needs, name, role).length > 0;

/** Whether a row is tied to its person by the register that it stands in: nobody links it a second time. */
export const isOwnRow = async ({ config, db, vault }: Needs, system: string, { place, id }: RemoteRef): Promise<boolean> =>
  config.systems[system]?.register !== undefined &&
  (await registerRecord(db, system, place, registerHash(vault, system, place, id))) !== undefined;
