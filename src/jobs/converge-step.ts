import type { Connector, Profile, Recipient, RemoteRef, Written } from '../connectors/connector.ts';
import type { Call } from '../connectors/http.ts';
import type { Step } from '../core/diff.ts';
import { type Evidence, lanes, weaker } from '../core/duty.ts';
import { Failure } from '../core/failure.ts';
import type { FieldName, Fields } from '../core/person.ts';
import { hold, isDisowned } from '../store/held.ts';
import { remoteHash } from '../store/records.ts';
import { askPerson } from './ask-person.ts';
import { keepByLaw, neutralise } from './converge-law.ts';
import { discloseFields, noteRefusal } from './converge-notes.ts';
import { routeWorks } from './converge-observe.ts';
import { settled, type Taken } from './converge-taken.ts';
import type { View } from './converge-view.ts';
import { writeForgotten, writeGone, writeNew, writeProfile, writeRestricted } from './converge-write.ts';
import type { Needs } from './needs.ts';
import { leftBehind } from './shown-later.ts';
import { askAboutTraces, sharedValue, tracesLeft } from './traces.ts';

/** Takes one step. Everything that was sent is read back where the vendor allows it. */
export async function take(needs: Needs, connector: Connector, view: View, step: Step, call: Call): Promise<Taken> {
  switch (step.kind) {
    case 'nothing':
      return {
        kind: 'settled',
        outcome: step.outcome,
        evidence: step.evidence ?? view.duty.evidence,
        ...(step.reason ? { reason: step.reason } : {}),
      };
    case 'hold':
      return { kind: 'moved', move: { state: 'held', reason: step.reason } };
    case 'wait':
      return { kind: 'moved', move: { state: 'waiting', until: step.until, reason: step.reason } };
    case 'park':
      return {
        kind: 'moved',
        move: { state: 'waiting', outcome: 'retained', until: step.until, retained: step.retained, reason: step.reason ?? 'law' },
      };
    case 'ask':
      return { kind: 'moved', move: await askPerson(needs, view, step.ask) };
    default:
      if (!connector.recipient) throw new Error('a machine step for a system without verbs');
      return wire(needs, connector, connector.recipient, view, step, call);
  }
}

type WireStep = Extract<Step, { kind: 'create' | 'update' | 'restrict' | 'erase' | 'strip' }>;
type Correction = Extract<Step, { kind: 'update' | 'strip' }>;

async function wire(
  needs: Needs,
  connector: Connector,
  recipient: Recipient,
  view: View,
  step: WireStep,
  call: Call,
): Promise<Taken> {
  if (step.kind === 'create') return create(needs, recipient, view, step, call);
  const row = view.rows[step.record];
  if (!row?.ref) return { kind: 'settled', outcome: 'absent', evidence: 'none', reason: 'no-locator' };
  const { ref } = row;
  const underLaw = () => keepByLaw(needs, recipient, view, step.record, ref, call);
  let law = step.kind === 'erase' ? await underLaw() : null;
  if (law?.kept) return law.kept;
  const said = await say(recipient, step, ref, seenCall(view, step, call));
  // what binds the row may have come between the question and the refusal
  if (said.kind === 'refused' && law?.isBound === false) law = await underLaw();
  if (law?.kept) return law.kept;
  if (said.kind === 'refused' && law?.isBound) return neutralise(needs, recipient, view, step.record, ref, call);
  return judge(needs, connector, recipient, view, step, said, (at) => recipient.read(at, call), call);
}

