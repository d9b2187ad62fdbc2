import { diff, type Step } from '../../src/core/diff.ts';
import type { Evidence, Outcome } from '../../src/core/duty.ts';
import { identifiersOf, normalise } from '../../src/core/identifier.ts';
import { observeRefusal, observeRegister, type PermissionState } from '../../src/core/permission.ts';
import type { Fields, Person } from '../../src/core/person.ts';
import { type KnownRecord, type PlanInput, plan } from '../../src/core/plan.ts';
import type { Key } from '../../src/core/seal.ts';
import { type JournalEntry, matches, type Tombstone, tombstonesFor } from '../../src/core/tombstone.ts';

/**
 * A world of one register, two machines and one system of people, with a driver that does what the jobs do: look, plan, one step, read
 * back, write down. The rules are the real ones of `core/`; what is imitated here is only the wire and the ledger.
 */

/** Safety devices that can be taken away, to see that the model notices. */
export interface Faults {
  noFence?: true;
  noTombstone?: true;
  noReadBeforeWrite?: true;
  noPositiveControl?: true;
}

export const machines = ['a', 'b'] as const;
export type Machine = (typeof machines)[number];
const systems = [...machines, 'people', 'crm'] as const;
type System = (typeof systems)[number];

/** Thrown where an answer is lost; whether the write took effect nobody knows. */
class Lost extends Error {}
/** Thrown where the lease was taken: the step was not sent. */
class Fenced extends Error {}

interface Row {
  fields: Fields;
  inUse: boolean;
}
export class Vendor {
  readonly rows = new Map<number, Row>();
  /** Shows nothing to our key, and says so of everybody. */
  blind = false;
  answer: 'heard' | 'lost-after' | 'lost-before' = 'heard';
  private next = 1;
  /** Somebody else, who stays: the living row of a positive control. */
  readonly other = this.add({ givenName: 'Other', email: 'other@sahko.test' });

  add(fields: Fields): number {
    this.rows.set(this.next, { fields: { ...fields }, inUse: true });
    return this.next++;
  }
  read(id: number): Row | null {
    return this.blind ? null : (this.rows.get(id) ?? null);
  }
  find(email: unknown): number[] {
    if (this.blind) return [];
    return [...this.rows].flatMap(([id, row]) => (id !== this.other && row.fields.email === email ? [id] : []));
  }
  write<T>(effect: () => T): T {
    const { answer } = this;
    this.answer = 'heard';
    if (answer === 'lost-before') throw new Lost();
    const done = effect();
    if (answer === 'lost-after') throw new Lost();
    return done;
  }
}

interface Duty {
  state: 'open' | 'unknown' | 'settled' | 'waiting' | 'asked' | 'held';
  outcome: Outcome | null;
  evidence: Evidence;
  /** Day on which it goes on. */
  until: number;
  fence: number;
  /** How often something came for it: what a step read before that is followed by another. */
  raised: number;
}
interface Lease {
  fence: number;
  raised: number;
}
interface Known {
  row: number;
  state: KnownRecord['state'];
  prints: Record<string, string>;
}
export interface Subject {
  id: number;
  /** Its row of the register. */
  record: string;
  state: 'active' | 'erasing' | 'erased';
  restricted: boolean;
  fields: Fields;
  formerly: string[];
  emails: string[];
  permission: PermissionState | undefined;
  refusedWritten: boolean;
  erasure: null | { id: string; state: 'planned' | 'running' | 'refused' | 'closed'; undoFrom: number };
  known: Record<Machine, Known[]>;
  duties: Record<System, Duty>;
}
interface Ledger {
  subjects: Subject[];
  stones: Tombstone[];
  cases: number;
}
interface RegisterRow {
  fields: Fields;
  granted: boolean;
  refused: boolean;
}

const purposes = [{ name: 'marketing', basis: 'consent', permission: 'news', fields: ['givenName', 'email'] as const }];
const undoDays: Record<System, number> = { a: 0, b: 2, people: 0, crm: 0 };
const registerDays = 5;
const key: Key = { id: 'hmac', bytes: Buffer.alloc(32, 7) };
const dateOf = (day: number) => new Date(Date.UTC(2026, 0, 1) + day * 86_400_000);
const prints = (fields: Fields) => Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]));
const take = (duty: Duty): Lease => ({ fence: ++duty.fence, raised: duty.raised });
const freshDuty = (): Duty => ({ state: 'open', outcome: null, evidence: 'none', until: 0, fence: 0, raised: 0 });

