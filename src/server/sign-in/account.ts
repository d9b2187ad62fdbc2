import { createHash, randomBytes } from 'node:crypto';
import { normalise } from '../../core/identifier.ts';
import { type PasswordFault, passwordFault } from '../../core/password.ts';
import { roles as allRoles, type Role } from '../../core/scope.ts';
import { type Needs, tell } from '../../jobs/needs.ts';
import {
  type AccountRow,
  accountByAddress,
  accountById,
  allAccounts,
  failureLimit,
  forgiveFailures,
  hasAccounts,
  insertAccount,
  lockAccounts,
  otherAdmins,
  putSetUpLink,
  reseal,
  setDisabled,
  setPassword,
  setRights,
  setUpLink,
  spendSetUpLink,
  startAfresh,
} from '../../store/accounts.ts';
import { inTransaction } from '../../store/database.ts';
import { hiddenAmong } from '../../store/scope.ts';
import { endSessions } from '../../store/sessions.ts';
import type { Actor } from '../auth.ts';
import { badRequest, notFound, ProblemError, refused } from '../problem.ts';
import { hashPassword } from './passwords.ts';

/** What is sealed of an account: whom it belongs to. */
export interface Card {
  name: string;
  address: string | null;
}

export interface Rights {
  roles: readonly Role[];
  systems: readonly string[];
  staff: readonly string[];
}

/** How long a one-time link is good for, in hours. */
const linkHours = 24;

export const cardOf = (needs: Needs, account: { id: string; sealed: Buffer }): Card =>
  needs.vault.unsealJson<Card>(`account:${account.id}`, account.sealed);

export const sealCard = (needs: Needs, id: string, card: Card): Buffer => needs.vault.sealJson(`account:${id}`, card);

/** The keyed hash that an address is found by; null where it is none. */
export function addressHash(needs: Needs, address: string): Buffer | null {
  const normal = normalise('email', address);
  return normal === null ? null : needs.vault.hash('account', normal);
}

/** An account as lists and the API show it. */
export const accountView = (needs: Needs, account: AccountRow) => ({
  id: account.id,
  ...cardOf(needs, account),
  roles: account.roles,
  systems: account.systems,
  staff: account.staff,
  state: account.disabled_at
    ? ('disabled' as const)
    : account.failures >= failureLimit
      ? ('locked' as const)
      : account.password || account.provider_hash
        ? ('active' as const)
        : ('invited' as const),
  signIn: account.provider_hash ? ('provider' as const) : ('password' as const),
  secondFactor: account.totp_sealed !== null,
  since: account.created_at.toISOString(),
});
export type AccountView = ReturnType<typeof accountView>;

export const listAccounts = async (needs: Needs): Promise<AccountView[]> =>
  (await allAccounts(needs.db)).map((account) => accountView(needs, account));

/** Makes an account that its owner opens by a one-time link. Answers the link's token, which nobody can read again. */
export async function createAccount(
  needs: Needs,
  actor: Actor,
  given: { email: string; name: string; language: string | null } & Rights,
): Promise<{ account: AccountView; token: string }> {
  const hash = addressHash(needs, given.email);
  if (!hash) throw badRequest('email: this is no e-mail address', { code: 'no-email' });
  await mustFit(needs, given);
  return inTransaction(needs.db, async () => {
    const id = needs.newId();
    const sealed = sealCard(needs, id, { name: given.name.trim(), address: given.email.trim() });
    const { roles, systems, language } = given;
    if (!(await insertAccount(needs.db, { id, addressHash: hash, providerHash: null, sealed, roles, systems, language })))
      throw refused('There is an account with this address already.', { code: 'account-exists' });
    await setRights(needs.db, id, given);
    await tell(needs, { actor: actor.id, action: 'account.created', code: id, reason: roles.join(',') });
    const account = await accountById(needs.db, id);
    if (!account) throw notFound('account');
    return { account: accountView(needs, account), token: await newLink(needs, id) };
  });
}

/** What of a person's rights is there at all. */
async function mustFit(needs: Needs, { roles, systems, staff }: Rights): Promise<void> {
  if (roles.length === 0) throw badRequest('roles: at least one is needed', { code: 'no-role' });
  const unknown = systems.find((name) => !Object.hasOwn(needs.config.systems, name));
  if (unknown !== undefined)
    throw badRequest('systems: there is no system of this name; GET /systems lists them', { code: 'no-such-system' });
  if (systems.length > 0 && !roles.includes('system-owner'))
    throw badRequest('systems: they belong to the role system-owner', { code: 'systems-of-owner' });
  if (staff.length > 0 && !roles.includes('supervisor'))
    throw badRequest('staff: they belong to the role supervisor', { code: 'staff-of-supervisor' });
  // whoever is no staff would be shown to a supervisor by their id alone
  const seen = await hiddenAmong(needs.db, [{ people: 'staff', systems: 'all' }], staff);
  if (seen.size > 0) throw badRequest('staff: only data subjects who are staff can be looked after', { code: 'staff-only' });
}

