import type { Profile, RemoteRef } from '../connectors/connector.ts';
import { freeCall } from '../connectors/http.ts';
import { Failure } from '../core/failure.ts';
import { hasGrown } from '../core/retention.ts';
import { inTransaction } from '../store/database.ts';
import { raise } from '../store/duties.ts';
import { dropHint, dueHints } from '../store/hints.ts';
import { recordByRemote, remoteHash, updateRecord } from '../store/records.ts';
import { cursorOf, saveCursor } from '../store/systems.ts';
import { noteRefusal } from './converge-notes.ts';
import { standings } from './converge-write.ts';
import type { Needs } from './needs.ts';
import { takeEdit } from './take-edit.ts';
import { takeIn } from './take-in.ts';

/** What a webhook's hint or a poll of a recipient found: a refusal there is carried to everybody else; the rest is drift. */
export async function hear(needs: Needs, system: string, profile: Profile): Promise<void> {
  const recordNow = () =>
    recordByRemote(needs.db, system, profile.ref.place, remoteHash(needs.vault, system, profile.ref.place, profile.ref.id));
  await inTransaction(needs.db, async () => {
    const record = await recordNow();
    if (!record || record.state === 'erased') return;
    // a stripped row stands as it was left there; only one that is used or filled again is looked at
    if (record.state === 'stripped' && profile.standing !== 'active' && !hasGrown(record.retained, profile.fields)) return;
    if (profile.refused && record.state === 'linked') await noteRefusal(needs, record.subject, system);
    if (standings[profile.standing] === record.state) return;
    // the system says something else than we knew: it is looked at again, and what is owed then is done
    await updateRecord(needs.db, record.id, { state: standings[profile.standing], evidence: 'observed', observed: true });
    await raise(needs.db, { subject: record.subject, recipients: [system], lane: 'objection', newId: needs.newId });
  });
  const record = await recordNow();
  if (record) await takeEdit(needs, system, record, profile);
}

/** Polls a recipient where people change things themselves: webhooks may be lost, this finds what they would have told. */
export async function pollRecipient(needs: Needs, system: string): Promise<void> {
  const recipient = needs.connectors[system]?.recipient;
  if (!recipient?.changes) return;
  const { profiles, cursor } = await recipient.changes(await cursorOf(needs.db, system, 'changes'), freeCall);
  for (const profile of profiles) await hear(needs, system, profile);
  await saveCursor(needs.db, system, 'changes', cursor);
}

/** Follows the hints that webhooks left: each is re-read at its system before anything is believed. */
export async function followHints(needs: Needs): Promise<number> {
  const hints = await dueHints(needs.db, 50);
  for (const { id, system, sealed, attempts } of hints) {
    const connector = needs.connectors[system];
    if (!connector?.webhook) {
      await dropHint(needs.db, id);
      continue;
    }
    try {
      const found = await connector.webhook.follow(needs.vault.unsealJson(`hint:${system}`, sealed), freeCall);
      for (const item of found) await followed(needs, system, item);
      await dropHint(needs.db, id);
    } catch (error) {
      // the poll and the sweep find it all the same: a hint is worth a few tries
      if (!(error instanceof Failure) || attempts >= 20) await dropHint(needs.db, id);
      if (!(error instanceof Failure)) throw error;
    }
  }
  return hints.length;
}

async function followed(needs: Needs, system: string, item: Profile | RemoteRef): Promise<void> {
  if ('fields' in item) return hear(needs, system, item);
  const look = await needs.connectors[system]?.register?.look(item, freeCall);
  if (look?.kind === 'found') await takeIn(needs, system, look.record);
}
