import { z } from 'zod';
import { alertKinds } from '../core/alert.ts';
import { againstPlanWords, caseStates } from '../core/case.ts';
import { driftKinds } from '../core/drift.ts';
import { evidences, outcomes, states } from '../core/duty.ts';
import { intakeStates } from '../core/intake.ts';
import { letterKinds } from '../core/letter.ts';
import { ownStores } from '../core/own-store.ts';
import { roles } from '../core/scope.ts';

/**
 * What the API answers, for its description. The shapes are open: a key may be added, none is dropped. They are checked by the tests,
 * not on each answer.
 */
const time = z.iso.datetime();
const id = z.uuid();
const counts = z.record(z.string(), z.number().int());
const fieldWords = z.record(z.string(), z.string());

const Retained = z.looseObject({
  fields: z.array(z.string()),
  until: z.string(),
  law: z.string(),
  parts: z
    .array(z.looseObject({ fields: z.array(z.string()), until: z.string(), law: z.string(), rule: z.string().optional() }))
    .optional(),
});

export const Duty = z.looseObject({
  system: z.string(),
  state: z.enum(states),
  outcome: z.enum(outcomes).nullable(),
  evidence: z.enum(evidences),
  version: z.number().int(),
  since: time,
  notBefore: time.optional(),
  retained: Retained.optional(),
  rechecks: z.looseObject({ last: time.optional(), next: time.optional() }).optional(),
  backupsUntil: z.string().nullable().optional(),
  cap: z.enum(evidences).optional(),
  asked: z.looseObject({ whom: z.string(), due: time }).optional(),
  reason: z.string().optional(),
  next: z.string().optional(),
  owner: z.string().nullable(),
});

const PlannedStep = z.looseObject({
  system: z.string(),
  step: z.string(),
  fields: z.array(z.string()).optional(),
  retained: Retained.optional(),
});
const Deadline = z.looseObject({ date: z.string(), working: z.array(z.unknown()) }).nullable();

export const Case = z.looseObject({
  id,
  type: z.enum(['access', 'rectification', 'erasure', 'restriction', 'objection', 'portability']),
  state: z.enum(caseStates),
  subject: id,
  receivedAt: time,
  deadline: Deadline,
  plan: z.array(PlannedStep),
  /** Of one case, once it is decided: each planned step beside what became of it. */
  against: z.array(z.looseObject({ system: z.string(), step: z.string(), against: z.enum(againstPlanWords) })).optional(),
  decision: z.looseObject({}).optional(),
  closedAt: time.optional(),
});

const Letter = z.looseObject({
  id,
  case: id,
  kind: z.enum(letterKinds),
  language: z.enum(['fi', 'sv', 'en']),
  madeAt: time,
  madeBy: z.string(),
  sha256: z.string(),
  sent: z.looseObject({ how: z.enum(['post', 'mail']), on: z.string(), by: z.string() }).optional(),
});

const SubjectFound = z.looseObject({ id, role: z.string(), register: z.string(), state: z.string() });
const Disclosure = z.looseObject({
  system: z.string(),
  purpose: z.string(),
  fields: z.array(z.string()),
  first: time,
  last: time,
});

const Right = z.looseObject({ right: z.string(), ok: z.boolean().nullable(), problem: z.string().optional() });

const System = z.looseObject({
  system: z.string(),
  connector: z.string(),
  roles: z.array(z.enum(['register', 'recipient'])),
  owner: z.string().nullable(),
  linked: z.boolean(),
  paused: z.string().optional(),
  breakerUntil: time.optional(),
  lastAnswer: time.optional(),
  lastPoll: time.optional(),
  lastSweep: time.optional(),
  oldestOwedSeconds: z.number().int().optional(),
  answers: z.object({ count: z.number().int(), medianDays: z.number() }).optional(),
  check: z.looseObject({ at: time, ok: z.boolean(), rights: z.array(Right), problem: z.string().optional() }).optional(),
  duties: counts,
  manifest: z.looseObject({
    erasure: z.looseObject({ depth: z.string(), cap: z.enum(evidences), why: z.string() }),
    limits: z.looseObject({ connections: z.number().int(), perSecond: z.number().optional() }),
    deadlineSeconds: z.number(),
    backupLagDays: z.number().nullable(),
  }),
  about: z.looseObject({
    says: z.array(z.string()),
    erasure: z.looseObject({ cap: z.enum(evidences), why: z.string() }),
    people: z
      .looseObject({ owner: z.string(), answerer: z.string(), language: z.string(), dueDays: z.number().int() })
      .optional(),
  }),
});

