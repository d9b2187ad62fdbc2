import { createHash } from 'node:crypto';
import { type Day, dayIn } from '../core/day.ts';
import {
  composeLetter,
  type Letter,
  type LetterDuty,
  type LetterFacts,
  type LetterFault,
  type LetterKind,
} from '../core/letter.ts';
import type { Fields } from '../core/person.ts';
import { titleIn } from '../core/title.ts';
import { type CaseRow, caseById } from '../store/cases.ts';
import { inTransaction } from '../store/database.ts';
import { type DutyRow, dutiesOf } from '../store/duties.ts';
import { handoversOf } from '../store/handovers.ts';
import { insertLetter, type LetterRow, type LetterSent, letterById, noteLetterSent } from '../store/letters.ts';
import { disclosuresOf } from '../store/records.ts';
import { lockSubject } from '../store/subjects.ts';
import { clockOf, clockRequest, clockSettings } from './case-clock.ts';
import { liftableFrom } from './case-rights.ts';
import { envelopeFields, reasonOf } from './erasure.ts';
import { heldBeside } from './held-beside.ts';
import { type Needs, now, tell, whose } from './needs.ts';

/** What is sealed of a letter: to whom, what it says, and the rows that it rests on. */
export interface LetterBody {
  to: string[];
  from: string;
  on: Day;
  title: string;
  paragraphs: string[][];
  letter: Letter;
  /** Makes the digest one that nobody can guess. */
  salt: string;
}

/** Says a letter in its language; the words belong to the floor above. */
export type SayLetter = (language: LetterRow['language'], letter: Letter) => Pick<LetterBody, 'title' | 'paragraphs'>;

export type NoLetter = LetterFault | 'not-there' | 'envelope-over';

/** Makes a letter of what the ledger says just now, and seals it with its case. Answers its id, or why there is none. */
export async function makeLetter(
  needs: Needs,
  id: string,
  by: string,
  { kind, language }: { kind: LetterKind; language?: LetterRow['language'] | undefined },
  say: SayLetter,
): Promise<{ id: string } | NoLetter> {
  return inTransaction(needs.db, async () => {
    const { db, vault } = needs;
    const named = await caseById(db, id);
    const subject = named ? await lockSubject(db, named.subject) : undefined;
    const found = await caseById(db, id);
    if (!found || !subject) return 'not-there';
    const values = envelopeFields(needs, found);
    if (!values || !found.envelope_key) return 'envelope-over';
    const at = await now(needs);
    const spoken = language ?? found.language ?? languageOf(needs, values);
    const letter = composeLetter(kind, await factsOf(needs, found, at, spoken));
    if (typeof letter === 'string') return letter;
    const letterId = needs.newId();
    const body: LetterBody = {
      to: addresseeOf(values),
      from: needs.config.controller.name,
      on: dayIn(at, clockSettings(needs).zone),
      ...say(spoken, letter),
      letter,
      salt: vault.random(16).toString('hex'),
    };
    await insertLetter(db, {
      id: letterId,
      case_file: id,
      kind,
      language: spoken,
      made_at: at,
      made_by: by,
      sha256: createHash('sha256').update(JSON.stringify(body)).digest(),
      sealed: vault.sealUnder(vault.personKey(id, found.envelope_key), `letter:${letterId}`, body),
    });
    await tell(needs, { actor: by, action: 'letter.made', subject: whose(subject), case: id, code: kind });
    return { id: letterId };
  });
}

/** What a letter says, or null once its case's envelope is gone. */
export function letterBody(needs: Needs, found: CaseRow, row: LetterRow): LetterBody | null {
  if (!found.envelope_key) return null;
  return needs.vault.unsealUnder<LetterBody>(needs.vault.personKey(found.id, found.envelope_key), `letter:${row.id}`, row.sealed);
}

export type SentFault = 'not-there' | 'sent-before' | 'sent-later' | 'sent-early';

/** Writes down that a letter went on its way. Null: done. */
export async function markLetterSent(
  needs: Needs,
  { id, letter, by }: { id: string; letter: string; by: string },
  { how, on }: { how: LetterSent['how']; on?: Day | undefined },
): Promise<SentFault | null> {
  return inTransaction(needs.db, async () => {
    const found = await caseById(needs.db, id);
    const subject = found ? await lockSubject(needs.db, found.subject) : undefined;
    const row = await letterById(needs.db, id, letter);
    if (!subject || !row) return 'not-there';
    const { zone } = clockSettings(needs);
    const today = dayIn(await now(needs), zone);
    const day = on ?? today;
    if (day > today) return 'sent-later';
    if (day < dayIn(row.made_at, zone)) return 'sent-early';
    if (!(await noteLetterSent(needs.db, letter, { how, on: day, by }))) return 'sent-before';
    await tell(needs, { actor: by, action: 'letter.sent', subject: whose(subject), case: id, code: row.kind, reason: how });
    return null;
  });
}

/** A refusal and an answer are owed a letter of their own (Art. 12(3) and (4)): true until one was made. */
/** What a person changed themselves, where they change it, is owed no letter. */
export const owesLetter = (found: Pick<CaseRow, 'state' | 'source'>, letters: readonly Pick<LetterRow, 'kind'>[]): boolean =>
  !found.source.startsWith('system:') &&
  (found.state === 'refused' || found.state === 'closed') &&
  !letters.some((l) => l.kind === 'answer');