export class World {
  day = 0;
  readonly register = new Map<string, RegisterRow>();
  readonly vendors: Record<Machine, Vendor> = { a: new Vendor(), b: new Vendor() };
  ledger: Ledger = { subjects: [], stones: [], cases: 0 };
  readonly journal: JournalEntry[] = [];
  private backup: string | null = null;
  private stale: (() => void)[] = [];
  readonly faults: Faults;
  constructor(faults: Faults = {}) {
    this.faults = faults;
    this.register.set('1', { fields: { givenName: 'Aino', email: 'aino@sahko.test' }, granted: true, refused: false });
    this.poll();
  }

  get subject(): Subject {
    const [first] = this.ledger.subjects;
    if (!first) throw new Error('nobody was taken in');
    return first;
  }

  // the register, and what is taken in of it

  poll(): void {
    for (const [id, row] of this.register) this.takeIn(id, row);
  }
  private takeIn(id: string, { fields, granted, refused }: RegisterRow): void {
    const known = this.ledger.subjects.find((s) => s.record === id);
    if (known?.state === 'erased') return;
    const isGuarded =
      matches(this.ledger.stones, [key], identifiersOf(fields as Person), 'customer', dateOf(this.day)).length > 0;
    if (!known && isGuarded) return;
    const subject = known ?? this.newSubject(id);
    const permission = observeRegister(subject.permission, { granted, refused, seenAt: dateOf(this.day) });
    const isSame = JSON.stringify([subject.fields, subject.permission]) === JSON.stringify([fields, permission]);
    if (isSame) return;
    for (const name of Object.keys(subject.fields)) if (!subject.formerly.includes(name)) subject.formerly.push(name);
    if (typeof fields.email === 'string' && !subject.emails.includes(fields.email)) subject.emails.push(fields.email);
    if (permission.refused && !subject.permission?.refused) subject.refusedWritten = refused;
    Object.assign(subject, { fields: { ...fields }, permission });
    if (subject.erasure?.state === 'running' && subject.state === 'erasing') this.bury(subject);
    this.raise(subject);
  }
  private newSubject(record: string): Subject {
    const subject: Subject = {
      ...{
        id: this.ledger.subjects.length + 1,
        record,
        state: 'active',
        restricted: false,
        fields: {},
        formerly: [],
        emails: [],
      },
      ...{ permission: undefined, refusedWritten: false, erasure: null, known: { a: [], b: [] } },
      duties: { a: freshDuty(), b: freshDuty(), people: freshDuty(), crm: freshDuty() },
    };
    this.ledger.subjects.push(subject);
    return subject;
  }
  raise(subject: Subject): void {
    for (const system of systems) {
      const duty = subject.duties[system];
      duty.raised++;
      if (duty.state !== 'unknown') duty.state = 'open';
    }
  }

  // what people and time do

