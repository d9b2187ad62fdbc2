import type { Bound, Profile, Recipient, RemoteRef } from '../connectors/connector.ts';
import type { Call } from '../connectors/http.ts';
import { Failure } from '../core/failure.ts';
import type { FieldName } from '../core/person.ts';
import { type RetainedBy, retainedIn } from '../core/retention.ts';
import { keepEnvelopes } from '../store/cases.ts';
import { type ParkedBy, type RecordRow, updateRecord } from '../store/records.ts';
import { askPerson } from './ask-person.ts';
import { settled, type Taken } from './converge-taken.ts';
import type { View } from './converge-view.ts';
import { standings } from './converge-write.ts';
import { envelopeEnd } from './erasure.ts';
import { type KeptNow, keptFields, lawOf, quarterFrom } from './law-of.ts';
import { type Needs, now } from './needs.ts';

/**
 * An erasure that meets a law (Art. 17(3)(b), (e)): field by field, not record by record. What no law needs goes now, the rest is
 * kept until its day, and nobody calls that erased.
 */

/** `kept`: stripped instead of erased. Without it the erasure is tried, of a row that something may still bind. */
export interface UnderLaw {
  kept: Taken | null;
  isBound: boolean;
}

/** Strips a bound row as long as a law keeps it. */
export async function keepByLaw(
  needs: Needs,
  recipient: Recipient,
  view: View,
  i: number,
  ref: RemoteRef,
  call: Call,
): Promise<UnderLaw> {
  const record = view.rows[i]?.record;
  const bound = record && recipient.bound && recipient.strip ? await recipient.bound(ref, call) : null;
  if (!record || !bound || !recipient.strip) return { kept: null, isBound: false };
  const law = lawOf(needs, view.duty.recipient, bound, await now(needs));
  // the day has come and nothing is open: the erasure itself is tried, once more than the law demands
  if (law.isNamed && law.runs.length === 0 && !bound.open) return { kept: null, isBound: true };
  return { kept: await stripRow(needs, { recipient, record, ref, bound, law }, call), isBound: true };
}

interface BoundRow {
  recipient: Recipient;
  record: RecordRow;
  ref: RemoteRef;
  bound: Bound;
  law: KeptNow;
}

async function stripRow(needs: Needs, row: BoundRow, call: Call): Promise<Taken | null> {
  const { recipient, record, ref, law } = row;
  if (!recipient.strip) return null;
  const bound = law.isNamed ? { ...row.bound, keeps: keptFields(row.bound, law.runs) } : row.bound;
  const said = await recipient.strip(ref, bound, call);
  if (said.kind === 'not-found') return null;
  if (said.kind === 'refused')
    return { ...settled('refused', 'acknowledged', said.code), ...(said.ask ? { ask: 'erase' as const } : {}), called: true };
  if (said.kind !== 'accepted') throw new Failure('ANSWER_GARBLED');
  const back = await recipient.read(said.ref, call);
  if (back === null || back.standing === 'active' || Object.keys(back.fields).some((name) => !keeps(bound, name)))
    throw new Failure('NOT_APPLIED');
  const fields = Object.keys(back.fields).sort();
  if (bound.pending !== undefined) {
    return {
      ...settled('refused', 'observed', bound.pending),
      ask: 'erase',
      called: true,
      // still held: whoever looks again tries the erasure again
      write: () => noteHeld(needs, record.id, back.standing),
    };
  }
  const at = await now(needs);
  const retained = law.isNamed ? retainedIn(fields, law.runs, bound.open ? quarterFrom(at) : null) : null;
  if (retained === null) {
    // the system will not let go, and no rule of the company says why: that is for a person
    return {
      ...settled('refused', 'observed', 'no-retention-rule'),
      called: true,
      write: () => noteHeld(needs, record.id, back.standing),
    };
  }
  return {
    ...settled('retained', 'observed', bound.open ? 'law-and-open-claim' : 'law'),
    called: true,
    write: async () => {
      await keepEnvelopes(needs.db, record.subject, envelopeEnd(retained.until));
      await updateRecord(needs.db, record.id, {
        state: 'stripped',
        evidence: 'observed',
        observed: true,
        retained,
        parked: parkedBy(needs, record.id, law.runs),
      });
    },
  };
}

const nothing = () => {};
const noteHeld = (needs: Needs, record: string, standing: Profile['standing']) =>
  updateRecord(needs.db, record, { state: standings[standing], evidence: 'observed', observed: true }).then(nothing);
const keeps = (bound: Bound, name: string) => bound.keeps.includes(name as FieldName);

/** By what the row waits, so that it can be counted again: the rule that keeps it longest, and the day of the document, sealed. */
function parkedBy(needs: Needs, record: string, runs: readonly RetainedBy[]): ParkedBy | null {
  const last = runs.at(-1);
  if (!last) return null;
  return { rule: last.rule, pack: last.pack, sealedEvent: needs.vault.sealJson(`event:${record}`, last.event) };
}

/**
 * The law's time is over and the system still refuses: the values agreed with the accountant go over what is left. Where none are
 * agreed, whoever owns the system is asked.
 */
export async function neutralise(
  needs: Needs,
  recipient: Recipient,
  view: View,
  i: number,
  ref: RemoteRef,
  call: Call,
): Promise<Taken> {
  const record = view.rows[i]?.record;
  const said = (await recipient.neutralise?.(ref, call)) ?? { kind: 'refused' as const, code: 'no-neutral-values' };
  if (said.kind === 'refused' || !record) return { kind: 'moved', called: true, move: await askPerson(needs, view, 'erase') };
  if (said.kind !== 'accepted') throw new Failure('ANSWER_GARBLED');
  return {
    ...settled('stripped', 'observed', 'neutral-values'),
    called: true,
    write: () =>
      updateRecord(needs.db, record.id, {
        state: 'stripped',
        evidence: 'observed',
        observed: true,
        retained: null,
        parked: null,
      }).then(nothing),
  };
}
