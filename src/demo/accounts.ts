import { randomBytes } from 'node:crypto';
import { type Role, roles } from '../core/scope.ts';
import type { Needs } from '../jobs/needs.ts';
import { localActor } from '../server/auth.ts';
import { createAccount, redeemLink } from '../server/sign-in/account.ts';

export interface DemoAccount {
  role: Role;
  address: string;
  password: string;
}

const names: Record<Role, string> = {
  admin: 'Aila Ylläpitäjä',
  dpo: 'Tuomas Tietosuoja',
  'decision-maker': 'Päivi Päättäjä',
  auditor: 'Taru Tarkastaja',
  viewer: 'Kalle Katselija',
  'system-owner': 'Oona Omistaja',
  hr: 'Henna Henkilöstö',
  supervisor: 'Eero Esimies',
};

/** A ready account for each role, with a password made for this run alone. */
export async function openAccounts(needs: Needs, systems: readonly string[]): Promise<DemoAccount[]> {
  const made: DemoAccount[] = [];
  for (const role of roles) {
    const address = `${role}@esimerkkitekniikka.test`;
    const password = randomBytes(12).toString('base64url');
    const { token } = await createAccount(needs, localActor(), {
      email: address,
      name: names[role],
      language: null,
      roles: [role],
      systems: role === 'system-owner' ? systems : [],
      staff: [],
    });
    await redeemLink(needs, token, { password });
    made.push({ role, address, password });
  }
  return made;
}