async function factsOf(needs: Needs, found: CaseRow, at: Date, language: string): Promise<LetterFacts> {
  const labelOf = (system: string) => systemLabel(needs, system, language);
  const { name, privacyContact } = needs.config.controller;
  const { zone } = clockSettings(needs);
  const { extension } = clockRequest(needs, found, at);
  const reason = reasonOf(needs, found);
  const from = liftableFrom(needs, found);
  // what the plan leaves alone at a system is no part of the answer
  const concerned = new Set(found.plan.filter(({ step }) => !['nothing', 'keep', 'read'].includes(step)).map((s) => s.system));
  const duties = (await dutiesOf(needs.db, found.subject)).filter((d) => concerned.has(d.recipient) || d.retained);
  return {
    controller: { name, ...(privacyContact ? { contact: privacyContact } : {}) },
    case: { id: found.id, type: found.type, received: dayIn(found.received_at, zone), due: clockOf(needs, found, at).date },
    ...(extension ? { extension } : {}),
    ...(found.decision
      ? {
          decision: {
            decision: found.decision.decision,
            at: dayIn(new Date(found.decision.at), zone),
            ...(reason ? { reason } : {}),
          },
        }
      : {}),
    duties: duties.map((duty) => dutyFacts(needs, duty, labelOf(duty.recipient), language)),
    disclosures: (await disclosuresOf(needs.db, found.subject)).map((d) => ({
      system: d.recipient,
      label: labelOf(d.recipient),
      purpose: d.purpose,
      purposeLabel: titleIn(needs.config.purposes[d.purpose]?.title, language) ?? d.purpose,
      fields: d.fields,
      first: dayIn(d.first_at, zone),
      last: dayIn(d.last_at, zone),
    })),
    keeps: found.plan.flatMap(({ system, retained }) =>
      retained ? [{ system, label: labelOf(system), fields: retained.fields, until: retained.until, law: retained.law }] : [],
    ),
    holders: await holdersOf(needs, found.subject, labelOf),
    ...(await handoverFacts(needs, found, labelOf)),
    ...(found.lift && from !== null ? { lift: { toldOn: found.lift.toldOn, from } } : {}),
  };
}

/** Who holds the person by a row that was there before Kaiku handed anything over: a recipient all the same (Art. 4(9)). */
async function holdersOf(
  needs: Needs,
  subject: string,
  labelOf: (system: string) => string,
): Promise<NonNullable<LetterFacts['holders']>> {
  return (await heldBeside(needs, subject)).map(({ system, fields, since }) => ({
    system,
    label: labelOf(system),
    fields,
    since: dayIn(since, clockSettings(needs).zone),
  }));
}

async function handoverFacts(
  needs: Needs,
  found: CaseRow,
  labelOf: (system: string) => string,
): Promise<Pick<LetterFacts, 'handover'>> {
  const opened = (await handoversOf(needs.db, found.id)).find((h) => h.opened_at !== null);
  if (!opened?.opened_at) return {};
  const missing = [...new Set(opened.missing.map((m) => labelOf(m.system)))];
  return { handover: { on: dayIn(opened.opened_at, clockSettings(needs).zone), missing } };
}

const dutyFacts = (needs: Needs, duty: DutyRow, label: string, language: string): LetterDuty => {
  const ends = needs.connectors[duty.recipient]?.ends;
  return {
    system: duty.recipient,
    label,
    state: duty.state,
    outcome: duty.outcome,
    evidence: duty.evidence,
    ...(duty.retained ? { retained: duty.retained } : {}),
    ...(duty.state === 'asked' && duty.asked_due ? { askedBy: dayIn(duty.asked_due, clockSettings(needs).zone) } : {}),
    backupLagDays: needs.connectors[duty.recipient]?.manifest.backupLagDays ?? null,
    ...(ends ? { endsByItself: titleIn(ends.what, language) ?? label } : {}),
  };
};

/** As the person is told it: its title, else the configuration's word for it and whose product it is where it is one. */
function systemLabel(needs: Needs, system: string, language: string): string {
  const title = titleIn(needs.config.systems[system]?.title, language);
  if (title !== undefined) return title;
  const manifest = needs.connectors[system]?.manifest;
  if (!manifest || manifest.human || manifest.endsByItself) return system;
  return `${system} (${manifest.vendor.charAt(0).toUpperCase()}${manifest.vendor.slice(1)})`;
}

function languageOf(needs: Needs, values: Fields): LetterRow['language'] {
  const spoken = String(values.language ?? '').slice(0, 2);
  const known = ['fi', 'sv', 'en'] as const;
  return known.find((l) => l === spoken) ?? known.find((l) => l === needs.config.controller.languages[0]) ?? 'en';
}

/** Name and postal address, a line each; the reply address where there is no other. */
function addresseeOf({ givenName, familyName, address, email }: Fields): string[] {
  const line = (...parts: unknown[]) => parts.filter((part) => typeof part === 'string' && part !== '').join(' ');
  const { street, postcode, city, country } = typeof address === 'object' ? (address as Record<string, unknown>) : {};
  const lines = [line(givenName, familyName), line(street), line(postcode, city), line(country)].filter((text) => text !== '');
  return lines.length < 2 && typeof email === 'string' ? [...lines, email] : lines;
}
