import type { Recipient } from '../connectors/connector.ts';
import type { Step } from '../core/diff.ts';
import { fingerprints } from '../core/fingerprint.ts';
import type { FieldName, Fields } from '../core/person.ts';
import { allow, rectifiable } from '../core/policy.ts';
import { putRecord, remoteHash, sealRef } from '../store/records.ts';
import { settled, type Taken } from './converge-taken.ts';
import { look, type View } from './converge-view.ts';
import { envelopeFields } from './erasure.ts';
import { fetchValues } from './fetch-values.ts';
import type { Needs } from './needs.ts';
import { mayBeHeldUnseen } from './served.ts';

/**
 * A system that nobody can look into knows people by identifiers alone (`refFor`). Before anything is to be taken away there, the
 * person is tied to where each of their identifiers would be held. The tie claims nothing (its evidence is `none`): it is what a
 * removal has to name. And nobody is ever called absent there, since nobody can have looked.
 *
 * `again`: look again, something else may be owed now. Null: the step stands as it is.
 */
export async function owedUnseen(
  needs: Needs,
  recipient: Recipient | undefined,
  view: View,
  next: Step,
): Promise<'again' | (Taken & { kind: 'settled' }) | null> {
  if (!recipient?.refFor) return null;
  const isUnknown = next.kind === 'nothing' && next.outcome === 'absent' && !view.rows.some((r) => r.record?.state === 'absent');
  // another role of the same human being may be held there: that is not this one's matter
  const isOurs = mayBeHeldUnseen(needs, view.duty.recipient, view.subject.role);
  if (isUnknown && !isOurs && wouldTakeAway.includes(next.reason ?? '')) return settled('absent', 'none', next.reason);
  if (!isDue(view, next)) {
    if (!isUnknown) return null;
    return isServed(view, next)
      ? settled('not-identifiable', 'none', 'no-identifier')
      : settled('unchanged', 'none', next.reason);
  }
  const fields = await identifying(needs, view);
  if (fields && (await tie(needs, recipient, view, fields))) return 'again';
  // read just now: whom they name nowhere has no place
  if (fields && view.fields === null && next.kind === 'create') return 'again';
  return isUnknown ? settled('not-identifiable', 'none', 'no-identifier') : null;
}

/** A purpose is for somebody like them: then it is the identifier that is missing, and no purpose. */
const isServed = ({ input, subject }: View, next: Step) =>
  next.kind === 'nothing' && next.reason === 'no-purpose' && rectifiable(input.purposes, subject.role).purposes.length > 0;

/** Reasons of doing nothing that would be otherwise if something were known to be there. */
const wouldTakeAway = ['never-held', 'awaiting-approval', 'restricted-by-right'];

function isDue({ input }: View, next: Step): boolean {
  if (next.kind === 'create' || next.kind === 'restrict' || next.kind === 'erase') return true;
  if (next.kind !== 'nothing' || next.outcome !== 'absent') return false;
  // who never agreed was never given by us; who objected is taken out, whoever gave them
  const isObjection = next.reason === 'no-permission' && Object.values(input.permissions).some(({ refused }) => refused);
  return isObjection || wouldTakeAway.includes(next.reason ?? '');
}

/** The values that may name the person there: of an erasure all that its case knows, otherwise what a purpose declares. */
async function identifying(needs: Needs, view: View): Promise<Fields | null> {
  const envelope = view.erasure ? envelopeFields(needs, view.erasure) : null;
  if (envelope) return envelope;
  const known = view.fields ?? ((await fetchValues(needs, view)) ? (await look(needs, view.duty)).fields : null);
  return known ? allow(known, rectifiable(view.input.purposes, view.subject.role)) : null;
}

/** Answers whether anything was tied that was not before. */
async function tie(needs: Needs, recipient: Recipient, view: View, fields: Fields): Promise<boolean> {
  let isNew = false;
  for (const place of recipient.places) {
    const ref = recipient.refFor?.(fields, place) ?? null;
    if (!ref || view.rows.some((row) => row.record?.place === place && row.ref?.id === ref.id)) continue;
    const { duty, subject } = view;
    const carried = carriedIn(recipient, place);
    const made = await putRecord(needs.db, {
      id: needs.newId(),
      subject: subject.id,
      recipient: duty.recipient,
      place,
      // two people may share a telephone: each has a tie of their own
      hash: remoteHash(needs.vault, duty.recipient, place, `${subject.id}/${ref.id}`),
      sealedRef: sealRef(needs.vault, duty.recipient, ref),
      state: 'linked',
      how: 'by-identifier',
      fingerprints: fingerprints(
        needs.vault.keys.hmac.current,
        subject.id,
        carried ? allow(fields, { fields: carried }) : fields,
      ),
      evidence: 'none',
      version: view.version,
    });
    isNew ||= made;
  }
  return isNew;
}

const carriedIn = ({ carries }: Recipient, place: string): FieldName[] | null =>
  carries ? [...(typeof carries === 'function' ? carries(place) : carries)] : null;
