import { describe, it } from 'vitest';
import { answerChecks } from './checks-answers.ts';
import { changeChecks } from './checks-changes.ts';
import { claimChecks } from './checks-claims.ts';
import { failureChecks } from './checks-failures.ts';
import { lawChecks } from './checks-law.ts';
import { mutationChecks } from './checks-mutations.ts';
import { registerChecks } from './checks-register.ts';
import { unseenChecks } from './checks-unseen.ts';
import { type Check, openWorld, type Subject, verbs } from './world.ts';

export const contractChecks: readonly Check[] = [
  ...changeChecks,
  ...failureChecks,
  ...answerChecks,
  ...claimChecks,
  ...lawChecks,
  ...registerChecks,
  ...mutationChecks,
];

export const checksFor = (subject: Subject): Check[] => {
  const has: readonly string[] = [...(subject.verbs ?? verbs), ...(subject.optional ?? [])];
  if (subject.isUnseen) return [...contractChecks.filter(({ forUnseen }) => forUnseen), ...unseenChecks].filter(isOf(has));
  return contractChecks.filter(ofRegister(subject)).filter(isOf(has));
};

/** A register's promises for registers alone. */
export const ofRegister = ({ isRegister }: { isRegister?: boolean }) => {
  const registers: readonly Check[] = registerChecks;
  return (check: Check) => isRegister === true || !registers.includes(check);
};

export const isOf =
  (has: readonly string[]) =>
  ({ needs = [] }: { needs?: readonly string[] }) =>
    needs.every((verb) => has.includes(verb));

export async function runCheck(check: Check, subject: Subject): Promise<void> {
  await using world = await openWorld(subject, check);
  await check.run(world);
}

/** The suite that every recipient's connector passes: its sandbox is handed in, and that is its test. */
export function keepsTheContract(name: string, subject: Subject): void {
  describe.concurrent(`${name} keeps the contract`, () => {
    for (const check of checksFor(subject)) it(check.name, () => runCheck(check, subject), check.timeoutMs);
  });
}
