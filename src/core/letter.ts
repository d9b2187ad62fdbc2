import type { Day } from './day.ts';
import { type Evidence, evidences, type Outcome, type Retained, type State, weaker } from './duty.ts';
import { daysOfOwnPeriod } from './own-period.ts';

/**
 * Letters to the person, from what the ledger knows to sentences. A sentence is a code with its values and the row that it rests on:
 * nothing stands in a letter that no row says, and no word is stronger than the row's evidence. The words are the catalogues'.
 */
export const letterKinds = ['received', 'extended', 'answer', 'recipients', 'lift'] as const;
export type LetterKind = (typeof letterKinds)[number];

/** What one system owed about the person, as it stands when the letter is made. */
export interface LetterDuty {
  system: string;
  /** The name that the person is told. */
  label: string;
  state: State;
  outcome: Outcome | null;
  evidence: Evidence;
  retained?: Retained;
  /** Until when a person was asked to answer. */
  askedBy?: Day;
  /** How long its backups may still hold what it erased. Null: the vendor does not say. */
  backupLagDays: number | null;
  /** What there ends by itself, as the person is told it: nobody was asked to erase it. */
  endsByItself?: string;
}

export interface LetterDisclosure {
  system: string;
  label: string;
  purpose: string;
  /** What the person is told that the purpose is called. */
  purposeLabel: string;
  fields: readonly string[];
  first: Day;
  last: Day;
}

export interface LetterFacts {
  controller: { name: string; contact?: string };
  case: { id: string; type: string; received: Day; due: Day };
  extension?: { toldOn: Day; reasons: string };
  decision?: { decision: string; at: Day; reason?: string };
  duties: readonly LetterDuty[];
  disclosures: readonly LetterDisclosure[];
  /** Recipients that hold rows of the person though nothing was handed over through Kaiku: what was found there, and when. */
  holders?: readonly { system: string; label: string; fields: readonly string[]; since: Day }[];
  /** Of an erasure: what a law keeps at each system, as the plan that was decided on foresaw it. */
  keeps?: readonly { system: string; label: string; fields: readonly string[]; until: Day; law: string }[];
  lift?: { toldOn: Day; from: Day };
  /** Of access and portability: when the answer was handed over, and which systems could not be read for it. */
  handover?: { on: Day; missing: readonly string[] };
}

/** The row that a sentence rests on. */
export type Source =
  | { row: 'controller' | 'case' | 'extension' | 'decision' | 'lift' | 'handover' }
  | { row: 'duty' | 'retained' | 'record' | 'plan'; system: string }
  | { row: 'disclosure'; system: string; purpose: string };

export interface Sentence {
  code: string;
  params: Readonly<Record<string, string | number | readonly string[]>>;
  source: Source;
  /** A person's own words, shown as a quotation. */
  isQuoted?: boolean;
}

export interface Letter {
  kind: LetterKind;
  /** Of an answer: what it comes to. */
  result?: LetterResult;
  /** Paragraphs of sentences. */
  paragraphs: readonly (readonly Sentence[])[];
}

export type LetterResult = 'done' | 'partly' | 'refused';

/** Why a letter cannot be made: what it would say has not happened. */
export type LetterFault = 'not-extended' | 'not-decided' | 'not-announced' | 'not-handed-over';

/** The letter of this kind that the facts bear, or why they bear none. */
export function composeLetter(kind: LetterKind, facts: LetterFacts): Letter | LetterFault {
  switch (kind) {
    case 'received':
      return { kind, paragraphs: [receipt(facts), ending(facts)] };
    case 'extended':
      return extended(facts);
    case 'answer':
      return answer(facts);
    case 'recipients':
      return { kind, paragraphs: [[...named(facts)], ending(facts)] };
    case 'lift':
      return lift(facts);
  }
}

/** Art. 12(3): that it came, and until when it is answered. */
function receipt({ case: { type, received, due } }: LetterFacts): Sentence[] {
  return [
    { code: 'received', params: { type, received }, source: { row: 'case' } },
    { code: 'dueBy', params: { due }, source: { row: 'case' } },
    { code: 'freeOfCharge', params: {}, source: { row: 'case' } },
  ];
}

/** Art. 12(3): that it takes longer, told with reasons. */
function extended(facts: LetterFacts): Letter | LetterFault {
  const { extension, case: about } = facts;
  if (!extension) return 'not-extended';
  return {
    kind: 'extended',
    paragraphs: [
      [
        { code: 'extended', params: { type: about.type, received: about.received, due: about.due }, source: { row: 'case' } },
        { code: 'extendedWhy', params: {}, source: { row: 'extension' } },
      ],
      [{ code: 'quoted', params: { text: extension.reasons }, source: { row: 'extension' }, isQuoted: true }],
      complaint({ row: 'extension' }),
      ending(facts),
    ],
  };
}

