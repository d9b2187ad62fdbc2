import type { Ends, Recipient, RemoteRef } from '../connectors/connector.ts';
import type { Purpose } from '../core/configuration.ts';
import { dayIn } from '../core/day.ts';
import type { Exception } from '../core/exception.ts';
import { endsAfter } from '../core/own-period.ts';
import type { PermissionState } from '../core/permission.ts';
import type { FieldName, Fields } from '../core/person.ts';
import type { PlanInput } from '../core/plan.ts';
import { allow, type Grant, givenNoMore, rectifiable } from '../core/policy.ts';
import { type CaseRow, erasureInForce, openCaseOf } from '../store/cases.ts';
import { type DutyRow, dutiesOf } from '../store/duties.ts';
import { exceptionsAt } from '../store/exceptions.ts';
import { openHolds } from '../store/held.ts';
import { disclosuresOf, type RecordRow, recordsOf, unsealRef } from '../store/records.ts';
import { purposesOver } from '../store/retention.ts';
import {
  fieldsOfVersion,
  formerFields,
  latestVersion,
  permissionsOf,
  type RegisterRecordRow,
  registerRecords,
  registerRef,
  type SubjectRow,
  subjectById,
  type VersionRow,
} from '../store/subjects.ts';
import { systemState } from '../store/systems.ts';
import { clockSettings } from './case-clock.ts';
import { isHeldAt } from './legal-holds.ts';
import { areAsked, machinesBefore, type Needs, now } from './needs.ts';
import { fieldsServed, isServed } from './served.ts';

/** Everything that decides a duty, read from the ledger at once. */
export interface View {
  duty: DutyRow;
  subject: SubjectRow;
  version: number;
  /** Null: dropped, to be read again from the register where a step needs them. */
  fields: Fields | null;
  fingerprints: Record<string, string>;
  erasure: CaseRow | null;
  /** Of which cases this recipient is not told. */
  exceptions: readonly Exception[];
  /** The system has rows of people of this role. */
  served: boolean;
  /** In the order of `input.records`. */
  rows: { ref: RemoteRef | null; record: RecordRow | null; register: RegisterRecordRow | null }[];
  input: PlanInput;
}

export async function look(needs: Needs, duty: DutyRow): Promise<View> {
  const { db, vault, config } = needs;
  const subject = await subjectById(db, duty.subject);
  const system = config.systems[duty.recipient];
  const connector = needs.connectors[duty.recipient];
  if (!subject || !system || !connector) throw new Error('a duty of an unknown subject or system');
  const isRegister = subject.register === duty.recipient;
  const version = await latestVersion(db, subject.id);
  const erasure = (await erasureInForce(db, subject.id)) ?? null;
  const permissions = await permissionsOf(db, subject.id);
  const served = isRegister || isServed(needs, duty.recipient, subject.role);
  // a row of another role's, tied by mistake, is not touched; one that is theirs is, whatever the purposes say by now
  const isTheirs = isRegister || (connector.recipient?.serves?.(subject.role) ?? true);
  const rows = isRegister
    ? (await registerRecords(db, subject.id)).map((register) => ({
        ref: registerRef<RemoteRef>(vault, register),
        record: null,
        register,
      }))
    : (isTheirs ? await recordsOf(db, subject.id, duty.recipient) : []).map((record) => ({
        ref: record.sealed_ref ? unsealRef<RemoteRef>(vault, duty.recipient, record.sealed_ref) : null,
        record,
        register: null,
      }));
  const fields = fieldsOfVersion(vault, subject, version);
  const over = new Set((await purposesOver(db, subject.id)).map(({ purpose }) => purpose));
  const purposes = (served ? (system.recipient?.purposes ?? []) : []).flatMap((name) => config.purposes[name] ?? []);
  const needed = over.size === 0 ? purposes : purposes.filter(({ name }) => !over.has(name));
  const at = await now(needs);
  const holds = await openHolds(db, subject.id);
  const withheld = new Set(holds.flatMap((h) => (h.kind === 'identity-code' ? (h.details['fields'] as string[]) : [])));
  const formerly = (await formerFields(db, subject.id)).filter((name) => !withheld.has(name));
  const disclosures = await disclosuresOf(db, subject.id);
  const exceptions = isRegister ? [] : await exceptionsAt(db, subject.id, duty.recipient);
  const input: PlanInput = {
    role: isRegister ? 'register' : 'recipient',
    human: connector.manifest.human,
    // whoever can have no row there waits for no first contact
    linked:
      connector.manifest.human ||
      connector.ends !== undefined ||
      isRegister ||
      !served ||
      (await systemState(db, duty.recipient))?.linked_at != null,
    places: served ? placesOf(connector.recipient, fields, rows.length > 0, rectifiable(needed, subject.role)) : [],
    subject: { state: subject.state, restricted: subject.restricted, role: subject.role },
    erasureCase: erasure ? await caseInput(needs, subject, erasure, system.recipient?.undoHours ?? 0) : null,
    holds: holds.map((h) => h.kind),
    fields: fields ?? {},
    fingerprints: version?.fingerprints ?? {},
    // what is withheld just now was not taken away
    formerly,
    purposes: needed,
    over: needed.length === 0 && purposes.length > 0,
    ...(connector.ends && !isRegister ? endingOf(needs, duty, subject, connector.ends, at) : {}),
    parked: areAsked(needs, duty.recipient, 'erase') ? duty.retained : null,
    ...(isRegister && connector.recipient?.showsLater
      ? { noMore: noMoreOf(purposes, needed, subject.role, version, formerly) }
      : {}),
    legalHold: await isHeldAt(needs, subject.id, duty.recipient, at),
    carries: carriesOf(connector.recipient),
    mastered: await masteredNow(needs, subject.id, duty.recipient),
    together: connector.recipient?.together ?? [],
    permissions: Object.fromEntries(permissions.map((p): [string, PermissionState] => [p.name, p.state])),
    records: rows.map(({ record, register, ref }) => ({
      place: record?.place ?? register?.place ?? ref?.place ?? '',
      state: record?.state ?? (register?.state === 'erased' ? ('erased' as const) : ('linked' as const)),
      fingerprints: record?.fingerprints ?? {},
      retained: record?.retained ?? null,
      unwanted: record?.unwanted ?? [],
    })),
    refusedWritten: permissions.every((p) => !p.state.refused || p.refused_written),
    disclosed: disclosures.some((d) => d.recipient === duty.recipient),
    now: at,
    tombstoned: subject.state === 'erased',
  };
  return {
    duty,
    subject,
    version: subject.version,
    fields,
    fingerprints: version?.fingerprints ?? {},
    erasure,
    exceptions,
    served,
    rows,
    input,
  };
}