async function newLink(needs: Needs, account: string | null): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  await putSetUpLink(needs.db, linkHash(token), account, linkHours);
  return token;
}
const linkHash = (token: string) => createHash('sha256').update(token).digest();

/** A token that makes the first account; null when there is an account. */
export async function firstLink(needs: Needs): Promise<string | null> {
  return inTransaction(needs.db, async () => {
    await lockAccounts(needs.db);
    return (await hasAccounts(needs.db)) ? null : newLink(needs, null);
  });
}

/** A new one-time link for somebody who lost password or second factor. What they had works until the link is used. */
export async function relinkAccount(needs: Needs, actor: Actor, id: string): Promise<string> {
  return inTransaction(needs.db, async () => {
    const account = await known(needs, id);
    if (account.provider_hash)
      throw refused('This account signs in by the provider and has no password here.', { code: 'by-provider' });
    if (account.disabled_at) throw refused('The account is disabled; enable it first.', { code: 'account-disabled' });
    await tell(needs, { actor: actor.id, action: 'account.linked', code: id });
    return newLink(needs, id);
  });
}

async function known(needs: Needs, id: string): Promise<AccountRow> {
  const account = await accountById(needs.db, id);
  if (!account) throw notFound('account');
  return account;
}

const isOwn = (actor: Actor, id: string) => actor.account?.id === id;

/** Gives an account other rights; its sessions end, so that nothing goes on under the old ones. */
export async function changeRights(needs: Needs, actor: Actor, id: string, rights: Rights): Promise<AccountView> {
  await mustFit(needs, rights);
  return inTransaction(needs.db, async () => {
    await lockAccounts(needs.db);
    const account = await known(needs, id);
    const more =
      rights.roles.some((role) => !account.roles.includes(role)) ||
      rights.systems.some((name) => !account.systems.includes(name)) ||
      rights.staff.some((subject) => !account.staff.includes(subject));
    if (more && isOwn(actor, id)) throw refused('Nobody gives a role to themselves; another admin does.', { code: 'own-roles' });
    if (account.roles.includes('admin') && !rights.roles.includes('admin')) await mustLeaveAdmin(needs, id);
    await setRights(needs.db, id, rights);
    await tell(needs, { actor: actor.id, action: 'account.roles', code: id, reason: rights.roles.join(',') });
    await endAll(needs, actor, id);
    return accountView(needs, await known(needs, id));
  });
}

async function mustLeaveAdmin(needs: Needs, id: string): Promise<void> {
  if ((await otherAdmins(needs.db, id)) === 0)
    throw refused('This is the last admin who can sign in; make another one first.', { code: 'last-admin' });
}

async function endAll(needs: Needs, actor: Actor, id: string): Promise<void> {
  if ((await endSessions(needs.db, id)) > 0)
    await tell(needs, { actor: actor.id, action: 'session.ended', code: id, reason: 'all' });
}

export const accountVerbs = ['disable', 'enable', 'unlock', 'link', 'end-sessions'] as const;
export type AccountVerb = (typeof accountVerbs)[number];

/** One deed of an admin about an account; answers the token of a link where one was made. */
export async function steerAccount(needs: Needs, actor: Actor, id: string, verb: AccountVerb): Promise<string | null> {
  if (verb === 'link') return relinkAccount(needs, actor, id);
  return inTransaction(needs.db, async () => {
    await lockAccounts(needs.db);
    const account = await known(needs, id);
    if (verb === 'unlock') {
      const address = account.address_hash;
      await forgiveFailures(needs.db, id, address ? tryKey(needs, address) : Buffer.alloc(0));
      await tell(needs, { actor: actor.id, action: 'account.unlocked', code: id });
    } else if (verb === 'end-sessions') await endAll(needs, actor, id);
    else {
      if (verb === 'disable' && isOwn(actor, id))
        throw refused('Nobody disables themselves; another admin does.', { code: 'own-disable' });
      if (verb === 'disable' && account.roles.includes('admin')) await mustLeaveAdmin(needs, id);
      if ((await setDisabled(needs.db, id, verb === 'disable')) === 0) return null;
      await tell(needs, { actor: actor.id, action: verb === 'disable' ? 'account.disabled' : 'account.enabled', code: id });
      if (verb === 'disable') await endAll(needs, actor, id);
    }
    return null;
  });
}

/** What failures to sign in are counted under, from an address's hash: the same whether or not there is an account. */
export const tryKey = (needs: Needs, hash: Buffer): Buffer => needs.vault.hash('sign-in', hash.toString('hex'));

/** Whom a one-time link is for: the first account, or a known one. Null: it was used, is too old, or never was. */
export async function linkOf(needs: Needs, token: string): Promise<{ account: AccountRow | null } | null> {
  const link = await setUpLink(needs.db, linkHash(token));
  if (!link) return null;
  if (link.account === null) return (await hasAccounts(needs.db)) ? null : { account: null };
  const account = await accountById(needs.db, link.account);
  return account && !account.disabled_at ? { account } : null;
}

