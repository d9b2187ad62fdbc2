import type { Profile } from '../connectors/connector.ts';
import { freeCall } from '../connectors/http.ts';
import { fingerprints } from '../core/fingerprint.ts';
import type { FieldName } from '../core/person.ts';
import { type RecordRow, unsealRef } from '../store/records.ts';
import { latestVersion, subjectById } from '../store/subjects.ts';
import { sameValue } from './correct-register.ts';
import type { Needs } from './needs.ts';
import { openCaseFor } from './open-case.ts';
import { valuesNow } from './values-now.ts';

/**
 * Who is right where a system and the register disagree about one field. The register is, but for the fields that a system is master
 * of (`recipient.masterOf`): there people change their own data, and what stands there is carried to the register by a correction that
 * approves itself, and from the register to everybody else. Nothing writes such a field to a row that is there, but a correction that
 * somebody asked for.
 */
export const mastered = (needs: Needs, system: string): readonly FieldName[] =>
  needs.config.systems[system]?.recipient?.masterOf ?? [];

/** Fields of which the row says something else than the register, by the fingerprints of both. */
export const editedFields = (
  needs: Needs,
  system: string,
  row: Readonly<Record<string, string>>,
  register: Readonly<Record<string, string>>,
): FieldName[] => mastered(needs, system).filter((name) => row[name] !== undefined && row[name] !== register[name]);

/**
 * Takes an edit that was made at the master of a field. An emptied field is no edit: nobody says that a person has no address by
 * leaving it out. While another correction of the person is open, nothing is taken; the next look finds it again.
 */
export async function takeEdit(needs: Needs, system: string, record: RecordRow, profile: Profile): Promise<void> {
  if (mastered(needs, system).length === 0 || (record.state !== 'linked' && record.state !== 'restricted')) return;
  const subject = await subjectById(needs.db, record.subject);
  if (subject?.state !== 'active' || subject.restricted) return;
  const raw = fingerprints(needs.vault.keys.hmac.current, subject.id, profile.fields);
  const known = (await latestVersion(needs.db, subject.id))?.fingerprints ?? {};
  const seen = Object.fromEntries(
    Object.entries(raw).map(([name, print]) => [
      name,
      record.spelled[name] === print ? (record.fingerprints[name] ?? print) : print,
    ]),
  );
  const names = editedFields(needs, system, seen, known);
  if (names.length === 0) return;
  const held = await valuesNow(needs, subject);
  const edited = names.filter((name) => !sameValue(needs, subject.id, name, held[name], profile.fields[name]));
  if (edited.length === 0) return;
  const opened = await openCaseFor(needs, {
    type: 'rectification',
    subject,
    receivedAt: null,
    channel: 'system',
    source: `system:${system}`,
    actor: 'kaiku',
    asked: { fields: Object.fromEntries(edited.flatMap((name) => [[name, profile.fields[name] ?? null]])) },
    approve: 'auto',
  });
  // what is no value of the field stays a finding of the comparison; a person looks
  if ('fault' in opened) needs.log.warn({ system, subject: subject.id, fault: opened.fault }, 'an edit was not taken');
}

/** The same where only fingerprints were read: the row is read once more. */
export async function takeEditOf(needs: Needs, system: string, record: RecordRow): Promise<void> {
  const recipient = needs.connectors[system]?.recipient;
  if (!recipient || !record.sealed_ref) return;
  const profile = await recipient.read(unsealRef(needs.vault, system, record.sealed_ref), freeCall);
  if (profile) await takeEdit(needs, system, record, profile);
}