/** Art. 12(3) and (4): what was done, what was not, and why. */
function answer(facts: LetterFacts): Letter | LetterFault {
  const { decision, case: about } = facts;
  if (!decision) return 'not-decided';
  const isWithdrawn = decision.decision === 'withdrawn';
  const isRefused = isWithdrawn || decision.decision === 'refused';
  const isAccess = about.type === 'access' || about.type === 'portability';
  if (isAccess && !isRefused && !facts.handover) return 'not-handed-over';
  const isWhole = isAccess ? facts.handover?.missing.length === 0 : facts.duties.every((d) => isDone(about.type, d));
  const result: LetterResult = isRefused ? 'refused' : isWhole ? 'done' : 'partly';
  const opening: Sentence[] = [
    {
      code: isWithdrawn ? 'withdrawn' : isRefused ? 'refused' : 'approved',
      params: { type: about.type, received: about.received, decided: decision.at },
      source: { row: 'decision' },
    },
  ];
  if (decision.reason)
    opening.push({ code: isRefused && !isWithdrawn ? 'refusedWhy' : 'decisionWhy', params: {}, source: { row: 'decision' } });
  const quotes: Sentence[] = decision.reason
    ? [{ code: 'quoted', params: { text: decision.reason }, source: { row: 'decision' }, isQuoted: true }]
    : [];
  const systems = isWithdrawn
    ? facts.duties.filter(isGoneThere).map((duty) => aboutDuty(about.type, duty))
    : isRefused
      ? [keptAnyway(facts)]
      : isAccess
        ? [handedOver(facts)]
        : facts.duties.map((duty) => aboutDuty(about.type, duty));
  return {
    kind: 'answer',
    result,
    paragraphs: [
      opening,
      quotes,
      ...systems,
      ...(result === 'done' ? [] : [complaint({ row: 'decision' })]),
      ending(facts),
    ].filter((paragraph) => paragraph.length > 0),
  };
}

/** What a system erased before an erasure was withdrawn is told: it does not come back. */
const isGoneThere = ({ outcome }: LetterDuty): boolean => outcome === 'erased' || outcome === 'stripped' || outcome === 'absent';

/** Art. 12(4): of what is not erased, what a law keeps, which, and until when. */
const keptAnyway = ({ keeps = [] }: LetterFacts): Sentence[] => {
  // what ends by itself does so whatever was decided, and no law keeps it
  const byLaw = keeps.filter(({ law }) => daysOfOwnPeriod(law) === null);
  return byLaw.map(({ system, label, fields, until, law }) => ({
    code: 'retained',
    params: { label, fields: [...fields], until, law },
    source: { row: 'plan', system },
  }));
};

/** Art. 15(3) and 20(1): that the answer was handed over, and what it lacks. */
function handedOver({ handover }: LetterFacts): Sentence[] {
  if (!handover) return [];
  const source = { row: 'handover' } as const;
  return [
    { code: 'handedOver', params: { on: handover.on }, source },
    ...(handover.missing.length > 0
      ? [{ code: 'handedOverWithout', params: { systems: handover.missing.join(', ') }, source }]
      : []),
  ];
}

/** Art. 15(1)(c) and 19: each recipient by its name, what it was given, and when. */
function named({ disclosures, holders = [], case: about }: LetterFacts): Sentence[] {
  if (disclosures.length + holders.length === 0) return [{ code: 'noRecipients', params: {}, source: { row: 'case' } }];
  return [
    { code: 'recipientsFollow', params: { received: about.received }, source: { row: 'case' } },
    ...disclosures.map(
      ({ system, label, purpose, purposeLabel, fields, first, last }): Sentence => ({
        code: 'recipient',
        params: { label, purpose: purposeLabel, fields: [...fields], first, last },
        source: { row: 'disclosure', system, purpose },
      }),
    ),
    ...holders.map(
      ({ system, label, fields, since }): Sentence => ({
        code: 'holder',
        params: { label, fields: [...fields], since },
        source: { row: 'record', system },
      }),
    ),
  ];
}

/** Art. 18(3): told before it is lifted. */
function lift(facts: LetterFacts): Letter | LetterFault {
  if (!facts.lift) return 'not-announced';
  return {
    kind: 'lift',
    paragraphs: [
      [
        { code: 'liftFrom', params: { received: facts.case.received, from: facts.lift.from }, source: { row: 'lift' } },
        { code: 'liftMeans', params: {}, source: { row: 'lift' } },
      ],
      complaint({ row: 'lift' }),
      ending(facts),
    ],
  };
}

