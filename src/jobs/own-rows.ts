import type { RemoteRef } from '../connectors/connector.ts';
import type { FieldName } from '../core/person.ts';
import { rectifiable } from '../core/policy.ts';
import { registerHash, registerRecord } from '../store/subjects.ts';
import type { Needs } from './needs.ts';

/** A system that is a register and is given data as well: its rows are its own people's, and the register says whose each is. */

/** Whether a row is tied to its person by the register that it stands in: nobody links it a second time. */
export const isOwnRow = async ({ config, db, vault }: Needs, system: string, { place, id }: RemoteRef): Promise<boolean> =>
  config.systems[system]?.register !== undefined &&
  (await registerRecord(db, system, place, registerHash(vault, system, place, id))) !== undefined;

/**
 * Whether a system is the register of others and is given nothing about somebody in this role. A row there that has their address is
 * another's, or their own in another role: an erased customer is not looked for among the staff.
 */
export const isOfOthers = (needs: Pick<Needs, 'config'>, name: string, subject: { register: string; role: string }): boolean =>
  needs.config.systems[name]?.register !== undefined &&
  subject.register !== name &&
  fieldsServed(needs, name, subject.role).length === 0;

/** What a system is given of somebody in this role, whatever the permissions say: what its people may hold, and may have to keep. */
export function fieldsServed({ config }: Pick<Needs, 'config'>, name: string, role: string): FieldName[] {
  const purposes = (config.systems[name]?.recipient?.purposes ?? []).flatMap((purpose) => config.purposes[purpose] ?? []);
  return rectifiable(purposes, role).fields;
}