const Run = z.looseObject({
  run: id,
  kind: z.enum(['resync', 'link']),
  system: z.string(),
  dryRun: z.boolean(),
  state: z.enum(['previewed', 'running', 'paused', 'stopped', 'finished', 'failed']),
  phase: z.enum(['reading', 'comparing', 'working']),
  counts,
  calls: z.number().int(),
  rowsRead: z.number().int(),
  progress: z.looseObject({
    total: z.number().int(),
    done: z.number().int(),
    failed: z.number().int(),
    perSecond: z.number(),
    secondsLeft: z.number().int().optional(),
  }),
  throttle: z.number().optional(),
  expected: z.looseObject({ calls: z.number().int(), seconds: z.number().int() }).optional(),
  rowsToSay: z.number().int().optional(),
  samples: z
    .looseObject({
      changed: z.array(z.looseObject({ fields: z.array(z.string()), row: fieldWords })),
      orphans: z.array(fieldWords),
    })
    .optional(),
  problem: z.string().optional(),
  startedAt: time,
  finishedAt: time.optional(),
});

const Task = z.looseObject({
  id,
  system: z.string(),
  subject: id,
  case: id.optional(),
  ask: z.enum(['update', 'restrict', 'erase']),
  due: time,
  outcome: z.string().optional(),
  ownInstructions: z.string().optional(),
  takeOut: z.array(z.string()).optional(),
});

const Held = z.looseObject({
  id,
  kind: z.string(),
  system: z.string(),
  subject: id.optional(),
  reason: z.string(),
  since: time,
  verdicts: z.array(z.string()),
});

const Verification = z.looseObject({
  size: z.number().int(),
  root: z.string(),
  verified: z.boolean(),
  checkpoints: z.number().int(),
  firstBad: z.number().int().optional(),
  trimmed: z.number().int().optional(),
  fit: z.enum(['fits', 'longer', 'another']).optional(),
});

const DriftReport = z.looseObject({
  run: id,
  system: z.string(),
  state: z.enum(['previewed', 'running', 'paused', 'stopped', 'finished', 'failed']),
  complete: z.boolean(),
  counts: z.record(z.enum(driftKinds), z.number().int()),
  fields: z.record(z.string(), counts),
  rows: z.number().int(),
  people: z.number().int(),
  calls: z.number().int(),
  startedAt: time,
  finishedAt: time.optional(),
  problem: z.string().optional(),
  actor: z.string(),
});
const Finding = z.looseObject({
  id,
  kind: z.enum(driftKinds),
  place: z.string(),
  subject: id.optional(),
  row: z.string().optional(),
  fields: z.array(z.string()),
  reason: z.string().optional(),
  repairedAt: time.optional(),
  repairedBy: z.string().nullish(),
});

const Alert = z.looseObject({
  id,
  kind: z.enum(alertKinds),
  about: z.string(),
  system: z.string().optional(),
  since: time,
  toldAt: time.optional(),
  resolvedAt: time.optional(),
  text: z.string(),
});

const Account = z.looseObject({
  id,
  roles: z.array(z.enum(roles)),
  systems: z.array(z.string()),
  staff: z.array(id),
  state: z.enum(['disabled', 'locked', 'active', 'invited']),
  signIn: z.enum(['provider', 'password']),
  secondFactor: z.boolean(),
  since: time,
});

const Parked = z.looseObject({
  duty: id,
  subject: id,
  system: z.string(),
  place: z.string().optional(),
  retained: Retained,
  on: time.optional(),
  moved: z.looseObject({ from: z.string(), to: z.string(), pack: z.string(), at: time }).optional(),
});
const LegalHold = z.looseObject({
  id,
  subject: id,
  system: z.string().optional(),
  fields: z.array(z.string()).optional(),
  owner: z.string(),
  reason: z.string(),
  review: z.string(),
  placedAt: time,
  placedBy: z.string(),
  releasedAt: time.optional(),
});

