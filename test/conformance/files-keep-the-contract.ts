import { describe, it } from 'vitest';
import { fileChecks } from './checks-files.ts';
import { fileRegisterChecks } from './checks-files-register.ts';
import { fileSpoilChecks } from './checks-files-spoilt.ts';
import { fileWireChecks } from './checks-files-wire.ts';
import { type FileCheck, type FilesSubject, openFilesWorld } from './files-world.ts';
import { contractChecks, isOf, ofRegister } from './keeps-the-contract.ts';
import type { SharedCheck } from './world.ts';

/** What holds of any system, and what is said in the terms of files. */
export const fileChecksFor = (subject: FilesSubject): FileCheck[] => {
  const shared = contractChecks.filter((check): check is SharedCheck => check.forFiles === true);
  const own = [...fileChecks, ...fileWireChecks, ...fileSpoilChecks, ...(subject.isRegister ? fileRegisterChecks : [])];
  return [...shared.filter(ofRegister(subject)), ...own].filter(isOf(subject.verbs));
};

export async function runFileCheck(check: FileCheck, subject: FilesSubject): Promise<void> {
  await using world = await openFilesWorld(subject);
  await check.run(world);
}

/** The suite for a connector that exchanges files: the other side is handed in. */
export function filesKeepTheContract(name: string, subject: FilesSubject): void {
  describe.concurrent(`${name} keeps the contract`, () => {
    for (const check of fileChecksFor(subject)) it(check.name, () => runFileCheck(check, subject), check.timeoutMs);
  });
}