  refuseAt(machine: Machine): void {
    const { subject } = this;
    const [first] = subject.known[machine];
    const row = first ? this.vendors[machine].rows.get(first.row) : undefined;
    if (!row || subject.state !== 'active') return;
    row.inUse = false;
    this.refuse(subject, machine);
    this.raise(subject);
  }
  private refuse(subject: Subject, source: string): void {
    if (subject.permission?.refused) return;
    subject.permission = observeRefusal(subject.permission, dateOf(this.day), source);
    subject.refusedWritten = false;
  }
  restrict(isOn: boolean): void {
    if (this.subject.state !== 'active') return;
    this.subject.restricted = isOn;
    this.raise(this.subject);
  }
  openErasure(): void {
    const { subject } = this;
    if (subject.state !== 'active') return;
    subject.erasure = { id: `case-${++this.ledger.cases}`, state: 'planned', undoFrom: this.day };
    Object.assign(subject, { state: 'erasing', restricted: true });
    this.refuse(subject, 'case');
    this.raise(subject);
  }
  approve(subject = this.subject): void {
    const found = subject.erasure;
    if (subject.state !== 'erasing' || found?.state !== 'planned') return;
    Object.assign(found, { state: 'running', undoFrom: this.day });
    this.bury(subject);
    this.raise(subject);
  }
  /** At the approval, and again when the register changes somebody whose erasure runs. */
  private bury(subject: Subject): void {
    const until = dateOf(this.day + 3650);
    const all = subject.emails.flatMap((email) => identifiersOf({ email }));
    const tombstones = this.faults.noTombstone ? [] : tombstonesFor(key, all, { role: 'customer' }, dateOf(this.day), until);
    const entry = { v: 1, at: dateOf(this.day).toISOString(), instance: 'i', subject: String(subject.id) } as const;
    this.journal.push({ ...entry, case: subject.erasure?.id ?? '', tombstones });
    this.ledger.stones.push(...tombstones);
  }
  refuseCase(): void {
    const { subject } = this;
    if (subject.state !== 'erasing' || subject.erasure?.state !== 'planned') return;
    subject.erasure.state = 'refused';
    Object.assign(subject, { state: 'active', restricted: false });
    this.raise(subject);
  }
  withdraw(subject = this.subject): void {
    const found = subject.erasure;
    if (subject.state !== 'erasing' || found?.state !== 'running' || !this.register.has(subject.record) || this.stale.length > 0)
      return;
    found.state = 'refused';
    const at = dateOf(this.day).toISOString();
    this.journal.push({ v: 1, at, instance: 'i', subject: String(subject.id), case: found.id, withdrawn: true, tombstones: [] });
    this.ledger.stones = [];
    Object.assign(subject, { state: 'active', restricted: false });
    this.raise(subject);
  }
  saveBackup(): void {
    this.backup = JSON.stringify(this.ledger);
  }
  /** An older database comes back: nobody is at work, and the journal is replayed before anything else. */
  restore(): void {
    if (this.backup === null) return;
    this.ledger = JSON.parse(this.backup) as Ledger;
    this.stale = [];
    for (const subject of this.ledger.subjects)
      for (const system of systems) if (subject.duties[system].state === 'open') subject.duties[system].state = 'unknown';
    const latest = new Map(this.journal.map((entry) => [entry.case, entry]));
    for (const entry of latest.values()) {
      const subject = this.ledger.subjects.find((s) => String(s.id) === entry.subject);
      if (entry.withdrawn) {
        if (subject?.erasure?.id === entry.case) this.withdraw(subject);
        continue;
      }
      this.ledger.stones.push(...entry.tombstones);
      if (!subject || subject.state === 'erased' || subject.erasure?.state === 'running') continue;
      if (subject.state === 'active') {
        subject.erasure = { id: `replay-${entry.case}`, state: 'planned', undoFrom: this.day };
        Object.assign(subject, { state: 'erasing', restricted: true });
        this.refuse(subject, 'journal');
      }
      this.approve(subject);
    }
    this.poll();
    // what the ledger knows of rows is of then: they are read again, as a restore asks for
    for (const machine of machines) this.resync(machine);
  }
  /** Every row is read, and what differs is owed. */
  resync(machine: Machine): void {
    for (const subject of this.ledger.subjects) {
      if (!this.observe(subject, machine)) subject.duties[machine].state = 'unknown';
      else if (subject.duties[machine].state === 'settled') subject.duties[machine].state = 'open';
    }
  }

  // the driver

  /** Works off what is due, until nothing is. Throws where it does not come to rest. */
  settle(): void {
    for (let round = 0; round < 60; round++) {
      const due = this.ledger.subjects
        .flatMap((subject) => systems.map((system) => ({ subject, system })))
        .filter(({ subject, system }) => {
          const duty = subject.duties[system];
          return duty.state === 'open' || duty.state === 'unknown' || (duty.state === 'waiting' && duty.until <= this.day);
        });
      if (due.length === 0) return;
      let moved = false;
      for (const { subject, system } of due) moved = this.drive(subject, system) || moved;
      if (!moved) return;
    }
    throw new Error('a duty does not come to rest');
  }
  answerPeople(): void {
    for (const subject of this.ledger.subjects)
      if (subject.duties.people.state === 'asked')
        Object.assign(subject.duties.people, { state: 'settled', evidence: 'acknowledged' });
  }
  /** A worker reads, plans, and stands still before its write leaves; somebody else takes the duty meanwhile. */
  stall(machine: Machine): void {
    const { subject } = this;
    const duty = subject.duties[machine];
    if (duty.state !== 'open' && duty.state !== 'unknown') return;
    const lease = take(duty);
    if (duty.state === 'unknown' && !this.faults.noReadBeforeWrite && !this.observe(subject, machine)) return;
    const step = this.planned(subject, machine);
    duty.state = 'unknown';
    this.stale.push(() => this.sendLate(subject.id, machine, step, lease));
  }
  /** Without a fence the write leaves; what the ledger knows meanwhile stays, because its row was taken by another. */
  private sendLate(id: number, machine: Machine, step: Step, lease: Lease): void {
    const subject = this.ledger.subjects.find((s) => s.id === id);
    if (!subject) return;
    if (subject.duties[machine].fence === lease.fence || !this.faults.noFence) {
      this.send(subject, machine, step, lease);
      return;
    }
    const ledger = JSON.stringify(this.ledger);
    try {
      this.act(subject, machine, step);
    } finally {
      this.ledger = JSON.parse(ledger) as Ledger;
    }
  }
  /** It wakes, and sends what it had in its hands. */
  wake(): void {
    try {
      this.stale.shift()?.();
    } catch (error) {
      if (!(error instanceof Fenced) && !(error instanceof Lost)) throw error;
    }
  }

