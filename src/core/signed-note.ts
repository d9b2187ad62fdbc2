import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

/**
 * Signed notes and checkpoints as C2SP (`signed-note`, `tlog-checkpoint`, `tlog-cosignature`) writes them: Ed25519, and where the log has
 * a key for it ML-DSA-44 (FIPS 204) as a second signature, which a quantum computer does not forge. Anyone can check one with other
 * software, and never has to trust ours.
 */

/** The types of signatures, by the byte that C2SP assigned to each. */
const ed25519 = 0x01;
const mlDsa44 = 0x06;
/** What DER puts before a raw 32-byte Ed25519 key (RFC 8410): node:crypto takes no raw keys. */
const privatePrefix = Buffer.from('302e020100300506032b657004220420', 'hex');
const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex');
/** The same for ML-DSA-44 (RFC 9881): the seed alone, and the raw public key of 1312 bytes. */
const mlDsaPrivatePrefix = Buffer.from('3034020100300b060960864801650304031104228020', 'hex');
const mlDsaPublicPrefix = Buffer.from('30820532300b06096086480165030403110382052100', 'hex');
const mlDsaKeyBytes = 1312;
const mlDsaSignatureBytes = 2420;
/** Go's limit; a note is a few hundred bytes. */
const largestNote = 1_000_000;

/**
 * The signer's name as the format allows it: no blanks and no plus, which part the fields of a signature line. `Example Oy`
 * becomes `Example-Oy`; a domain stays as it is.
 */
export function noteName(name: string): string {
  const legal = name
    .normalize('NFC')
    .trim()
    .replace(/[\s\p{C}\p{Z}+]+/gu, '-');
  if (legal === '') throw new RangeError('a signer needs a name');
  return legal;
}

/** The verifier key that is handed out: `name+hash+base64(0x01 ‖ public key)`. `seed`: 32 bytes. */
export function vkeyOf(seed: Buffer, name: string): string {
  const key = publicBytes(privateKey(seed));
  return `${noteName(name)}+${keyHash(noteName(name), ed25519, key).toString('hex')}+${Buffer.concat([Buffer.of(ed25519), key]).toString('base64')}`;
}

/** `text` (ends with a newline) with one signature line under it. `seed`: 32 bytes. Deterministic, as Ed25519 is. */
export function signNote(seed: Buffer, name: string, text: string): string {
  if (!isNoteText(text)) throw new RangeError('a note ends with a newline and holds no control characters');
  const key = privateKey(seed);
  const signature = sign(null, Buffer.from(text, 'utf8'), key);
  const hash = keyHash(noteName(name), ed25519, publicBytes(key));
  return `${text}\n— ${noteName(name)} ${Buffer.concat([hash, signature]).toString('base64')}\n`;
}

/** The verifier key of the second signature: `name+hash+base64(0x06 ‖ public key)`. `seed`: 32 bytes. */
export function mlDsaVkeyOf(seed: Buffer, name: string): string {
  const key = mlDsaPublicBytes(mlDsaPrivateKey(seed));
  const hash = keyHash(noteName(name), mlDsa44, key).toString('hex');
  return `${noteName(name)}+${hash}+${Buffer.concat([Buffer.of(mlDsa44), key]).toString('base64')}`;
}

/**
 * A signed checkpoint with one more signature line: ML-DSA-44 over the name, the time, the origin, the size and the root. `at`: when, in
 * whole seconds. Not deterministic: FIPS 204 signs with fresh randomness.
 */
export function coSign(seed: Buffer, name: string, note: string, at: Date): string {
  const parts = split(note);
  const stop = parts && wholeCheckpoint(parts.text);
  if (!stop) throw new RangeError('only a checkpoint is signed with ML-DSA-44');
  const key = mlDsaPrivateKey(seed);
  const timestamp = bigEndian(Math.floor(at.getTime() / 1000));
  const signature = sign(null, cosignedMessage(noteName(name), timestamp, stop), key);
  const hash = keyHash(noteName(name), mlDsa44, mlDsaPublicBytes(key));
  return `${note}— ${noteName(name)} ${Buffer.concat([hash, timestamp, signature]).toString('base64')}\n`;
}

/**
 * The text of a note that one of the keys signed, or null: malformed, signed by none of them, or altered. Signatures of other keys (a
 * witness) are left alone, as the format demands.
 */
export function verifyNote(note: string, vkeys: string | readonly string[]): string | null {
  const verifiers = (typeof vkeys === 'string' ? [vkeys] : vkeys).map(parseVkey);
  const parts = split(note);
  if (!parts || verifiers.includes(null)) return null;
  let verified = false;
  for (const line of parts.signatures) {
    const match = /^— ([^\s+]+) (\S+)$/u.exec(line);
    const bytes = match?.[2] === undefined ? null : base64(match[2]);
    if (!match || !bytes || bytes.length < 5) return null;
    const verifier = verifiers.find((one) => one?.name === match[1] && one?.hash.equals(bytes.subarray(0, 4)));
    if (!verifier) continue;
    // a signature in our key's name that does not hold condemns the note, even beside one that does
    if (!verifier.holds(parts.text, bytes.subarray(4))) return null;
    verified = true;
  }
  return verified ? parts.text : null;
}