/** What an answer comes to: a promise until it is read back, "not there" only when the same route finds somebody else. */
export async function judge(
  needs: Needs,
  connector: Connector,
  recipient: Recipient,
  view: View,
  step: Exclude<WireStep, { kind: 'create' }>,
  said: Written,
  readBack: (ref: RemoteRef) => Promise<Profile | null>,
  call: Call,
): Promise<Taken> {
  const row = view.rows[step.record];
  const place = row?.ref?.place ?? '';
  const cap = (evidence: Evidence) => (step.kind === 'erase' ? weaker(evidence, connector.manifest.erasure.cap) : evidence);
  if (said.kind === 'refused') {
    const ask =
      said.ask && needs.config.systems[view.duty.recipient]?.recipient !== undefined ? askedFor(connector, view, step) : null;
    return { ...settled('refused', 'acknowledged', said.code), ...(ask ? { ask } : {}), called: true };
  }
  if (said.kind === 'not-found') {
    const left = step.kind === 'erase' ? await tracesLeft(needs, recipient, view, call) : null;
    if (left === 'ask') return askAboutTraces();
    const isProven = left === null && (await routeWorks(needs, recipient, view, place, call));
    const evidence = isProven ? 'observed' : left === 'stated' ? 'acknowledged' : 'accepted';
    const wasDone = wasSent(row?.record?.evidence) || (recipient.showsLater && view.duty.outcome === 'erased');
    const outcome = step.kind === 'erase' && wasDone ? 'erased' : 'absent';
    return {
      ...settled(outcome, cap(evidence), left === 'stated' ? sharedValue : undefined),
      called: true,
      write: () => writeGone(needs, view, step.record, outcome, cap(evidence)),
    };
  }
  if (said.kind !== 'accepted') throw new Failure('ANSWER_GARBLED');
  const back = connector.manifest.readBack ? await readBack(said.ref) : undefined;
  if (step.kind === 'erase') {
    if (back && recipient.showsLater) return leftBehind('erased');
    if (back) throw new Failure('NOT_APPLIED');
    const works = back === null && (await routeWorks(needs, recipient, view, place, call));
    const evidence = cap(works ? 'observed' : 'accepted');
    return { ...settled('erased', evidence), called: true, write: () => writeGone(needs, view, step.record, 'erased', evidence) };
  }
  if (back === null)
    return {
      kind: 'moved',
      called: true,
      move: { state: 'unknown', waitMs: 500, reason: 'not-found-after-write', next: 'read' },
    };
  if (step.kind === 'restrict') {
    if (back && back.standing === 'active') throw new Failure('NOT_APPLIED');
    return {
      ...settled('restricted', back ? 'observed' : 'accepted'),
      called: true,
      write: () => writeRestricted(needs, view, step.record, back, back ? 'observed' : 'accepted'),
    };
  }
  return corrected(needs, recipient, view, step, said.ref, back);
}

/**
 * What people are asked for instead; a correction only where a later look shows that they made it, and to keep data unused only where the
 * person's right restricts it, not before each erasure.
 */
function askedFor(
  { manifest: { readBack }, recipient }: Connector,
  { input }: View,
  { kind }: WireStep,
): 'erase' | 'update' | 'restrict' | null {
  if (kind === 'erase') return kind;
  if (kind === 'restrict') return input.subject.restricted && input.subject.state === 'active' ? kind : null;
  return kind === 'update' && (readBack || recipient?.showsLater) ? kind : null;
}

/** A correction that was accepted and, where the vendor allows it, read back. */
async function corrected(
  needs: Needs,
  recipient: Recipient,
  view: View,
  step: Correction,
  ref: RemoteRef,
  back: Profile | undefined,
): Promise<Taken> {
  const meant = recipient.asHeld?.(step.fields, ref.place) ?? step.fields;
  if (back && !shows(back.fields, meant) && recipient.showsLater) {
    await discloseFields(needs, view, Object.keys(step.fields));
    return leftBehind('updated');
  }
  if (back && !shows(back.fields, meant))
    throw new Failure('NOT_APPLIED', { hint: shows(ascii(back.fields), ascii(meant)) ? otherLetters : undefined });
  // what a register shows counts once it was taken in, which its poll does
  if (back && view.rows[step.record]?.register && recipient.showsLater) return leftBehind('updated', 'observed');
  const evidence = back ? 'observed' : 'accepted';
  return {
    ...settled('updated', evidence),
    called: true,
    write: async () => {
      await writeProfile(
        needs,
        view,
        step.record,
        back ?? { ref, fields: step.fields, standing: 'active', refused: false },
        evidence,
        step.fields,
      );
      await discloseFields(needs, view, Object.keys(step.fields));
    },
  };
}

/** A page of a resync showed the row just now: its look is not repeated. A live correction looks for itself. */
export function seenAs(view: View, step: WireStep): Call['seen'] {
  const record = step.kind === 'update' ? view.rows[step.record]?.record : null;
  if (!record?.fresh || view.duty.lane !== lanes.resync) return undefined;
  return record.state === 'linked' ? 'active' : record.state === 'restricted' ? 'restricted' : undefined;
}

