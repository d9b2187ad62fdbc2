import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';

/** A symmetric key and the name it is known by. The name may stand in the database and in logs; the bytes may not. */
export type Key = { id: string; bytes: Buffer };

/** Why a ciphertext did not open: `unknown-key` is mended with the right key file, `broken` never. */
export class SealError extends Error {
  override readonly name = 'SealError';
  readonly code: 'unknown-key' | 'broken';
  /** The id that the ciphertext names, where it could be read. */
  readonly keyId: string | undefined;

  constructor(code: 'unknown-key' | 'broken', keyId?: string, cause?: unknown) {
    super(
      code === 'unknown-key' ? `no key named ${keyId} is known` : 'the sealed value was altered, cut or belongs to another row',
      cause === undefined ? undefined : { cause },
    );
    this.code = code;
    this.keyId = keyId;
  }
}

const version = 1;
const nonceBytes = 12;
const tagBytes = 16;
export const keyBytes = 32;

/**
 * AES-256-GCM. Layout: version (1 byte) | length of the key id (1) | key id | nonce (12) | ciphertext | tag (16).
 * The header is authenticated with `aad`, which names the row the value belongs to, so that a ciphertext copied to another
 * person's row does not open. `nonce` is 12 random bytes, never used twice with one key; core has no randomness of its own.
 */
export function seal(key: Key, plain: Buffer | string, aad: string, nonce: Buffer): Buffer {
  if (nonce.length !== nonceBytes) throw new RangeError(`a nonce has ${nonceBytes} bytes, not ${nonce.length}`);
  const header = headerOf(key.id);
  const cipher = createCipheriv('aes-256-gcm', key.bytes, nonce).setAAD(Buffer.concat([header, Buffer.from(aad, 'utf8')]));
  const body = Buffer.concat([typeof plain === 'string' ? cipher.update(plain, 'utf8') : cipher.update(plain), cipher.final()]);
  return Buffer.concat([header, nonce, body, cipher.getAuthTag()]);
}

/** Opens what `seal` made with the same `aad`. Throws `SealError`; never answers a part of the plaintext. */
export function unseal(keyOf: (id: string) => Key | undefined, sealed: Buffer, aad: string): Buffer {
  const id = sealedKeyId(sealed);
  const header = headerOf(id);
  if (sealed.length < header.length + nonceBytes + tagBytes) throw new SealError('broken', id);
  const key = keyOf(id);
  if (!key) throw new SealError('unknown-key', id);
  const nonce = sealed.subarray(header.length, header.length + nonceBytes);
  const body = sealed.subarray(header.length + nonceBytes, -tagBytes);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key.bytes, nonce, { authTagLength: tagBytes })
      .setAAD(Buffer.concat([header, Buffer.from(aad, 'utf8')]))
      .setAuthTag(sealed.subarray(-tagBytes));
    return Buffer.concat([decipher.update(body), decipher.final()]);
  } catch (cause) {
    throw new SealError('broken', id, cause);
  }
}

/** The id of the key that a ciphertext was made with. Not authenticated until it opens. */
export function sealedKeyId(sealed: Buffer): string {
  const length = sealed[1];
  if (sealed[0] !== version || !length || sealed.length < 2 + length) throw new SealError('broken');
  return sealed.toString('latin1', 2, 2 + length);
}

/** Wraps one person's 32-byte key; destroying the wrapped form is what makes that person's payload unreadable. */
export function wrapKey(kek: Key, dek: Buffer, aad: string, nonce: Buffer): Buffer {
  if (dek.length !== keyBytes) throw new RangeError(`a person's key has ${keyBytes} bytes, not ${dek.length}`);
  return seal(kek, dek, `wrapped-key:${aad}`, nonce);
}

/** The 32-byte key inside. Throws `SealError`. */
export function unwrapKey(keyOf: (id: string) => Key | undefined, wrapped: Buffer, aad: string): Buffer {
  const dek = unseal(keyOf, wrapped, `wrapped-key:${aad}`);
  if (dek.length !== keyBytes) throw new SealError('broken', sealedKeyId(wrapped));
  return dek;
}

function headerOf(id: string): Buffer {
  if (!/^[\x21-\x7e]{1,255}$/.test(id)) throw new SealError('broken');
  return Buffer.concat([Buffer.from([version, id.length]), Buffer.from(id, 'latin1')]);
}

/** The current key writes; the former ones still read, until everything under them was written again. */
export interface KeyRing {
  current: Key;
  byId(id: string): Key | undefined;
  /** Current first. A look-up by keyed hash asks with each of them. */
  all: readonly Key[];
}

/** Seeds of one kind of signature; the former ones, newest first, verify what they once signed. */
export interface SigningKeys {
  id: string;
  seed: Buffer;
  former: readonly Buffer[];
}

/** What the key file holds. It lives outside the database: the database alone reveals nobody. */
export interface KeyFile {
  kek: KeyRing;
  hmac: KeyRing;
  /** Ed25519 seeds (32 bytes) that sign the audit log's checkpoints. */
  signing: SigningKeys;
  /** ML-DSA-44 seeds (32 bytes), where the log has a second signature. */
  mlDsa?: SigningKeys;
  createdAt: Date;
}

/** A key file that cannot be used. The message names the place and never a byte of a key. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError';
}

/**
 * The keys that can be rotated. The HMAC key is none of them: tombstones are one-way, and whoever was erased is found under the key that
 * made them.
 */
export const rotated = ['signing', 'ml-dsa', 'kek'] as const;
export type Rotated = (typeof rotated)[number];

