import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { newKeyFile, parseKeyFile } from '../../src/core/seal.ts';
import { openShell, type Shell } from './run.ts';

let shell: Shell;
let file: string;
beforeEach(async () => {
  shell = await openShell();
  file = join(shell.data, 'keys.json');
  let n = 0;
  await writeFile(
    file,
    newKeyFile((bytes) => Buffer.alloc(bytes, ++n), new Date('2026-11-30T10:00:00Z')),
    { mode: 0o600 },
  );
  return () => shell.close();
});
const parsed = async () => parseKeyFile(await readFile(file, 'utf8'));

describe('kaiku keys', () => {
  it('names the keys and shows no byte of one', async () => {
    const { out } = await shell.kaiku('keys', 'show');
    const { kek, hmac, signing } = await parsed();
    for (const id of [kek.current.id, hmac.current.id, signing.id]) expect(out).toContain(id);
    for (const secret of [kek.current.bytes, hmac.current.bytes, signing.seed])
      expect(out).not.toContain(secret.toString('base64').slice(0, 8));
  });

  it('puts a new key into the file, keeps the former, and says what is next', async () => {
    const before = await parsed();
    const ran = await shell.kaiku('keys', 'rotate', 'signing');
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.out).toMatch(/back the file up again/);
    const after = await parsed();
    expect(after.signing.id).not.toBe(before.signing.id);
    expect(after.signing.former.map(String)).toEqual([String(before.signing.seed)]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('begins the second signature with its first key', async () => {
    const ran = await shell.kaiku('keys', 'rotate', 'ml-dsa', '--json');
    expect(ran.json<{ keys: { kind: string; former: number }[] }>().keys.at(-1)).toMatchObject({ kind: 'ml-dsa', former: 0 });
  });

  it('refuses the HMAC key, a file that is cut and one that is not there, and changes nothing', async () => {
    expect(await shell.kaiku('keys', 'rotate', 'hmac')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/signing, ml-dsa, kek/),
    });
    await writeFile(file, (await readFile(file, 'utf8')).slice(0, 100));
    const cut = await readFile(file, 'utf8');
    expect((await shell.kaiku('keys', 'rotate', 'kek')).err).toMatch(/may be cut/);
    expect(await readFile(file, 'utf8')).toBe(cut);
    await rm(file);
    expect((await shell.kaiku('keys', 'show')).err).toMatch(/KAIKU_KEY_FILE/);
  });
});
