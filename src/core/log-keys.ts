import {
  type Checkpoint,
  checkpointText,
  coSign,
  isSignedByAnother,
  mlDsaVkeyOf,
  noteName,
  signNote,
  vkeyOf,
} from './signed-note.ts';

/** How the log signs. Seeds of 32 bytes; the former ones only verify what they once signed. */
export interface LogSigner {
  origin: string;
  /** Ed25519. */
  seed: Buffer;
  /** Newest first. */
  former?: readonly Buffer[];
  /** ML-DSA-44: a second signature under each checkpoint, where the key file has a key for it. */
  mlDsa?: { seed: Buffer; former: readonly Buffer[] };
}

/** Every key that may have signed a checkpoint of this log: Ed25519 first, each kind newest first. */
export function vkeysOf({ origin, seed, former = [], mlDsa }: LogSigner): string[] {
  const name = noteName(origin);
  return [
    ...[seed, ...former].map((one) => vkeyOf(one, name)),
    ...(mlDsa ? [mlDsa.seed, ...mlDsa.former] : []).map((one) => mlDsaVkeyOf(one, name)),
  ];
}

/** A checkpoint with the log's signatures. */
export function signCheckpoint({ origin, seed, mlDsa }: LogSigner, size: number, root: Buffer, at: Date): string {
  const stop: Checkpoint = { origin, size, root };
  const note = signNote(seed, origin, checkpointText(stop));
  return mlDsa ? coSign(mlDsa.seed, origin, note, at) : note;
}

/** Whether a process with a newer key file signed this already: one that still has the old one stands back. */
export const isSignedByNewer = (signer: LogSigner, note: string): boolean =>
  isSignedByAnother(note, signer.origin, vkeysOf(signer));