/** Art. 12(4): the supervisory authority and the courts. */
const complaint = (source: Source): Sentence[] => [
  { code: 'complaint', params: {}, source },
  { code: 'authority', params: {}, source },
  { code: 'court', params: {}, source },
];

const ending = ({ controller, case: { id } }: LetterFacts): Sentence[] => [
  controller.contact
    ? { code: 'contact', params: { controller: controller.name, contact: controller.contact, id }, source: { row: 'controller' } }
    : { code: 'noContact', params: { controller: controller.name, id }, source: { row: 'controller' } },
];

/** The deeds that outcomes tell of. */
const deeds: Partial<Record<Outcome, string>> = {
  erased: 'erased',
  absent: 'absent',
  stripped: 'stripped',
  restricted: 'restricted',
  created: 'corrected',
  updated: 'corrected',
  unchanged: 'corrected',
};

/** What each right wants to have come of it. */
const wanted: Readonly<Record<string, readonly Outcome[]>> = {
  erasure: ['erased', 'absent'],
  rectification: ['updated', 'created', 'unchanged', 'absent'],
  restriction: ['restricted', 'absent'],
  objection: ['restricted', 'absent', 'erased'],
};

/** Done is what was asked for and is known at least from the system's own statement: an accepted call is not it. */
const isDone = (type: string, { state, outcome, evidence, retained }: LetterDuty): boolean =>
  state === 'settled' &&
  !retained &&
  outcome !== null &&
  (wanted[type]?.includes(outcome) ?? true) &&
  weaker(evidence, 'acknowledged') === 'acknowledged';

const grades: Readonly<Record<Evidence, string>> = {
  none: 'asked',
  asked: 'asked',
  accepted: 'accepted',
  acknowledged: 'acknowledged',
  observed: 'observed',
  're-observed': 'observed',
};
/** Every word of a system's part that the catalogues hold. */
export const gradesTold = [...new Set(evidences.map((evidence) => grades[evidence]))];
export const deedsTold = [...new Set(Object.values(deeds))];

/** What one system did, in no stronger a word than its evidence; then what it keeps. */
function aboutDuty(type: string, duty: LetterDuty): Sentence[] {
  const { system, label, retained, backupLagDays } = duty;
  const own = endingWords(duty);
  if (own) return own;
  const said: Sentence[] = [{ ...statement(type, duty), source: { row: 'duty', system } }];
  if (retained) {
    const { fields, until, law } = retained;
    said.push({ code: 'retained', params: { label, fields: [...fields], until, law }, source: { row: 'retained', system } });
  }
  if (backupLagDays !== null && (duty.outcome === 'erased' || duty.outcome === 'stripped'))
    said.push({ code: 'backups', params: { label, days: backupLagDays }, source: { row: 'duty', system } });
  return said;
}

/** Of data that end by themselves: until when they last by the company's own period, or that the period is over. Null: nothing of it. */
function endingWords({ system, label, state, outcome, retained, endsByItself }: LetterDuty): Sentence[] | null {
  const days = retained ? daysOfOwnPeriod(retained.law) : null;
  if (retained && days !== null && state === 'waiting') {
    const params = { label, what: endsByItself ?? label, until: retained.until, days };
    return [{ code: 'endsByItself', params, source: { row: 'retained', system } }];
  }
  if (!endsByItself || state !== 'settled' || outcome !== 'erased') return null;
  return [{ code: 'endedByItself', params: { label, what: endsByItself }, source: { row: 'duty', system } }];
}

function statement(type: string, { label, state, outcome, evidence, retained, askedBy }: LetterDuty): Omit<Sentence, 'source'> {
  if (state === 'asked' && askedBy) return { code: 'askedBy', params: { label, type, by: askedBy } };
  const isParked = state === 'waiting' && outcome === 'retained';
  if (outcome === null || (state !== 'settled' && !isParked)) return { code: 'pending', params: { label, type } };
  const deed = deeds[outcome];
  // that a system holds the values of the register says nothing of an erasure or a restriction
  if (deed && (deed !== 'corrected' || wanted[type]?.includes(outcome)))
    return { code: `${deed}.${grades[evidence]}`, params: { label } };
  if (outcome === 'retained') return { code: retained ? 'keeps' : 'keepsUntold', params: { label } };
  if (outcome === 'refused' || outcome === 'excepted' || outcome === 'not-identifiable')
    return { code: `not.${outcome}`, params: { label, type } };
  return { code: 'pending', params: { label, type } };
}