/** Whether somebody signed in this name with a key that is none of these: a key that came after them. */
export function isSignedByAnother(note: string, name: string, vkeys: readonly string[]): boolean {
  const known = vkeys.map((vkey) => parseVkey(vkey)?.hash.toString('hex'));
  return (split(note)?.signatures ?? []).some((line) => {
    const [, who, signature] = /^— ([^\s+]+) (\S+)$/u.exec(line) ?? [];
    return who === noteName(name) && !known.includes(Buffer.from(signature ?? '', 'base64').toString('hex', 0, 4));
  });
}

export interface Checkpoint {
  origin: string;
  size: number;
  root: Buffer;
}

/** The text that is signed: origin, size and root, a line each. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`;
}

/** Reads a checkpoint, signed or bare; it verifies nothing. Null when it is none. Extension lines are passed over. */
export function parseCheckpoint(note: string): Checkpoint | null {
  const [origin, digits, rootText] = (split(note)?.text ?? note).split('\n');
  if (!origin || !digits || !/^(0|[1-9]\d*)$/.test(digits)) return null;
  const size = Number(digits);
  const root = rootText === undefined ? null : base64(rootText);
  return Number.isSafeInteger(size) && root?.length === 32 ? { origin, size, root } : null;
}

function split(note: string): { text: string; signatures: string[] } | null {
  const gap = note.lastIndexOf('\n\n');
  if (gap < 0 || note.length > largestNote || !note.endsWith('\n')) return null;
  const text = note.slice(0, gap + 1);
  const signatures = note.slice(gap + 2, -1).split('\n');
  return isNoteText(text) ? { text, signatures } : null;
}

function isNoteText(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the format forbids exactly these
  return text.endsWith('\n') && text.isWellFormed() && !/[\u0000-\u0009\u000b-\u001f]/.test(text);
}

interface Verifier {
  name: string;
  hash: Buffer;
  holds(text: string, signature: Buffer): boolean;
}

function parseVkey(vkey: string): Verifier | null {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/u.exec(vkey.trim());
  const [, name, hex, encoded] = match ?? [];
  const bytes = encoded === undefined ? null : base64(encoded);
  if (!name || !hex || !bytes) return null;
  const [type, raw] = [bytes[0] ?? 0, bytes.subarray(1)];
  const hash = keyHash(name, type, raw);
  if (hash.toString('hex') !== hex) return null;
  if (type === ed25519 && raw.length === 32) {
    const key = publicKey(publicPrefix, raw);
    return { name, hash, holds: (text, signature) => verify(null, Buffer.from(text, 'utf8'), key, signature) };
  }
  if (type === mlDsa44 && raw.length === mlDsaKeyBytes) {
    const key = publicKey(mlDsaPublicPrefix, raw);
    return { name, hash, holds: (text, signature) => holdsMlDsa(key, name, text, signature) };
  }
  return null;
}

function holdsMlDsa(key: KeyObject, name: string, text: string, signed: Buffer): boolean {
  const stop = wholeCheckpoint(text);
  if (!stop || signed.length !== 8 + mlDsaSignatureBytes) return false;
  return verify(null, cosignedMessage(name, signed.subarray(0, 8), stop), key, signed.subarray(8));
}

/** A checkpoint that is its three lines and nothing more: this signature does not cover what may stand below them. */
function wholeCheckpoint(text: string): Checkpoint | null {
  const stop = parseCheckpoint(text);
  return stop && checkpointText(stop) === text ? stop : null;
}

/** The structure that C2SP `tlog-cosignature` has signed: the whole tree, from its first leaf. */
function cosignedMessage(name: string, timestamp: Buffer, { origin, size, root }: Checkpoint): Buffer {
  const short = (text: string) => {
    const bytes = Buffer.from(text, 'utf8');
    if (bytes.length === 0 || bytes.length > 255) throw new RangeError('a name of the log has 1 to 255 bytes');
    return Buffer.concat([Buffer.of(bytes.length), bytes]);
  };
  const label = Buffer.from('subtree/v1\n\0', 'latin1');
  return Buffer.concat([label, short(name), timestamp, short(origin), bigEndian(0), bigEndian(size), root]);
}

function bigEndian(count: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(count));
  return bytes;
}

function keyHash(name: string, type: number, key: Buffer): Buffer {
  return createHash('sha256').update(`${name}\n`, 'utf8').update(Buffer.of(type)).update(key).digest().subarray(0, 4);
}

const publicKey = (prefix: Buffer, raw: Buffer): KeyObject =>
  createPublicKey({ key: Buffer.concat([prefix, raw]), format: 'der', type: 'spki' });

function mlDsaPrivateKey(seed: Buffer): KeyObject {
  if (seed.length !== 32) throw new RangeError(`an ML-DSA-44 seed has 32 bytes, not ${seed.length}`);
  return createPrivateKey({ key: Buffer.concat([mlDsaPrivatePrefix, seed]), format: 'der', type: 'pkcs8' });
}

const mlDsaPublicBytes = (key: KeyObject): Buffer =>
  createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(mlDsaPublicPrefix.length);

function privateKey(seed: Buffer): KeyObject {
  if (seed.length !== 32) throw new RangeError(`an Ed25519 seed has 32 bytes, not ${seed.length}`);
  return createPrivateKey({ key: Buffer.concat([privatePrefix, seed]), format: 'der', type: 'pkcs8' });
}

function publicBytes(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(publicPrefix.length);
}

/** Strict: what decodes to the same bytes in another spelling is another text. */
function base64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}
