import { normalise } from '../core/identifier.ts';
import { type Scope, sees } from '../core/scope.ts';
import type { Needs } from '../jobs/needs.ts';
import { casesOf } from '../store/cases.ts';
import { dutiesOf } from '../store/duties.ts';
import { disclosuresOf, linksOf, remoteHash } from '../store/records.ts';
import { registerHash, registerRecords, type SubjectRow, subjectById, subjectsByIdentifier } from '../store/subjects.ts';
import { subjectsByRemote } from '../store/views.ts';
import { badRequest, notFound } from './problem.ts';
import { dutyView } from './shapes.ts';

/** Finding people and what is known of one, for the API and the console alike. */

export interface Sought {
  email?: string | undefined;
  phone?: string | undefined;
  customerNumber?: string | undefined;
  system?: string | undefined;
  remoteId?: string | undefined;
}

export interface Found {
  id: string;
  role: string;
  register: string;
  state: string;
}

const kindNames = { email: 'e-mail address', phone: 'phone number', customerNumber: 'customer number' } as const;

/** Finds people through the keyed hashes: what is asked is never stored and never logged. */
export async function findPeople(needs: Needs, sought: Sought, scope: Scope): Promise<Found[]> {
  const { db, vault } = needs;
  const kinds = (['email', 'phone', 'customerNumber'] as const).filter((kind) => sought[kind] !== undefined);
  const found = new Map<string, Found>();
  const note = (s: SubjectRow) => found.set(s.id, { id: s.id, role: s.role, register: s.register, state: s.state });
  for (const kind of kinds) {
    const normal = normalise(kind, sought[kind] ?? '');
    if (normal === null) throw badRequest(`${kind}: this is no ${kindNames[kind]}`, { code: `no-${kind}` });
    for (const s of await subjectsByIdentifier(db, kind, vault.hash(kind, normal))) note(s);
  }
  if (sought.system !== undefined || sought.remoteId !== undefined) {
    for (const { id } of await subjectsByRemote(db, remoteHashes(needs, sought))) {
      const s = await subjectById(db, id);
      if (s) note(s);
    }
  } else if (kinds.length === 0)
    throw badRequest('ask by email, phone, customerNumber, or system and remoteId', { code: 'nothing' });
  return [...found.values()].filter((s) => sees(scope, s));
}

function remoteHashes(needs: Needs, { system, remoteId }: Sought): Buffer[] {
  if (!system || !remoteId) throw badRequest('system and remoteId go together', { code: 'half' });
  const connector = Object.hasOwn(needs.connectors, system) ? needs.connectors[system] : undefined;
  if (!connector) throw badRequest(`system: there is no system "${system}"`, { code: 'no-system' });
  const places = [...(connector.recipient?.places ?? []), ...(connector.register?.objects ?? [])];
  return places.flatMap((place) => [
    remoteHash(needs.vault, system, place, remoteId),
    registerHash(needs.vault, system, place, remoteId),
  ]);
}

/** The subject of a page or a route; throws a 404 problem when there is none. */
export async function subjectNamed(needs: Needs, id: string): Promise<SubjectRow> {
  const subject = await subjectById(needs.db, id);
  if (!subject) throw notFound('data subject');
  return subject;
}

/** Everything that is known of a person but their values. */
export async function personView(needs: Needs, subject: SubjectRow) {
  const { db } = needs;
  return {
    id: subject.id,
    role: subject.role,
    register: subject.register,
    state: subject.state,
    registerRecords: (await registerRecords(db, subject.id)).map(({ register, place, state }) => ({ register, place, state })),
    version: subject.version,
    duties: (await dutiesOf(db, subject.id)).map((duty) => dutyView(needs, duty)),
    links: (await linksOf(db, subject.id)).map((l) => ({
      id: l.id,
      system: l.recipient,
      place: l.place,
      rule: l.linked_how,
      state: l.state,
      evidence: l.evidence,
      since: l.linked_at.toISOString(),
      ...(l.retained ? { retained: l.retained } : {}),
    })),
    disclosures: (await disclosuresOf(db, subject.id)).map((d) => ({
      system: d.recipient,
      purpose: d.purpose,
      fields: d.fields,
      first: d.first_at.toISOString(),
      last: d.last_at.toISOString(),
    })),
    cases: (await casesOf(db, subject.id)).map((c) => c.id),
  };
}
