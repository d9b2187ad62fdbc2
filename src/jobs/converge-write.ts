import type { Profile } from '../connectors/connector.ts';
import type { Evidence } from '../core/duty.ts';
import { fingerprints } from '../core/fingerprint.ts';
import type { Fields } from '../core/person.ts';
import { putRecord, remoteHash, sealRef, updateRecord } from '../store/records.ts';
import { markRegisterRecord } from '../store/subjects.ts';
import { noteRefusal, noteRegisterRefused } from './converge-notes.ts';
import type { View } from './converge-view.ts';
import type { Needs } from './needs.ts';
import { planRechecks } from './plan-rechecks.ts';

/** What a step or a look found, written down: the record's state, its newest locator and fingerprints, and how we know. */

/** A standing at the system, as the ledger's word for the record. */
export const standings = { active: 'linked', restricted: 'restricted', inert: 'inert' } as const;
const printsOf = (needs: Needs, view: View, fields: Fields) =>
  fingerprints(needs.vault.keys.hmac.current, view.subject.id, fields);

export async function writeProfile(
  needs: Needs,
  view: View,
  i: number,
  profile: Profile,
  evidence: Evidence,
  sent: Fields | null,
): Promise<void> {
  const row = view.rows[i];
  if (!row?.record) return;
  const read = printsOf(needs, view, profile.fields);
  const prints = printsOf(needs, view, { ...profile.fields, ...sent });
  const spelled = Object.fromEntries(Object.entries(read).filter(([name, print]) => prints[name] !== print));
  await updateRecord(needs.db, row.record.id, {
    state: standings[profile.standing],
    sealedRef: sealRef(needs.vault, view.duty.recipient, profile.ref),
    fingerprints: prints,
    // a field that was ordered out was tried once: what is there still is found again
    ...(sent ? { spelled: { ...row.record.spelled, ...spelled }, unwanted: [] } : {}),
    evidence,
    version: view.version,
    observed: evidence === 'observed',
  });
  if (profile.refused && row.record.state === 'linked') await noteRefusal(needs, view.subject.id, view.duty.recipient);
}

export async function writeRestricted(
  needs: Needs,
  view: View,
  i: number,
  back: Profile | undefined,
  evidence: Evidence,
): Promise<void> {
  const row = view.rows[i];
  if (row?.register) return noteRegisterRefused(needs, view.subject.id);
  if (row?.record) {
    const state = back ? standings[back.standing] : 'restricted';
    await updateRecord(needs.db, row.record.id, {
      state: state === 'linked' ? 'restricted' : state,
      evidence,
      observed: back !== undefined,
    });
  }
}

export async function writeGone(
  needs: Needs,
  view: View,
  i: number,
  outcome: 'erased' | 'absent',
  evidence: Evidence,
): Promise<void> {
  const row = view.rows[i];
  if (row?.register)
    await markRegisterRecord(
      needs.db,
      view.subject.register,
      row.register.remote_hash,
      outcome === 'erased' || view.erasure ? 'erased' : 'vanished',
    );
  if (row?.record) await updateRecord(needs.db, row.record.id, { state: outcome, evidence, observed: evidence === 'observed' });
  // whoever was erased is looked for again; a correction that found nobody is no erasure
  if (outcome === 'erased' || view.input.subject.state !== 'active') await planRechecks(needs, view, i);
}

export async function writeNew(
  needs: Needs,
  view: View,
  place: string,
  profile: Profile,
  how: string,
  evidence: Evidence,
): Promise<boolean> {
  const { recipient } = view.duty;
  if (!view.served) return false;
  return putRecord(needs.db, {
    id: needs.newId(),
    subject: view.subject.id,
    recipient,
    place,
    hash: remoteHash(needs.vault, recipient, place, profile.ref.id),
    sealedRef: sealRef(needs.vault, recipient, profile.ref),
    state: standings[profile.standing],
    how,
    fingerprints: printsOf(needs, view, profile.fields),
    evidence,
    version: view.version,
  });
}

/** The system erased this person before we knew them, and will not take them back: remembered, so that nobody tries again. */
export async function writeForgotten(needs: Needs, view: View, place: string): Promise<void> {
  const { recipient } = view.duty;
  await putRecord(needs.db, {
    id: needs.newId(),
    subject: view.subject.id,
    recipient,
    place,
    hash: remoteHash(needs.vault, recipient, place, `forgotten/${view.subject.id}`),
    sealedRef: sealRef(needs.vault, recipient, { place, id: '' }),
    state: 'forgotten',
    how: 'forgotten',
    fingerprints: {},
    evidence: 'acknowledged',
    version: view.version,
  });
}
