import { randomBytes, randomUUID } from 'node:crypto';
import pino from 'pino';
import type {
  Connector,
  Look,
  Manifest,
  Profile,
  Recipient,
  Register,
  RegisterRecord,
  RemoteRef,
  Sweep,
  Written,
} from '../../src/connectors/connector.ts';
import type { Call } from '../../src/connectors/http.ts';
import type { Config, Purpose } from '../../src/core/configuration.ts';
import type { Failure } from '../../src/core/failure.ts';
import type { Fields } from '../../src/core/person.ts';
import { newKeyFile, parseKeyFile } from '../../src/core/seal.ts';
import type { JournalEntry } from '../../src/core/tombstone.ts';
import { converge } from '../../src/jobs/converge.ts';
import type { Needs } from '../../src/jobs/needs.ts';
import { openDatabase } from '../../src/store/database.ts';
import { due } from '../../src/store/duties.ts';
import { knowSystems } from '../../src/store/systems.ts';
import { claimInstance, createVault } from '../../src/store/vault.ts';

/**
 * A world without wires: a register and a recipient in memory, on a real ledger. What a vendor may do to us (a lost answer, a row
 * that is suddenly gone) is a field to set.
 */
export interface MemoryRow {
  id: string;
  fields: Fields;
  standing: Profile['standing'];
  refused: boolean;
}

export class MemoryRecipient implements Recipient {
  readonly places = ['all'];
  readonly rows = new Map<string, MemoryRow>();
  readonly forgotten = new Set<string>();
  readonly log: string[] = [];
  /** Thrown after the next write took effect, or before it. */
  failAfter: Failure | null = null;
  failBefore: Failure | null = null;
  blind = false;
  private next = 1;

  add(fields: Fields, more: Partial<MemoryRow> = {}): MemoryRow {
    const row: MemoryRow = { id: String(this.next++), fields, standing: 'active', refused: false, ...more };
    this.rows.set(row.id, row);
    return row;
  }

  private profile(row: MemoryRow): Profile {
    return { ref: { place: 'all', id: row.id }, fields: { ...row.fields }, standing: row.standing, refused: row.refused };
  }

  private async write(name: string, call: Call, work: () => Written): Promise<Written> {
    await call.beforeWire('write');
    this.log.push(name);
    if (this.failBefore) {
      const failure = this.failBefore;
      this.failBefore = null;
      throw failure;
    }
    const said = work();
    if (this.failAfter) {
      const failure = this.failAfter;
      this.failAfter = null;
      throw failure;
    }
    return said;
  }

  async read(ref: RemoteRef, call: Call): Promise<Profile | null> {
    await call.beforeWire('read');
    this.log.push('read');
    const row = this.blind ? undefined : this.rows.get(ref.id);
    return row ? this.profile(row) : null;
  }

  async find(fields: Fields, _place: string, call: Call): Promise<Profile[]> {
    await call.beforeWire('read');
    this.log.push('find');
    return [...this.rows.values()].filter((r) => r.fields.email === fields.email).map((r) => this.profile(r));
  }

  create(fields: Fields, place: string, call: Call): Promise<Written> {
    return this.write('create', call, () => {
      if (this.forgotten.has(String(fields.email))) return { kind: 'forgotten' };
      if ([...this.rows.values()].some((r) => r.fields.email === fields.email)) return { kind: 'exists' };
      return { kind: 'accepted', ref: { place, id: this.add({ ...fields }).id } };
    });
  }

  rectify(ref: RemoteRef, fields: Fields, blanked: readonly string[], call: Call): Promise<Written> {
    return this.write('rectify', call, () => {
      const row = this.rows.get(ref.id);
      if (!row) return { kind: 'not-found' };
      row.fields = { ...row.fields, ...fields };
      for (const name of blanked) delete row.fields[name as keyof Fields];
      return { kind: 'accepted', ref };
    });
  }