interface StoredKey {
  id: string;
  key: string;
}
interface StoredFile {
  format: string;
  createdAt: string;
  kek: { current: string; keys: StoredKey[] };
  hmac: { current: string; keys: StoredKey[] };
  signing: StoredKey;
  formerSigning?: StoredKey[];
  mlDsa?: StoredKey;
  formerMlDsa?: StoredKey[];
}

const format = 'kaiku-keys/1';

/** The text of a fresh key file: JSON, each key 32 bytes in base64 under an id that is also its check sum. */
export function newKeyFile(random: (bytes: number) => Buffer, now: Date): string {
  const fresh = (kind: string) => storedKey(kind, random(keyBytes));
  const kek = fresh('kek');
  const hmac = fresh('hmac');
  const file: StoredFile = {
    format,
    createdAt: now.toISOString(),
    kek: { current: kek.id, keys: [kek] },
    hmac: { current: hmac.id, keys: [hmac] },
    signing: fresh('signing'),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/**
 * The same file with a new current key of one kind; the former keys stay, so that everything made with them still opens and verifies. The
 * first `ml-dsa` key begins the second signature.
 */
export function rotateKey(text: string, kind: Rotated, random: (bytes: number) => Buffer): string {
  parseKeyFile(text);
  const file = JSON.parse(text) as StoredFile;
  const fresh = storedKey(kind, random(keyBytes));
  if (kind === 'kek') file.kek = { current: fresh.id, keys: [fresh, ...file.kek.keys] };
  else if (kind === 'signing') {
    file.formerSigning = [file.signing, ...(file.formerSigning ?? [])];
    file.signing = fresh;
  } else {
    if (file.mlDsa) file.formerMlDsa = [file.mlDsa, ...(file.formerMlDsa ?? [])];
    file.mlDsa = fresh;
  }
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** Reads a key file. Throws `KeyFileError` naming what is wrong and where. */
export function parseKeyFile(text: string): KeyFile {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    // the parser's message quotes the text around the fault, which may be a key: it is not kept as a cause
    throw new KeyFileError('The key file is not valid JSON; it may be cut. Restore it from its backup.');
  }
  if (!isObject(file)) throw new KeyFileError('The key file is not a JSON object.');
  if (file['format'] !== format) throw new KeyFileError(`"format" in the key file is not "${format}".`);
  const createdAt = new Date(typeof file['createdAt'] === 'string' ? file['createdAt'] : Number.NaN);
  if (Number.isNaN(createdAt.getTime())) throw new KeyFileError('"createdAt" in the key file is not an ISO 8601 time.');
  const mlDsa = file['mlDsa'] === undefined ? null : parseSigning(file, 'ml-dsa', 'mlDsa', 'formerMlDsa');
  return {
    kek: parseRing(file['kek'], 'kek'),
    hmac: parseRing(file['hmac'], 'hmac'),
    signing: parseSigning(file, 'signing', 'signing', 'formerSigning'),
    ...(mlDsa ? { mlDsa } : {}),
    createdAt,
  };
}

function parseSigning(file: Record<string, unknown>, kind: string, at: string, formerAt: string): SigningKeys {
  const { id, bytes } = parseKey(file[at], kind, at);
  const former = file[formerAt] ?? [];
  if (!Array.isArray(former)) throw new KeyFileError(`"${formerAt}" in the key file is not a list.`);
  return { id, seed: bytes, former: former.map((key, n) => parseKey(key, kind, `${formerAt}[${n}]`).bytes) };
}

function parseRing(ring: unknown, name: 'kek' | 'hmac'): KeyRing {
  if (!isObject(ring)) throw new KeyFileError(`"${name}" is missing in the key file.`);
  if (!Array.isArray(ring['keys']) || ring['keys'].length === 0)
    throw new KeyFileError(`"${name}.keys" in the key file is empty.`);
  const keys = ring['keys'].map((key, n) => parseKey(key, name, `${name}.keys[${n}]`));
  const known = new Map(keys.map((key) => [key.id, key]));
  const current = typeof ring['current'] === 'string' ? known.get(ring['current']) : undefined;
  if (!current) throw new KeyFileError(`"${name}.current" in the key file names no key of "${name}.keys".`);
  return { current, byId: (id) => known.get(id), all: [current, ...keys.filter((key) => key !== current)] };
}

function parseKey(stored: unknown, kind: string, where: string): Key {
  if (!isObject(stored)) throw new KeyFileError(`"${where}" is missing in the key file.`);
  const { id, key } = stored;
  if (typeof id !== 'string') throw new KeyFileError(`"${where}.id" in the key file is not a text.`);
  if (typeof key !== 'string') throw new KeyFileError(`"${where}.key" in the key file is not a text.`);
  const bytes = Buffer.from(key, 'base64');
  if (bytes.length !== keyBytes || bytes.toString('base64') !== key) {
    throw new KeyFileError(`"${where}.key" in the key file is not ${keyBytes} bytes in base64.`);
  }
  // one wrong letter in an HMAC key would silently make every tombstone dead
  if (id !== keyId(kind, bytes))
    throw new KeyFileError(`"${where}.key" in the key file does not belong to its id: one of them was altered.`);
  return { id, bytes };
}

const storedKey = (kind: string, bytes: Buffer): StoredKey => ({ id: keyId(kind, bytes), key: bytes.toString('base64') });

/** 48 bits of a hash of 256 random bits: names a key, tells nothing about it. */
function keyId(kind: string, bytes: Buffer): string {
  return `${kind}-${createHash('sha256').update(`kaiku key id\0${kind}\0`).update(bytes).digest('hex').slice(0, 12)}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