  private planned(subject: Subject, system: System): Step {
    const input = this.inputOf(subject, system);
    return diff(plan(input), input.records);
  }
  private inputOf(subject: Subject, system: System): PlanInput {
    const records = system === 'a' || system === 'b' ? subject.known[system] : [];
    const isHuman = system === 'people';
    const others = machines.every((m) => subject.duties[m].state === 'settled');
    const found = subject.erasure;
    return {
      role: system === 'crm' ? 'register' : 'recipient',
      human: isHuman,
      linked: true,
      places: ['all'],
      subject: { state: subject.state, restricted: subject.restricted, role: 'customer' },
      erasureCase:
        found && subject.state === 'erasing'
          ? {
              state: found.state,
              undoUntil: dateOf(found.undoFrom + undoDays[system]),
              othersSettled: others,
              eraseBy: dateOf(found.undoFrom + registerDays),
            }
          : null,
      holds: [],
      fields: subject.fields,
      fingerprints: prints(subject.fields),
      formerly: subject.formerly,
      purposes: purposes.map((p) => ({ ...p, fields: [...p.fields] })),
      carries: null,
      together: [],
      permissions: subject.permission ? { news: subject.permission } : {},
      records: isHuman
        ? [{ place: 'people', state: 'linked', fingerprints: prints(subject.fields) }]
        : system === 'crm'
          ? [{ place: 'contact', state: this.register.has(subject.record) ? 'linked' : 'erased', fingerprints: {} }]
          : records.map((r) => ({ place: 'all', state: r.state, fingerprints: r.prints })),
      refusedWritten: subject.refusedWritten,
      disclosed: records.length > 0,
      tombstoned: subject.state === 'erased',
      now: dateOf(this.day),
    };
  }

  /** True: something moved. */
  private drive(subject: Subject, system: System): boolean {
    const duty = subject.duties[system];
    const lease = take(duty);
    try {
      if (duty.state === 'unknown' && (system === 'a' || system === 'b')) {
        if (!this.faults.noReadBeforeWrite && !this.observe(subject, system)) return false;
        duty.state = 'open';
      }
      return this.send(subject, system, this.planned(subject, system), lease);
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      duty.state = 'unknown';
      return true;
    }
  }

  /** Reads what is there after a lost answer; false: the key shows nothing, so nothing is known. */
  private observe(subject: Subject, machine: Machine): boolean {
    const vendor = this.vendors[machine];
    if (!this.isProven(machine)) return false;
    for (const known of subject.known[machine]) {
      if (known.state === 'erased' || known.state === 'absent') continue;
      const row = vendor.read(known.row);
      if (row) Object.assign(known, { prints: prints(row.fields), state: row.inUse ? 'linked' : 'restricted' });
      else known.state = subject.state === 'active' ? 'absent' : 'erased';
    }
    if (subject.known[machine].length === 0) this.adopt(subject, machine);
    return true;
  }
  private adopt(subject: Subject, machine: Machine): boolean {
    const [row, ...more] = subject.emails.flatMap((email) => this.vendors[machine].find(email));
    if (row === undefined || more.length > 0) return false;
    const found = this.vendors[machine].rows.get(row);
    subject.known[machine].push({ row, state: found?.inUse ? 'linked' : 'restricted', prints: prints(found?.fields ?? {}) });
    return true;
  }

