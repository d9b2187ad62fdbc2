/** The places where Kaiku itself keeps something of a person: it is a system that was given the data, like the others. */
export const ownStores = [
  'values',
  'links',
  'hashes',
  'questions',
  'notes',
  'package',
  'files',
  'envelope',
  'letters',
  'queue',
  'log',
  'rows',
  'tombstones',
  'journal',
  'backups',
] as const;
export type OwnStoreName = (typeof ownStores)[number];

/**
 * `sealed`: values, under a key that goes with the person. `keyed-hash`: nobody is found without the key file. `pseudonym`: tied to the
 * person by a nonce that goes with the last envelope. `ids`: random ids of Kaiku alone. `copy`: sealed, in a file outside the ledger.
 */
const forms = {
  values: 'sealed',
  links: 'sealed',
  hashes: 'keyed-hash',
  questions: 'sealed',
  notes: 'sealed',
  package: 'sealed',
  files: 'sealed',
  envelope: 'sealed',
  letters: 'sealed',
  queue: 'ids',
  log: 'pseudonym',
  rows: 'keyed-hash',
  tombstones: 'keyed-hash',
  journal: 'keyed-hash',
  backups: 'copy',
} as const satisfies Record<OwnStoreName, string>;
export type OwnForm = (typeof forms)[OwnStoreName];

export interface OwnStore {
  store: OwnStoreName;
  form: OwnForm;
  count: number;
  /** ISO 8601: gone then at the latest. Absent: nothing is there, or it has no date of its own. */
  until?: string;
}

/** What the ledger counts for one person. */
export interface OwnCounts {
  values: number;
  links: number;
  /** Rows at systems that were theirs, as keyed hashes of their ids: by these the same row is known again. */
  rows: number;
  hashes: number;
  questions: number;
  notes: number;
  packages: number;
  packageUntil: Date | null;
  /** Files that people of a system handed in with an answer about them. */
  files: number;
  filesUntil: Date | null;
  envelopes: number;
  letters: number;
  envelopeUntil: Date | null;
  owed: number;
  entries: number;
  /** The nonce is there: the log's entries are tied to the person. */
  isTied: boolean;
  tombstones: number;
  tombstoneUntil: Date | null;
  backups: readonly Date[];
}

/** One row a store, those that hold nothing too. `backupDays`: how long the company keeps a backup; absent: it does not say. */
export function ownStoresOf(c: OwnCounts, now: Date, backupDays?: number): OwnStore[] {
  const made = c.backups.map((at) => ({
    until: backupDays === undefined ? null : new Date(at.getTime() + backupDays * 86_400_000),
  }));
  const backups = made.filter(({ until }) => until === null || until > now);
  const last =
    backups
      .map(({ until }) => until)
      .sort((a, b) => Number(a) - Number(b))
      .at(-1) ?? null;
  const counted: Record<OwnStoreName, [count: number, until?: Date | null]> = {
    values: [c.values],
    links: [c.links],
    hashes: [c.hashes],
    questions: [c.questions],
    notes: [c.notes],
    package: [c.packages, c.packageUntil],
    files: [c.files, c.filesUntil],
    envelope: [c.envelopes, c.envelopeUntil],
    letters: [c.letters, c.envelopeUntil],
    queue: [c.owed],
    log: [c.isTied ? c.entries : 0, c.envelopeUntil],
    rows: [c.rows],
    tombstones: [c.tombstones, c.tombstoneUntil],
    // nothing is taken out of that file
    journal: [c.tombstones],
    backups: [backups.length, last],
  };
  return ownStores.map((store) => {
    const [count, until] = counted[store];
    return { store, form: forms[store], count, ...(count > 0 && until ? { until: until.toISOString() } : {}) };
  });
}

/** What it comes to. `values`: the person is here. `fading`: what is left goes by itself, or with a backup. `guarded`: keyed hashes alone. */
export type OwnState = 'values' | 'fading' | 'guarded' | 'nothing';

const fading = new Set<OwnStoreName>(['notes', 'package', 'files', 'envelope', 'letters', 'log', 'backups', 'queue']);

export function ownStateOf(stores: readonly OwnStore[]): { state: OwnState; until?: string } {
  const left = stores.filter(({ count }) => count > 0);
  if (left.some(({ store, form }) => !fading.has(store) && form === 'sealed') || left.some(({ store }) => store === 'hashes'))
    return { state: 'values' };
  const going = left.filter(({ store }) => fading.has(store) && store !== 'queue');
  if (going.length > 0) {
    const dates = going.map(({ until }) => until);
    const last = dates.every((until) => until !== undefined) ? dates.sort().at(-1) : undefined;
    return { state: 'fading', ...(last ? { until: last } : {}) };
  }
  const isTomb = (store: OwnStoreName) => store === 'rows' || store === 'tombstones';
  return { state: left.some(({ store }) => isTomb(store)) ? 'guarded' : 'nothing' };
}