  restrict(ref: RemoteRef, _permissions: readonly string[], call: Call): Promise<Written> {
    return this.write('restrict', call, () => {
      const row = this.rows.get(ref.id);
      if (!row) return { kind: 'not-found' };
      if (row.standing === 'active') row.standing = 'restricted';
      return { kind: 'accepted', ref };
    });
  }

  erase(ref: RemoteRef, call: Call): Promise<Written> {
    return this.write('erase', call, () => {
      const row = this.rows.get(ref.id);
      if (!row) return { kind: 'not-found' };
      this.rows.delete(ref.id);
      this.forgotten.add(String(row.fields.email));
      return { kind: 'accepted', ref };
    });
  }

  async *list(call: Call): AsyncIterable<Profile[]> {
    await call.beforeWire('read');
    yield [...this.rows.values()].map((r) => this.profile(r));
  }
}

/** The register in memory; its recipient verbs are what an erasure and a refusal need. */
export class MemoryRegister implements Register {
  readonly objects = ['contact'];
  readonly rows = new Map<string, RegisterRecord & { restricted: boolean }>();
  complete = true;

  put(id: string, record: Partial<RegisterRecord>): RegisterRecord {
    const before = this.rows.get(id);
    const row = {
      ref: { place: 'contact', id },
      role: 'customer',
      person: {},
      erase: false,
      granted: {},
      refused: {},
      changedAt: new Date(),
      restricted: false,
      ...before,
      ...record,
    };
    this.rows.set(id, row);
    return row;
  }

  async *changes() {
    yield { records: [...this.rows.values()], cursor: '{}' };
  }
  async look(ref: RemoteRef): Promise<Look> {
    const record = this.rows.get(ref.id);
    return record ? { kind: 'found' as const, record } : { kind: 'gone' as const };
  }
  async total() {
    return this.rows.size;
  }
  async sweep(): Promise<Sweep> {
    return { ids: new Set(this.rows.keys()), complete: this.complete };
  }
}

function registerVerbs(register: MemoryRegister): Recipient {
  const profile = (id: string): Profile | null => {
    const row = register.rows.get(id);
    return row ? { ref: row.ref, fields: {}, standing: row.restricted ? 'restricted' : 'active', refused: false } : null;
  };
  const refuse = async (): Promise<Written> => ({ kind: 'refused', code: 'register-is-master' });
  return {
    places: ['contact'],
    async read(ref, call) {
      await call.beforeWire('read');
      return profile(ref.id);
    },
    find: async () => [],
    create: refuse,
    rectify: refuse,
    async restrict(ref, permissions, call) {
      await call.beforeWire('write');
      const row = register.rows.get(ref.id);
      if (!row) return { kind: 'not-found' };
      row.restricted = true;
      for (const name of permissions) row.refused = { ...row.refused, [name]: true };
      return { kind: 'accepted', ref };
    },
    async erase(ref, call) {
      await call.beforeWire('write');
      return register.rows.delete(ref.id) ? { kind: 'accepted', ref } : { kind: 'not-found' };
    },
    async *list() {},
  };
}

const manifest = (over: Partial<Manifest>): Manifest => ({
  vendor: 'memory',
  roles: ['recipient'],
  human: false,
  erasure: { depth: 'hard', cap: 're-observed', why: 'memory' },
  readBack: true,
  limits: { connections: 8 },
  deadlineSeconds: 2,
  backupLagDays: 0,
  rights: [],
  ...over,
});

export const memoryPurposes: Record<string, Purpose> = {
  marketing: {
    name: 'marketing',
    basis: 'legitimate-interest',
    permission: 'newsletter',
    fields: ['givenName', 'familyName', 'email'],
  },
  invoicing: {
    name: 'invoicing',
    basis: 'contract',
    fields: ['givenName', 'familyName', 'email', 'phone', 'customerNumber'],
    for: ['customer'],
  },
};

