import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { generateSecret, generateURI, verify } from 'otplib';
import { type Needs, tell } from '../../jobs/needs.ts';
import {
  type AccountRow,
  accountById,
  countFailure,
  countTry,
  dropOldTries,
  failureLimit,
  forgiveFailures,
  offerTotp,
  spendRecoveryCode,
  spendStep,
  takeTotp,
  takeTryBack,
} from '../../store/accounts.ts';
import { inTransaction } from '../../store/database.ts';
import { dropEndedSessions, endSession, endSessions, type Stage } from '../../store/sessions.ts';
import { addressHash, byAddress, cardOf, tryKey } from './account.ts';
import { isPassword } from './passwords.ts';
import { startSession } from './session.ts';

/**
 * What a try to sign in comes to. One answer for a wrong address, a wrong password, a locked and a disabled account, after the same
 * work: whoever guesses learns nothing but that it was not right.
 */
export type Tried = { kind: 'in'; token: string; stage: Stage } | { kind: 'wrong' } | { kind: 'too-many' };

const needsTotp = (needs: Needs) => needs.config.signIn?.requireTotp ?? true;

/** Of a provider's neighbours in the same house one is counted: IPv6 hands out whole networks. */
const houseOf = (ip: string) => (ip.includes(':') && !ip.startsWith('::ffff:') ? ip.split(':').slice(0, 4).join(':') : ip);

const beginTry = (needs: Needs, key: Buffer, ip: string) =>
  inTransaction(needs.db, () => countTry(needs.db, key, needs.vault.hash('browser', houseOf(ip))));

/** Address and password: the first step, and the whole of it where no second factor is asked for. */
export async function signIn(needs: Needs, given: { address: string; password: string; ip: string }): Promise<Tried> {
  const hash = addressHash(needs, given.address) ?? needs.vault.hash('account', given.address);
  const key = tryKey(needs, hash);
  const trial = await beginTry(needs, key, given.ip);
  if (trial === null) return { kind: 'too-many' };
  const account = await byAddress(needs, given.address);
  const right = await isPassword(account?.password, given.password);
  if (!account || !right || account.disabled_at || account.failures >= failureLimit) return wrong(needs, account, 'password');
  await takeTryBack(needs.db, trial);
  const stage: Stage = account.totp_sealed ? 'code' : needsTotp(needs) ? 'enrol' : 'full';
  if (stage === 'full') return enter(needs, account, 'password');
  return { kind: 'in', stage, token: await startSession(needs, account.id, stage) };
}

async function wrong(needs: Needs, account: AccountRow | undefined, reason: string): Promise<Tried> {
  const failures = await countFailure(needs.db, account?.id ?? randomUUID());
  const actor = account ? `account:${account.id}` : 'nobody';
  await tell(needs, { actor, action: 'sign-in.failed', reason });
  if (account && failures === failureLimit) await tell(needs, { actor: 'kaiku', action: 'account.locked', code: account.id });
  return { kind: 'wrong' };
}

/** Somebody is wholly in: what was counted against them is forgotten, and the session is a new one. */
export async function enter(
  needs: Needs,
  account: Pick<AccountRow, 'id' | 'address_hash'>,
  how: string,
): Promise<Tried & { kind: 'in' }> {
  return inTransaction(needs.db, async () => {
    if (account.address_hash) await forgiveFailures(needs.db, account.id, tryKey(needs, account.address_hash));
    await dropOldTries(needs.db);
    await dropEndedSessions(needs.db);
    await tell(needs, { actor: `account:${account.id}`, action: 'sign-in.done', reason: how });
    return { kind: 'in', stage: 'full', token: await startSession(needs, account.id, 'full') };
  });
}

/** The second step: a code of the app, or one of the recovery codes. The half session ends with it. */
export async function giveCode(
  needs: Needs,
  half: { id: string; account: string },
  given: { code: string; ip: string },
): Promise<Tried> {
  const account = await accountById(needs.db, half.account);
  if (!account?.totp_sealed || !account.address_hash) return { kind: 'wrong' };
  const trial = await beginTry(needs, tryKey(needs, account.address_hash), given.ip);
  if (trial === null) return { kind: 'too-many' };
  const secret = needs.vault.unsealJson<string>(`totp:${account.id}`, account.totp_sealed);
  const how = account.failures >= failureLimit ? null : await rightCode(needs, account.id, secret, given.code);
  if (!how) return wrong(needs, account, 'code');
  await endSession(needs.db, account.id, half.id);
  return enter(needs, account, how);
}