function seenCall(view: View, step: WireStep, call: Call): Call {
  const seen = seenAs(view, step);
  return seen ? { ...call, seen } : call;
}

function say(recipient: Recipient, step: Exclude<WireStep, { kind: 'create' }>, ref: RemoteRef, call: Call): Promise<Written> {
  switch (step.kind) {
    case 'update':
    case 'strip':
      return recipient.rectify(ref, step.fields, step.blanked, call);
    case 'restrict':
      return recipient.restrict(ref, step.permissions, call);
    case 'erase':
      return recipient.erase(ref, call);
  }
}

/** Never an upsert: look by the natural key first; whoever is there already is linked, not created. */
async function create(
  needs: Needs,
  recipient: Recipient,
  view: View,
  step: Extract<Step, { kind: 'create' }>,
  call: Call,
): Promise<Taken> {
  const there = await recipient.find(step.fields, step.place, call);
  if (there.length > 0) return linkFound(needs, view, step.place, there, 'found-before-create');
  const said = await recipient.create(step.fields, step.place, call);
  switch (said.kind) {
    case 'accepted': {
      const back = await recipient.read(said.ref, call);
      if (back === null)
        return {
          kind: 'moved',
          called: true,
          move: { state: 'unknown', waitMs: 500, reason: 'not-found-after-write', next: 'read' },
        };
      return {
        ...settled('created', 'observed'),
        called: true,
        write: async () => {
          await writeNew(needs, view, step.place, back, 'created', 'observed');
          await discloseFields(needs, view, Object.keys(step.fields));
        },
      };
    }
    case 'exists':
      return linkFound(needs, view, step.place, await recipient.find(step.fields, step.place, call), 'found-by-create');
    case 'forgotten':
      return {
        ...settled('refused', 'acknowledged', 'forgotten'),
        called: true,
        write: () => writeForgotten(needs, view, step.place),
      };
    default:
      return { ...settled('refused', 'acknowledged', said.kind === 'refused' ? said.code : said.kind), called: true };
  }
}

/** One row is theirs; more than one, or a row that is tied to somebody else, is for a person to say. */
async function linkFound(needs: Needs, view: View, place: string, there: Profile[], how: string): Promise<Taken> {
  const [profile] = there;
  if (!profile || there.length > 1) return { kind: 'moved', called: true, move: { state: 'held', reason: 'ambiguous-record' } };
  // a person cut this very tie before
  if (await isDisowned(needs.db, view.duty.recipient, remoteHash(needs.vault, view.duty.recipient, place, profile.ref.id)))
    return { kind: 'moved', called: true, move: { state: 'held', reason: 'row-of-another' } };
  return {
    kind: 'settled',
    called: true,
    outcome: 'unchanged',
    evidence: 'observed',
    write: async () => {
      const ours = await writeNew(needs, view, place, profile, how, 'observed');
      if (!ours)
        await hold(needs.db, {
          id: needs.newId(),
          kind: 'ambiguous-record',
          system: view.duty.recipient,
          subject: view.subject.id,
          reason: 'row-of-another',
        });
      else if (profile.refused) await noteRefusal(needs, view.subject.id, view.duty.recipient);
    },
  };
}

/** Whether an erasure of this row was sent before: then a row that is gone was erased by us. */
const wasSent = (evidence: Evidence | undefined) => evidence === 'accepted';

const otherLetters =
  'only letters beyond ASCII (å, ä, ö) came back as others: the system reads another encoding than is written, see bodyEncoding in its settings and kaiku check --write-test';

/** Values without anything but ASCII, and the question marks that some put for the rest: two that agree so, and not otherwise, differ in their letters alone. */
const ascii = (fields: Fields): Fields =>
  JSON.parse(JSON.stringify(fields), (_, value: unknown) =>
    typeof value === 'string' ? value.replace(/[^\x20-\x7e]+|\?+/g, '') : value,
  );

/** The read-back shows what was written: each field has the value that was sent, as the system spells it. */
function shows(there: Fields, sent: Fields): boolean {
  return Object.entries(sent).every(
    ([name, value]) => JSON.stringify(there[name as FieldName] ?? '') === JSON.stringify(value ?? ''),
  );
}
