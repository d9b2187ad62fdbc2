import type { ConfigFile } from './config-schema.ts';
import type { Tell } from './config-secrets.ts';

/**
 * The register goes last, but no later than its own day. Were that day inside the undo window of a system that Kaiku erases at by itself, the
 * register would lose the person while the erasure could still be taken back. People who are asked are not waited for: what they
 * need is kept in the case.
 */
export function checkErasureOrder(file: ConfigFile, isHuman: (connector: string) => boolean, tell: Tell): void {
  const covers = (purpose: string, role: string) => file.purposes[purpose]?.for?.includes(role) ?? purpose in file.purposes;
  for (const [name, { register }] of Object.entries(file.systems)) {
    if (!register) continue;
    const [longest] = Object.entries(file.systems)
      .flatMap(([system, { connector, recipient }]) =>
        recipient && !isHuman(connector) && recipient.purposes.some((purpose) => covers(purpose, register.for))
          ? [{ system, hours: recipient.undoHours }]
          : [],
      )
      .sort((a, b) => b.hours - a.hours);
    if (!longest || longest.hours <= register.eraseAfterDays * 24) continue;
    const { system, hours } = longest;
    tell(
      ['systems', name, 'register', 'eraseAfterDays'],
      `the register would be erased ${register.eraseAfterDays} days after an approval, while "${system}" may still take the erasure back ` +
        `(undoHours: ${hours}): write eraseAfterDays: ${Math.ceil(hours / 24)} or more, or a shorter undoHours there`,
    );
  }
}
