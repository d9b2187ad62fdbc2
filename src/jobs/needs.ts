import type { Logger } from 'pino';
import type { Connector } from '../connectors/connector.ts';
import type { Config } from '../core/configuration.ts';
import { type Day, dayIn } from '../core/day.ts';
import { cautious } from '../core/legal-clock.ts';
import type { LogSigner } from '../core/log-keys.ts';
import { type Told, tell as tellStore } from '../store/audit.ts';
import { hubNow } from '../store/clock.ts';
import type { Db } from '../store/database.ts';
import type { ErasureJournal } from '../store/tombstones.ts';
import type { Vault } from '../store/vault.ts';

/** What every job is handed: the floors below, and the two things that are never taken from the air, ids and randomness. */
export interface Needs {
  db: Db;
  vault: Vault;
  config: Config;
  connectors: Record<string, Connector>;
  journal: ErasureJournal;
  instance: string;
  signer: LogSigner;
  newId: () => string;
  log: Logger;
}

export const now = (needs: Needs): Promise<Date> => hubNow(needs.db);

/** The calendar day that an instant is for the controller. */
export const dayOf = (at: Date): Day => dayIn(at, cautious.zone);

/** Writes audit entries into the transaction that is under way. */
export const tell = async (needs: Needs, ...told: Told[]): Promise<void> =>
  tellStore(needs.db, needs.newId, await now(needs), told);

/** The systems that were given data, people included. */
export const recipientNames = (config: Config): string[] =>
  Object.values(config.systems)
    .filter((s) => s.recipient)
    .map((s) => s.name);

/** Every recipient and a person's register, which may be told of its own people too: each once. */
export const concerned = (config: Config, { register }: { register: string }): string[] => [
  ...recipientNames(config).filter((name) => name !== register),
  register,
];

/** Whether people are asked to do this at a system: they run it, or nothing else does it there. */
export const areAsked = ({ connectors }: Needs, system: string, verb: 'rectify' | 'restrict' | 'erase'): boolean => {
  const connector = connectors[system];
  return connector?.manifest.human === true || connector?.recipient?.byPeople?.includes(verb) === true;
};

/** The recipients whose erasures a register waits for: those that a machine drives. Silence of people blocks nothing. */
export const machinesBefore = (needs: Needs, { register }: { register: string }): string[] =>
  recipientNames(needs.config).filter((name) => name !== register && !areAsked(needs, name, 'erase'));

/** Whether a system has rows that can be listed: people cannot be, and nor can a system that nobody can look into. */
export const isListed = ({ connectors }: Needs, system: string): boolean => {
  const recipient = connectors[system]?.recipient;
  return recipient !== undefined && recipient.refFor === undefined;
};

/** The system that is master for a subject's register. */
export function registerOf(needs: Needs, name: string) {
  const system = needs.config.systems[name];
  const connector = needs.connectors[name];
  if (!system?.register || !connector?.register) throw new Error(`the configuration has no register named ${name}`);
  return { system, register: connector.register, recipient: connector.recipient, options: system.register };
}

/** A subject as an audit entry names it; the pseudonym is made from the nonce, which goes with the person. */
export const whose = (subject: { id: string; audit_nonce: Buffer | null }) => ({ id: subject.id, nonce: subject.audit_nonce });
