import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { KeysOfFile } from './cli/session.ts';
import { KeyFileError, parseKeyFile, type Rotated, rotateKey } from './core/seal.ts';

/** The names of the keys, never a byte of one. */
export async function showKeys(file: string): Promise<KeysOfFile> {
  return shown(file, await textOf(file));
}

/** Gives the file a new current key of one kind; the former ones stay in it. The file is whole at every moment. */
export async function rotateKeys(file: string, kind: Rotated): Promise<KeysOfFile> {
  const text = rotateKey(await textOf(file), kind, randomBytes);
  const whole = `${file}.${process.pid}`;
  try {
    const made = await open(whole, 'wx', 0o600);
    try {
      await made.writeFile(text);
      await made.sync();
    } finally {
      await made.close();
    }
    await rename(whole, file);
  } finally {
    await rm(whole, { force: true });
  }
  const folder = await open(dirname(file), 'r');
  await folder.sync().catch(() => {});
  await folder.close();
  return shown(file, text);
}

function shown(file: string, text: string): KeysOfFile {
  const { kek, hmac, signing, mlDsa } = parseKeyFile(text);
  const ring = (kind: string, { current, all }: typeof kek) => ({ kind, id: current.id, former: all.length - 1 });
  return {
    file,
    keys: [
      ring('kek', kek),
      ring('hmac', hmac),
      { kind: 'signing', id: signing.id, former: signing.former.length },
      ...(mlDsa ? [{ kind: 'ml-dsa', id: mlDsa.id, former: mlDsa.former.length }] : []),
    ],
  };
}

const textOf = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch(() => {
    throw new KeyFileError(`The key file ${file} is not there or cannot be read; point KAIKU_KEY_FILE at it.`);
  });