/** Why a password is not taken. */
export class PasswordRefused extends Error {
  override name = 'PasswordRefused';
  readonly fault: PasswordFault;
  constructor(fault: PasswordFault) {
    super(`the password is refused: ${fault}`);
    this.fault = fault;
  }
}

/** Throws `PasswordRefused` for what must not be a password of this person. */
export function mustBeGood(needs: Needs, password: string, card: Card): void {
  const fault = passwordFault(password, [card.name, card.address ?? '', needs.config.controller.name]);
  if (fault) throw new PasswordRefused(fault);
}

/** Opens an account by its link: the first one is made here, another gets its password. Answers the account's id. */
export async function redeemLink(
  needs: Needs,
  token: string,
  given: { password: string; first?: { name: string; email: string; roles: readonly Role[] } },
): Promise<string> {
  const gone = () => new ProblemError(404, 'Not found', 'This link was used before, or is too old.', { code: 'link-gone' });
  const link = await linkOf(needs, token);
  if (!link) throw gone();
  const card = link.account ? cardOf(needs, link.account) : { name: given.first?.name ?? '', address: given.first?.email ?? '' };
  mustBeGood(needs, given.password, card);
  const password = await hashPassword(given.password);
  return inTransaction(needs.db, async () => {
    await lockAccounts(needs.db);
    if (!(await spendSetUpLink(needs.db, linkHash(token)))) throw gone();
    const id = link.account?.id ?? (await firstAccount(needs, given.first));
    await startAfresh(needs.db, id);
    await setPassword(needs.db, id, password);
    await endSessions(needs.db, id);
    await tell(needs, { actor: `account:${id}`, action: 'account.password', code: id, reason: 'one-time-link' });
    return id;
  });
}

async function firstAccount(
  needs: Needs,
  first: { name: string; email: string; roles: readonly Role[] } | undefined,
): Promise<string> {
  if (await hasAccounts(needs.db))
    throw refused('There is an account already; its admin makes the others.', { code: 'accounts-exist' });
  const hash = addressHash(needs, first?.email ?? '');
  if (!first || !hash) throw badRequest('email: this is no e-mail address', { code: 'no-email' });
  const id = needs.newId();
  // somebody must be able to make the others
  const roles = allRoles.filter((role) => role === 'admin' || first.roles.includes(role));
  const sealed = sealCard(needs, id, { name: first.name.trim(), address: first.email.trim() });
  await insertAccount(needs.db, { id, addressHash: hash, providerHash: null, sealed, roles, systems: [], language: null });
  await tell(needs, { actor: 'set-up', action: 'account.created', code: id, reason: roles.join(',') });
  return id;
}

/** The account of somebody whom the provider vouches for, with the roles it gives today. Null: they have none, or are disabled. */
export async function accountFromProvider(
  needs: Needs,
  from: { hash: Buffer; name: string; address: string | null; roles: readonly Role[] },
  find: (hash: Buffer) => Promise<AccountRow | undefined>,
): Promise<string | null> {
  return inTransaction(needs.db, async () => {
    await lockAccounts(needs.db);
    const before = await find(from.hash);
    if (before?.disabled_at || from.roles.length === 0) {
      if (before) await endSessions(needs.db, before.id);
      return null;
    }
    const id = before?.id ?? needs.newId();
    const sealed = sealCard(needs, id, { name: from.name, address: from.address });
    const { roles } = from;
    if (!before) {
      // never tied by its address: whoever could choose an address at the provider would take the account over
      await insertAccount(needs.db, {
        id,
        addressHash: null,
        providerHash: from.hash,
        sealed,
        roles,
        systems: [],
        language: null,
      });
      await tell(needs, { actor: 'provider', action: 'account.created', code: id, reason: roles.join(',') });
      return id;
    }
    await reseal(needs.db, id, sealed);
    if (roles.length !== before.roles.length || roles.some((role) => !before.roles.includes(role))) {
      await setRights(needs.db, id, { roles, systems: before.systems, staff: before.staff });
      await endSessions(needs.db, id);
      await tell(needs, { actor: 'provider', action: 'account.roles', code: id, reason: roles.join(',') });
    }
    return id;
  });
}

/** Changes a password by whoever knows the old one; every other session of the account ends. */
export async function changePassword(needs: Needs, id: string, password: string): Promise<void> {
  const account = await known(needs, id);
  mustBeGood(needs, password, cardOf(needs, account));
  const hash = await hashPassword(password);
  await inTransaction(needs.db, async () => {
    await setPassword(needs.db, id, hash);
    await endSessions(needs.db, id);
    await tell(needs, { actor: `account:${id}`, action: 'account.password', code: id, reason: 'changed' });
  });
}

export const byAddress = async (needs: Needs, address: string): Promise<AccountRow | undefined> => {
  const hash = addressHash(needs, address);
  return hash ? accountByAddress(needs.db, hash) : undefined;
};