async function rightCode(needs: Needs, account: string, secret: string, code: string): Promise<string | null> {
  const bare = code.replace(/[\s-]/g, '').toLowerCase();
  if (/^\d{6}$/.test(bare)) {
    const step = await stepOf(secret, bare);
    return step !== null && (await spendStep(needs.db, account, step)) ? 'code' : null;
  }
  return (await spendRecoveryCode(needs.db, account, recoveryHash(bare))) ? 'recovery' : null;
}

/** The time step a code belongs to: this one or its neighbours, since clocks of telephones differ. Null: none. */
async function stepOf(secret: string, code: string): Promise<number | null> {
  const period = 30;
  const found = await verify({ secret, token: code, epochTolerance: period });
  return found.valid ? Math.floor(Date.now() / 1000 / period) + found.delta : null;
}

const recoveryHash = (code: string) => createHash('sha256').update(code).digest();

/** What an app is shown to make codes from: kept sealed until the first code proves that it was taken. */
export async function offerSecondFactor(needs: Needs, id: string): Promise<{ secret: string; uri: string }> {
  const account = await accountById(needs.db, id);
  if (!account) throw new Error('the account of a session is gone');
  const aad = `totp:${id}`;
  const secret = account.totp_offered ? needs.vault.unsealJson<string>(aad, account.totp_offered) : generateSecret();
  if (!account.totp_offered) await offerTotp(needs.db, id, needs.vault.sealJson(aad, secret));
  const { address, name } = cardOf(needs, account);
  return { secret, uri: generateURI({ issuer: 'Kaiku', label: address ?? name, secret }) };
}

/** Takes the offered factor with its first code. Answers a new session and the recovery codes, shown once; null: a wrong code. */
export async function takeSecondFactor(
  needs: Needs,
  id: string,
  given: { code: string; ip: string },
): Promise<{ token: string; codes: string[] } | 'wrong' | 'too-many'> {
  const account = await accountById(needs.db, id);
  if (!account?.totp_offered || !account.address_hash) return 'wrong';
  const trial = await beginTry(needs, tryKey(needs, account.address_hash), given.ip);
  if (trial === null) return 'too-many';
  const secret = needs.vault.unsealJson<string>(`totp:${id}`, account.totp_offered);
  const step = await stepOf(secret, given.code.replace(/\s/g, ''));
  if (step === null) return 'wrong';
  const codes = Array.from({ length: 10 }, newRecoveryCode);
  return inTransaction(needs.db, async () => {
    await takeTotp(
      needs.db,
      id,
      step,
      codes.map((code) => recoveryHash(code.replaceAll('-', ''))),
    );
    // another privilege, another session; those from before the factor end
    await endSessions(needs.db, id);
    await tell(needs, { actor: `account:${id}`, action: 'account.factor', code: id });
    const { token } = await enter(needs, account, 'code');
    return { token, codes };
  });
}

/** 80 random bits in letters and digits that are not taken for each other. */
function newRecoveryCode(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789';
  const text = Array.from({ length: 16 }, () => letters[randomBytes(4).readUInt32BE() % letters.length]).join('');
  return text.replace(/(.{4})(?=.)/g, '$1-');
}

/** Whether somebody who is signed in knows their password; tries count as they do at the door. */
export async function isOwnPassword(
  needs: Needs,
  account: AccountRow,
  given: { password: string; ip: string },
): Promise<true | 'wrongPassword' | 'tooMany'> {
  const trial = account.address_hash && (await beginTry(needs, tryKey(needs, account.address_hash), given.ip));
  if (trial === null) return 'tooMany';
  if (!(await isPassword(account.password, given.password))) {
    await wrong(needs, account, 'password');
    return 'wrongPassword';
  }
  await takeTryBack(needs.db, trial);
  return true;
}