/** RFC 9457. */
export const Problem = z.looseObject({ type: z.string(), title: z.string(), status: z.number().int(), detail: z.string() });

const Intake = z.looseObject({
  id,
  type: z.string(),
  language: z.enum(['fi', 'sv', 'en']),
  role: z.string().optional(),
  state: z.enum(intakeStates),
  reason: z.string().optional(),
  receivedAt: time,
  confirmedAt: time.optional(),
  due: z.iso.date().describe('The last lawful day of the answer (Art. 12(3) GDPR)'),
  case: id.optional(),
  endedAt: time.optional(),
  endedBy: z.string().optional(),
});

export const answers = {
  parked: z.looseObject({
    years: z.array(z.looseObject({ year: z.number().int(), n: z.number().int() })),
    parked: z.array(Parked),
  }),
  retention: z.looseObject({
    pack: z.looseObject({ id: z.string(), version: z.string(), date: z.string() }),
    sweeps: z.boolean(),
    findings: z.array(z.looseObject({ code: z.string(), purpose: z.string(), params: z.looseObject({}) })),
    questions: z.array(
      z.looseObject({ code: z.string(), purpose: z.string(), role: z.string(), people: z.number().int(), since: time }),
    ),
  }),
  legalHold: LegalHold,
  legalHolds: z.array(LegalHold),
  subjects: z.array(SubjectFound),
  subject: z.looseObject({
    id,
    role: z.string(),
    register: z.string(),
    registerRecords: z.array(z.looseObject({})),
    version: z.number().int(),
    duties: z.array(Duty),
    disclosures: z.array(Disclosure),
    cases: z.array(z.unknown()),
    samePerson: z.array(SubjectFound),
  }),
  case: Case,
  cases: z.array(Case),
  handover: z.looseObject({
    link: z.string(),
    missing: z.array(z.looseObject({ system: z.string(), code: z.string() })),
    expiresAt: time,
  }),
  letter: Letter,
  letters: z.looseObject({ owed: z.boolean(), letters: z.array(Letter) }),
  letterRead: Letter.extend({
    result: z.enum(['done', 'partly', 'refused']).optional(),
    to: z.array(z.string()),
    title: z.string(),
    paragraphs: z.array(
      z.array(z.looseObject({ text: z.string(), code: z.string(), source: z.looseObject({ row: z.string() }) })),
    ),
  }),
  erasures: z.array(z.looseObject({ case: id, subject: id, deadline: Deadline, duties: z.array(Duty) })),
  systems: z.array(System),
  check: z.looseObject({ system: z.string(), ok: z.boolean(), rights: z.array(Right), problem: z.string().optional() }),
  exportTaken: z.looseObject({ system: z.string(), rows: z.number().int(), sha256: z.string(), woken: z.number().int() }),
  link: z.looseObject({
    system: z.string(),
    read: z.number().int(),
    linked: z.number().int(),
    ambiguous: z.number().int(),
    shared: z.number().int(),
    orphans: z.number().int(),
    alreadyLinked: z.number().int(),
  }),
  run: Run,
  runs: z.array(Run),
  failures: z.array(
    z.looseObject({
      duty: id,
      wanted: z.string(),
      state: z.enum(states),
      reason: z.string().nullable(),
      step: z.string(),
      fields: fieldWords,
      blanked: z.array(z.string()),
    }),
  ),
  intakes: z.array(Intake),
  intake: Intake,
  intakeRead: Intake.extend({
    name: z.string(),
    email: z.string(),
    phone: z.string().optional(),
    message: z.string().optional(),
    asked: z.record(z.string(), z.unknown()).optional(),
    candidates: z.array(z.looseObject({ id, role: z.string(), register: z.string(), state: z.string() })),
  }),
  processing: z.looseObject({
    madeAt: time,
    controller: z.looseObject({ name: z.string() }),
    activities: z.array(
      z.looseObject({ purpose: z.string(), basis: z.string(), people: z.array(z.string()), fields: z.array(z.string()) }),
    ),
    security: z.array(z.string()),
    gaps: z.array(z.looseObject({ code: z.string() })),
  }),
  notice: z.object({
    name: z.string().nullable(),
    findings: z.array(z.looseObject({ code: z.string(), law: z.string(), text: z.string() })),
  }),
  evidence: z.looseObject({
    format: z.string(),
    madeAt: time,
    entries: z.array(z.object({ index: z.number(), line: z.string(), proof: z.array(z.string()) })),
    checkpoint: z.string(),
    vkey: z.string(),
  }),
  own: z.object({
    case: id,
    state: z.enum(['values', 'fading', 'guarded', 'nothing']),
    until: time.optional(),
    stores: z.array(
      z.object({
        store: z.enum(ownStores),
        form: z.enum(['sealed', 'keyed-hash', 'pseudonym', 'ids', 'copy']),
        count: z.number().int(),
        until: time.optional(),
      }),
    ),
  }),
  consistency: z.object({ from: z.number(), to: z.number(), proof: z.array(z.string()) }),
  noticeDraft: z.object({
    language: z.string(),
    title: z.string(),
    sections: z.array(z.object({ heading: z.string(), paragraphs: z.array(z.string()) })),
    open: z.array(z.string()),
    text: z.string(),
  }),
  held: z.array(Held),
  verdict: Held.extend({ verdict: z.string() }),
  tasks: z.array(Task),
  task: Task,
  bounce: z.object({ task: id, was: z.enum(['bounced', 'delayed', 'stale']) }),
  entries: z.array(
    z.looseObject({
      index: z.number().int(),
      hash: z.string(),
      entry: z.record(z.string(), z.unknown()),
      line: z.string(),
      trimmed: z.literal(true).optional(),
    }),
  ),
  proof: z.looseObject({ entry: z.number().int(), size: z.number().int(), proof: z.array(z.string()) }),
  exported: z.looseObject({ checkpoint: z.string(), vkey: z.string(), lines: z.array(z.string()) }),
  verification: Verification,
  places: z.array(
    z.looseObject({
      place: z.enum(['folder', 'mail', 'webhook']),
      size: z.number().int().optional(),
      at: time.optional(),
      failedSince: time.optional(),
      code: z.string().optional(),
    }),
  ),
  token: z.looseObject({ id, role: z.string(), token: z.string() }),
  clock: z.looseObject({ now: time }),
  resynced: z.looseObject({ subject: id, systems: z.array(z.string()) }),
  reading: z.looseObject({
    subject: id,
    rows: z.array(
      z.looseObject({
        system: z.string(),
        place: z.string(),
        isRegister: z.boolean(),
        fields: z.record(z.string(), z.unknown()).nullable(),
        differs: z.array(z.string()),
        problem: z.string().optional(),
      }),
    ),
  }),
  drift: z.looseObject({
    system: z.string(),
    everyHours: z.number(),
    repair: z.enum(['none', 'policy']),
    latest: DriftReport.nullable(),
    trend: z.array(DriftReport),
  }),
  driftReport: DriftReport,
  findings: DriftReport.extend({
    total: z.number().int(),
    from: z.number().int(),
    byKind: z.array(z.looseObject({ kind: z.enum(driftKinds), n: z.number().int() })),
    findings: z.array(Finding),
  }),
  repaired: z.looseObject({ run: id, owed: z.number().int(), left: z.number().int() }),
  alerts: z.looseObject({
    open: z.array(Alert),
    recent: z.array(Alert),
    channels: z.looseObject({
      mail: z.boolean(),
      webhook: z.boolean(),
      lastMail: time.optional(),
      lastWebhook: time.optional(),
    }),
    undelivered: z.array(
      z.looseObject({ id, channel: z.enum(['mail', 'webhook']), target: z.string(), attempts: z.number().int() }),
    ),
  }),
  tried: z.looseObject({
    mail: z.looseObject({ ok: z.boolean(), to: z.number().int(), problem: z.string().optional() }).optional(),
    webhook: z.looseObject({ ok: z.boolean(), problem: z.string().optional() }).optional(),
  }),
  account: Account,
  accounts: z.array(Account),
  accountMade: Account.extend({ link: z.string() }),
  accountSteered: z.looseObject({ id, link: z.string().optional() }),
  firstLink: z.looseObject({ link: z.string() }),
  object: z.looseObject({}),
} as const;