export const memoryConfig: Config = {
  controller: { name: 'Esimerkki Oy', languages: ['fi'] },
  purposes: memoryPurposes,
  systems: {
    crm: {
      name: 'crm',
      connector: 'memory',
      baseUrl: '',
      credentials: {},
      owner: 'sales',
      settings: {},
      register: {
        for: 'customer',
        pollSeconds: 1,
        sweepHours: 24,
        eraseAfterDays: 14,
        permissions: { newsletter: {} },
        erasureSignal: { field: 'Erase__c', equals: true, approve: 'person' },
      },
    },
    newsletter: {
      name: 'newsletter',
      connector: 'memory',
      baseUrl: '',
      credentials: {},
      owner: 'marketing',
      settings: {},
      recipient: { purposes: ['marketing'], undoHours: 0, dueDays: 14, retention: [] },
    },
    partner: {
      name: 'partner',
      connector: 'human',
      baseUrl: '',
      credentials: {},
      owner: 'finance',
      settings: { answerer: 'privacy@partner.test', language: 'sv', instructions: 'Titta också i gamla listor.' },
      recipient: { purposes: ['invoicing'], undoHours: 0, dueDays: 14, retention: [] },
    },
  },
};

export interface World {
  needs: Needs;
  register: MemoryRegister;
  newsletter: MemoryRecipient;
  journal: JournalEntry[];
  /** Runs every duty whose time has come until nothing is due. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** A hub on a real, fresh database, without queue or clockwork: a test says what happens when. */
export async function openWorld(
  databaseUrl: string,
  given: { newsletter?: MemoryRecipient; register?: MemoryRegister; config?: Config } = {},
): Promise<World> {
  const config = given.config ?? memoryConfig;
  const database = await openDatabase(databaseUrl, { max: 6 });
  const vault = createVault(parseKeyFile(newKeyFile(randomBytes, new Date())), randomBytes);
  const instance = await claimInstance(database.db, vault, randomUUID());
  await knowSystems(database.db, Object.keys(config.systems));
  const register = given.register ?? new MemoryRegister();
  const newsletter = given.newsletter ?? new MemoryRecipient();
  const journal: JournalEntry[] = [];
  const connectors: Record<string, Connector> = {
    crm: {
      manifest: manifest({ roles: ['register', 'recipient'], erasure: { depth: 'soft', cap: 'acknowledged', why: 'bin' } }),
      register,
      recipient: registerVerbs(register),
      check: async () => [],
    },
    newsletter: { manifest: manifest({}), recipient: newsletter, check: async () => [] },
    partner: {
      manifest: manifest({ human: true, readBack: false, erasure: { depth: 'person', cap: 'acknowledged', why: 'people' } }),
      people: { address: 'privacy@partner.test', language: 'sv', instructions: 'Titta också i gamla listor.' },
      check: async () => [],
    },
  };
  const needs: Needs = {
    db: database.db,
    vault,
    config,
    connectors,
    instance,
    journal: { append: async (entry) => void journal.push(entry), read: async () => journal },
    signer: { origin: 'esimerkki.test', seed: vault.keys.signing.seed },
    newId: randomUUID,
    log: pino({ level: process.env['LOG_LEVEL'] ?? 'silent' }),
  };
  const worker = randomUUID();
  return {
    needs,
    register,
    newsletter,
    journal,
    async settle() {
      for (let round = 0; round < 20; round++) {
        let any = false;
        for (const system of Object.keys(config.systems)) {
          for (const { id } of await due(needs.db, system, 500, false)) {
            any = true;
            await converge(needs, worker, id);
          }
        }
        if (!any) return;
      }
    },
    close: () => database.close(),
  };
}

/** A customer who wants the newsletter. */
export const aino = {
  givenName: 'Aino',
  familyName: 'Virtanen',
  email: 'aino@sahko.test',
  phone: '+358401234567',
  customerNumber: 'A-1',
};