  private settled(duty: Duty, outcome: Outcome, evidence: Evidence, isMore = true): true {
    Object.assign(duty, { state: isMore ? 'open' : 'settled', outcome, evidence });
    return true;
  }
  private isProven = (machine: Machine): boolean =>
    this.faults.noPositiveControl === true || this.vendors[machine].read(this.vendors[machine].other) !== null;

  private send(subject: Subject, system: System, step: Step, lease: Lease): boolean {
    const duty = subject.duties[system];
    // asked immediately before each request, and again before anything is written down
    if (duty.fence !== lease.fence) throw new Fenced();
    const moved = this.act(subject, system, step);
    if (duty.raised !== lease.raised && duty.state !== 'unknown') duty.state = 'open';
    return moved;
  }

  private act(subject: Subject, system: System, step: Step): boolean {
    const duty = subject.duties[system];
    if (step.kind === 'hold' || step.kind === 'ask') {
      duty.state = step.kind === 'hold' ? 'held' : 'asked';
      return true;
    }
    if (step.kind === 'wait') {
      Object.assign(duty, { state: 'waiting', until: Math.round((step.until.getTime() - dateOf(0).getTime()) / 86_400_000) });
      return true;
    }
    if (system === 'crm') return this.atRegister(subject, step, duty);
    if (system === 'people')
      return this.settled(duty, step.kind === 'nothing' ? step.outcome : 'unchanged', 'acknowledged', false);
    const vendor = this.vendors[system];
    if (step.kind === 'nothing') {
      const isNever = step.reason === 'never-held';
      if (isNever && this.adopt(subject, system)) return this.settled(duty, 'absent', 'none');
      return this.settled(
        duty,
        step.outcome,
        isNever && this.isProven(system) ? 'observed' : (step.evidence ?? duty.evidence),
        false,
      );
    }
    // a key that sees nothing makes nothing: the vendor refuses it
    if (vendor.blind && step.kind === 'create') return false;
    if (step.kind === 'create') {
      if (!this.faults.noReadBeforeWrite && this.adopt(subject, system)) return this.settled(duty, 'unchanged', 'observed');
      const row = vendor.write(() => vendor.add(step.fields));
      subject.known[system].push({ row, state: 'linked', prints: prints(step.fields) });
      return this.settled(duty, 'created', 'observed');
    }
    if (!('record' in step)) throw new Error(`the model knows no step ${step.kind}`);
    const known = subject.known[system][step.record];
    if (!known) throw new Error('a step about no row');
    if (step.kind === 'erase') {
      vendor.write(() => vendor.rows.delete(known.row));
      known.state = 'erased';
      return this.settled(duty, 'erased', this.isProven(system) ? 'observed' : 'accepted');
    }
    const row = vendor.rows.get(known.row);
    if (!row) {
      if (!this.isProven(system)) return false;
      known.state = 'absent';
      return this.settled(duty, 'absent', 'observed');
    }
    if (step.kind === 'restrict') {
      vendor.write(() => Object.assign(row, { inUse: false }));
      known.state = 'restricted';
      return this.settled(duty, 'restricted', 'observed');
    }
    const fields = 'fields' in step ? step.fields : {};
    vendor.write(() => Object.assign(row.fields, fields));
    Object.assign(known.prints, prints(fields));
    return this.settled(duty, 'updated', 'observed');
  }

  private atRegister(subject: Subject, step: Step, duty: Duty): boolean {
    const row = this.register.get(subject.record);
    if (step.kind === 'erase') {
      this.register.delete(subject.record);
      Object.assign(subject, { state: 'erased', fields: {} });
      if (subject.erasure) subject.erasure.state = 'closed';
      this.settled(duty, 'erased', 'acknowledged', false);
      for (const machine of machines) if (subject.duties[machine].state !== 'settled') subject.duties[machine].state = 'open';
      return true;
    }
    if (step.kind === 'restrict') {
      if (row) row.refused = true;
      subject.refusedWritten = true;
      subject.permission = subject.permission && { ...subject.permission, registerRefused: true };
      return this.settled(duty, 'restricted', 'observed');
    }
    return this.settled(duty, step.kind === 'nothing' ? step.outcome : 'unchanged', 'observed', false);
  }
}

/** Whether a row of a system is about the person, however it is spelled. */
export const isHers = (email: unknown): boolean =>
  typeof email === 'string' && /^(aino|moved)@sahko\.test$/.test((normalise('email', email) ?? '').replace(/\+[^@]*/, ''));
