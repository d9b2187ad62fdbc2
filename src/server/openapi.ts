import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { access } from './auth.ts';
import { answers, Problem } from './openapi-answers.ts';

/** What is said of a route in the API's description: one line, its chapter, and what it answers. */
interface Described {
  summary: string;
  tag:
    | 'subjects'
    | 'cases'
    | 'systems'
    | 'runs'
    | 'held'
    | 'tasks'
    | 'drift'
    | 'retention'
    | 'alerts'
    | 'audit'
    | 'accounts'
    | 'hub';
  /** Plain text where it is not JSON. */
  answer: keyof typeof answers | 'text';
  status?: number;
}

/** Every route of the access table, by the same key; a test compares the two. */
export const described: Readonly<Record<string, Described>> = {
  'GET /subjects': {
    summary: 'Find people by an identifier; nothing of the question is stored',
    tag: 'subjects',
    answer: 'subjects',
  },
  'GET /subjects/:id': {
    summary: 'One person: who holds them, by which link, what each owes',
    tag: 'subjects',
    answer: 'subject',
  },
  'POST /subjects/:id/resync': {
    summary: 'Make sure of one person, at one system or at all: read, and put right what differs',
    tag: 'subjects',
    answer: 'resynced',
  },
  'POST /subjects/:id/read': {
    summary: 'What every system holds of a person just now, in the clear; says why, and is audited',
    tag: 'subjects',
    answer: 'reading',
  },
  'POST /subjects/:id/merge': { summary: 'Two people of one role are one', tag: 'subjects', answer: 'object' },
  'POST /subjects/:id/same-person': {
    summary: 'Two people of different roles are one human being; nothing of either moves',
    tag: 'subjects',
    answer: 'object',
  },
  'POST /subjects/:id/same-person/withdraw': { summary: 'They are not', tag: 'subjects', answer: 'object' },
  'POST /subjects/:id/split': { summary: 'A row of the register is another person’s', tag: 'subjects', answer: 'object' },
  'POST /links/:id/unlink': { summary: 'A row is not this person’s', tag: 'subjects', answer: 'object' },
  'POST /links/:id/relink': { summary: 'A row is another person’s', tag: 'subjects', answer: 'object' },
  'GET /cases': { summary: 'Cases, the newest first', tag: 'cases', answer: 'cases' },
  'POST /cases': {
    summary: 'Open a case; answers 200 with the open one where there is one',
    tag: 'cases',
    answer: 'case',
    status: 201,
  },
  'POST /cases/:id/also': {
    summary: 'The same request for another role of the same person; answers 200 with the open one where there is one',
    tag: 'cases',
    answer: 'case',
    status: 201,
  },
  'GET /cases/:id': { summary: 'One case with what each system owes, held against its plan', tag: 'cases', answer: 'case' },
  'POST /cases/:id/approve': { summary: 'Approve a planned case', tag: 'cases', answer: 'case' },
  'POST /cases/:id/refuse': { summary: 'Refuse a planned case, with the reason', tag: 'cases', answer: 'case' },
  'POST /cases/:id/extend': {
    summary: 'The person was told, with reasons, that it takes two months more (Art. 12(3))',
    tag: 'cases',
    answer: 'case',
  },
  'POST /cases/:id/pause': { summary: 'The person was asked something: the clock stands still', tag: 'cases', answer: 'case' },
  'POST /cases/:id/resume': { summary: 'The person answered: the clock goes on', tag: 'cases', answer: 'case' },
  'POST /cases/:id/letters': {
    summary: 'Make a letter to the person from what the ledger says just now',
    tag: 'cases',
    answer: 'letter',
    status: 201,
  },
  'GET /cases/:id/letters': { summary: 'The letters of a case, without what they say', tag: 'cases', answer: 'letters' },
  'GET /cases/:id/letters/:letter': {
    summary: 'What a letter says and the row that each sentence rests on; `?as=html` or `pdf` for the letter itself',
    tag: 'cases',
    answer: 'letterRead',
  },
  'POST /cases/:id/letters/:letter/sent': {
    summary: 'The letter went on its way: how, and on which day',
    tag: 'cases',
    answer: 'letter',
  },
  'POST /cases/:id/announce-lift': {
    summary: 'The person was told that the restriction will be lifted (Art. 18(3))',
    tag: 'cases',
    answer: 'case',
  },
  'POST /cases/:id/lift': { summary: 'Lift the restriction, some days after the person was told', tag: 'cases', answer: 'case' },
  'GET /cases/:id/own': {
    summary: 'What Kaiku itself keeps of the person of a case, place by place, and until when',
    tag: 'cases',
    answer: 'own',
  },
  'GET /cases/:id/evidence': {
    summary: 'The evidence pack of a case: JSON with proofs, PDF for people, or the program that checks it on bare Node',
    tag: 'cases',
    answer: 'evidence',
  },
  'POST /cases/:id/withdraw': {
    summary: 'Take an approved erasure back, as long as the register still holds the person',
    tag: 'cases',
    answer: 'case',
  },
  'POST /cases/:id/except': {
    summary: 'A recipient is not told (Art. 19): impossible, or a disproportionate effort; with the reason',
    tag: 'cases',
    answer: 'case',
  },
  'POST /cases/:id/identity': {
    summary: 'How it is known that the request is the person’s own (Art. 12(6))',
    tag: 'cases',
    answer: 'case',
  },
  'POST /cases/:id/prepare': {
    summary: 'Read every system and seal the answer; its link opens once',
    tag: 'cases',
    answer: 'handover',
    status: 201,
  },
  'GET /intakes': {
    summary: 'Requests of the public form, those that wait for a person first; nothing of what was written',
    tag: 'cases',
    answer: 'intakes',
  },
  'GET /intakes/:id': { summary: 'One request of the public form', tag: 'cases', answer: 'intake' },
  'POST /intakes/:id/read': {
    summary: 'What the sender wrote, in the clear, and who it may be; audited',
    tag: 'cases',
    answer: 'intakeRead',
  },
  'POST /intakes/:id/take': {
    summary: 'Say whose request it is: its case opens, received when the form was sent',
    tag: 'cases',
    answer: 'case',
    status: 201,
  },
  'POST /intakes/:id/dismiss': {
    summary: 'Say why no case comes of it; whoever is not known here is told so by mail',
    tag: 'cases',
    answer: 'intake',
  },
  'GET /erasures': { summary: 'The matrix of erasures: case by system', tag: 'cases', answer: 'erasures' },
  'GET /systems': { summary: 'Every system: role, state, duties, rights as last checked', tag: 'systems', answer: 'systems' },
  'POST /systems/:system/check': { summary: 'Ask a system for every right that Kaiku needs', tag: 'systems', answer: 'check' },
  'POST /systems/:system/link': { summary: 'First contact: a preview, or the links', tag: 'systems', answer: 'link' },
  'POST /systems/:system/exports': {
    summary: 'Hand over an export that people downloaded, as text/csv or { content: base64 }',
    tag: 'systems',
    answer: 'exportTaken',
  },
  'POST /systems/:system/resync': {
    summary: 'Start a full resync, a preview of one, or the run of a preview',
    tag: 'runs',
    answer: 'run',
  },
  'GET /systems/:system/runs': { summary: 'The runs of a system, the newest first', tag: 'runs', answer: 'runs' },
  'GET /systems/:system/drift': {
    summary: 'What a system holds against what it should: the latest comparison, and the trend',
    tag: 'drift',
    answer: 'drift',
  },
  'POST /systems/:system/drift': {
    summary: 'Start a comparison; nothing is written at the system',
    tag: 'drift',
    answer: 'driftReport',
  },
  'GET /drift/:run': { summary: 'What a comparison found, page by page', tag: 'drift', answer: 'findings' },
  'POST /drift/:run/repair': {
    summary: 'Put right what a comparison found: some kinds, single findings, or all',
    tag: 'drift',
    answer: 'repaired',
  },
  'GET /runs/:id': { summary: 'How far a run has come', tag: 'runs', answer: 'run' },
  'GET /runs/:id/failures': {
    summary: 'What failed in a run, and what would be sent if it is tried again',
    tag: 'runs',
    answer: 'failures',
  },
  'POST /runs/:id/:verb': {
    summary: 'pause, resume, stop, retry (the failed ones only) or throttle',
    tag: 'runs',
    answer: 'run',
  },
  'GET /held': { summary: 'What waits for a verdict', tag: 'held', answer: 'held' },
  'POST /held/:id/:verdict': { summary: 'Give a verdict', tag: 'held', answer: 'verdict' },
  'POST /duties/:id/redrive': { summary: 'Put a dead duty to work again', tag: 'held', answer: 'object' },
  'GET /parked': {
    summary: 'Erasures that wait for their day: what is kept, by which law, until when; counted by year',
    tag: 'retention',
    answer: 'parked',
  },
  'GET /processing-record': {
    summary: 'The record of processing (Art. 30) from the configuration in force, and what it does not say',
    tag: 'retention',
    answer: 'processing',
  },
  'GET /notice': {
    summary: 'Where the published privacy notice and the configuration disagree, or what the notice lacks',
    tag: 'retention',
    answer: 'notice',
  },
  'GET /notice/draft': {
    summary: 'A draft of the privacy notice (Art. 13 and 14) from the configuration in force',
    tag: 'retention',
    answer: 'noticeDraft',
  },
  'GET /retention': {
    summary: 'How long is kept: findings of the declared periods, and what the sweep could not say',
    tag: 'retention',
    answer: 'retention',
  },
  'GET /holds': { summary: 'Legal holds that are open, the first to be reviewed first', tag: 'retention', answer: 'legalHolds' },
  'POST /holds': {
    summary: 'Place a legal hold: nothing it keeps is erased',
    tag: 'retention',
    answer: 'legalHold',
    status: 201,
  },
  'POST /holds/:id/release': { summary: 'Lift a legal hold', tag: 'retention', answer: 'legalHold' },
  'POST /holds/:id/review': {
    summary: 'The hold is still needed: the day of the next review',
    tag: 'retention',
    answer: 'legalHold',
  },
  'GET /tasks': { summary: 'What people were asked and have not answered', tag: 'tasks', answer: 'tasks' },
  'POST /tasks/bounce': {
    summary: 'A report of a mail server that a mail about a task came back: its mailbox counts as refused',
    tag: 'tasks',
    answer: 'bounce',
  },
  'GET /tasks/:id': { summary: 'One task; with reveal=true the identifiers, which is audited', tag: 'tasks', answer: 'task' },
  'POST /tasks/:id/answer': { summary: 'Answer a task', tag: 'tasks', answer: 'task' },
  'GET /audit/checkpoint': { summary: 'The latest checkpoint, a C2SP signed note', tag: 'audit', answer: 'text' },
  'GET /audit/entries': { summary: 'Entries in leaf order', tag: 'audit', answer: 'entries' },
  'GET /audit/consistency': {
    summary: 'Proof that a log of an earlier size is the beginning of the log (RFC 6962)',
    tag: 'audit',
    answer: 'consistency',
  },
  'GET /audit/proof': { summary: 'The proof that an entry is in the tree', tag: 'audit', answer: 'proof' },
  'GET /audit/export': {
    summary: 'The log, or one case of it, as it verifies without the hub',
    tag: 'audit',
    answer: 'exported',
  },
  'GET /audit/places': {
    summary: 'The places outside that checkpoints are delivered to, and since when one is not reached',
    tag: 'audit',
    answer: 'places',
  },
  'POST /audit/verify': { summary: 'Check the whole log against its checkpoints', tag: 'audit', answer: 'verification' },
  'GET /alerts': {
    summary: 'What is wrong just now, what was lately, and whether people were told',
    tag: 'alerts',
    answer: 'alerts',
  },
  'POST /alerts/test': { summary: 'Send a test message on each configured way', tag: 'alerts', answer: 'tried' },
  'GET /accounts': { summary: 'Who may sign in, and as what', tag: 'accounts', answer: 'accounts' },
  'POST /accounts': {
    summary: 'Make an account; the link that opens it is shown once',
    tag: 'accounts',
    answer: 'accountMade',
    status: 201,
  },
  'POST /accounts/first-link': {
    summary: 'A link for the first account, while there is none',
    tag: 'accounts',
    answer: 'firstLink',
  },
  'POST /accounts/:id/roles': {
    summary: 'Give an account other roles; its sessions end',
    tag: 'accounts',
    answer: 'account',
  },
  'POST /accounts/:id/:verb': {
    summary: 'disable, enable, unlock, link (a new one-time link) or end-sessions',
    tag: 'accounts',
    answer: 'accountSteered',
  },
  'POST /tokens': { summary: 'Make a token; it is shown once', tag: 'hub', answer: 'token', status: 201 },
  'GET /doctor': { summary: 'What this instance stands on', tag: 'hub', answer: 'object' },
  'POST /test/clock': { summary: 'Move the hub’s clock; tests only', tag: 'hub', answer: 'clock' },
};

type Transform = typeof jsonSchemaTransform;

/** Adds to a route's own schema what the tables say of it; routes themselves stay about what they do. */
export const documented: Transform = (given) => {
  const { url, schema, route } = given as Parameters<Transform>[0] & { route?: { method?: string | string[] } };
  const method = [route?.method ?? ''].flat()[0] ?? '';
  const key = `${method} ${url.replace(/^\/api\/v1/, '')}`;
  const about = described[key];
  if (!about) return jsonSchemaTransform(given);
  const answer = about.answer === 'text' ? z.string() : answers[about.answer];
  const more = {
    summary: about.summary,
    tags: [about.tag],
    'x-roles': access[key] ?? [],
    response: {
      ...(schema?.response as Record<string, unknown> | undefined),
      [about.status ?? 200]: answer.describe(about.summary),
      default: Problem.describe('RFC 9457 problem JSON'),
    },
  };
  return jsonSchemaTransform({ ...given, schema: { ...schema, ...more } as never });
};