/** Where nothing that ends there is about people of their role, there is nothing to wait for. A day that was counted stands. */
function endingOf(needs: Needs, duty: DutyRow, subject: SubjectRow, { afterDays }: Ends, at: Date): Pick<PlanInput, 'ending'> {
  const fields = fieldsServed(needs, duty.recipient, subject.role);
  if (fields.length === 0 && !duty.retained) return {};
  const keeps = duty.retained ?? endsAfter(dayIn(at, clockSettings(needs).zone), afterDays, fields);
  return { ending: { keeps, isCounted: duty.retained !== null, hasEnded: duty.outcome === 'erased' } };
}

/** Fields of a register's row that are given for nothing any more, by whether its newest version still has them. */
function noMoreOf(
  all: readonly Purpose[],
  needed: readonly Purpose[],
  role: string,
  version: VersionRow | undefined,
  formerly: readonly string[],
): NonNullable<PlanInput['noMore']> {
  const names = givenNoMore(all, needed, role);
  return {
    shown: names.filter((name) => version?.fingerprints[name] !== undefined),
    gone: names.filter((name) => formerly.includes(name)),
  };
}

/** Fields that are not written there, but for those of a correction that the register has taken already. */
async function masteredNow(needs: Needs, subject: string, system: string): Promise<readonly FieldName[]> {
  const fields = needs.config.systems[system]?.recipient?.masterOf ?? [];
  if (fields.length === 0) return fields;
  const found = await openCaseOf(needs.db, subject, 'rectification');
  const isCarried = found?.corrected_version != null && found.source !== `system:${system}`;
  const carried = isCarried ? found.plan.flatMap((step) => (step.system === system ? (step.fields ?? []) : [])) : [];
  return fields.filter((name) => !carried.includes(name));
}

/**
 * Where a row may be made. A system that files people by what they are gives nobody a second row; one that nobody can look into has a
 * place for those whom it may be told an identifier of.
 */
function placesOf(
  recipient: Recipient | undefined,
  fields: Fields | null,
  isKnown: boolean,
  grant: Pick<Grant, 'fields'>,
): string[] {
  if (recipient?.refFor) {
    const known = fields && allow(fields, grant);
    return recipient.places.filter((place) => known === null || recipient.refFor?.(known, place));
  }
  if (!recipient?.placesFor) return [...(recipient?.places ?? [])];
  if (isKnown) return [];
  // without the values nobody can say where: any place makes the step ask for them
  return fields === null ? recipient.places.slice(0, 1) : [...recipient.placesFor(fields)];
}

function carriesOf(recipient: Recipient | undefined): PlanInput['carries'] {
  const { carries } = recipient ?? {};
  if (!recipient || carries === undefined) return null;
  return Object.fromEntries(recipient.places.map((place) => [place, typeof carries === 'function' ? carries(place) : carries]));
}

async function caseInput(
  needs: Needs,
  subject: SubjectRow,
  found: CaseRow,
  undoHours: number,
): Promise<PlanInput['erasureCase']> {
  const duties = await dutiesOf(needs.db, subject.id);
  return {
    state: found.state,
    undoUntil: found.undo_from ? new Date(found.undo_from.getTime() + undoHours * 3_600_000) : null,
    othersSettled: machinesBefore(needs, subject).every((name) => {
      const duty = duties.find((d) => d.recipient === name);
      return duty?.state === 'settled' || (duty?.state === 'waiting' && duty.outcome === 'retained');
    }),
    eraseBy: found.register_by,
  };
}
