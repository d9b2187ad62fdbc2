import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

/**
 * Signed notes and checkpoints as C2SP (`signed-note`, `tlog-checkpoint`) writes them, with Ed25519. Anyone can check one with
 * other software, and never has to trust ours.
 */

const ed25519 = 0x01;
/** What DER puts before a raw 32-byte Ed25519 key (RFC 8410): node:crypto takes no raw keys. */
const privatePrefix = Buffer.from('302e020100300506032b657004220420', 'hex');
const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex');
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
  return `${noteName(name)}+${keyHash(noteName(name), key).toString('hex')}+${Buffer.concat([Buffer.of(ed25519), key]).toString('base64')}`;
}

/** `text` (ends with a newline) with one signature line under it. `seed`: 32 bytes. Deterministic, as Ed25519 is. */
export function signNote(seed: Buffer, name: string, text: string): string {
  if (!isNoteText(text)) throw new RangeError('a note ends with a newline and holds no control characters');
  const key = privateKey(seed);
  const signature = sign(null, Buffer.from(text, 'utf8'), key);
  const hash = keyHash(noteName(name), publicBytes(key));
  return `${text}\n— ${noteName(name)} ${Buffer.concat([hash, signature]).toString('base64')}\n`;
}

/**
 * The text of a note that the key signed, or null: malformed, not signed by it, or altered. Signatures of other keys (a witness)
 * are left alone, as the format demands.
 */
export function verifyNote(note: string, vkey: string): string | null {
  const verifier = parseVkey(vkey);
  const parts = split(note);
  if (!verifier || !parts) return null;
  let verified = false;
  for (const line of parts.signatures) {
    const match = /^— ([^\s+]+) (\S+)$/u.exec(line);
    const bytes = match?.[2] === undefined ? null : base64(match[2]);
    if (!match || !bytes || bytes.length < 5) return null;
    if (match[1] !== verifier.name || !bytes.subarray(0, 4).equals(verifier.hash)) continue;
    // a signature in our key's name that does not hold condemns the note, even beside one that does
    if (!verify(null, Buffer.from(parts.text, 'utf8'), verifier.key, bytes.subarray(4))) return null;
    verified = true;
  }
  return verified ? parts.text : null;
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

function parseVkey(vkey: string): { name: string; hash: Buffer; key: KeyObject } | null {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/u.exec(vkey.trim());
  const bytes = match?.[3] === undefined ? null : base64(match[3]);
  if (!match?.[1] || !match[2] || bytes?.length !== 33 || bytes[0] !== ed25519) return null;
  const hash = keyHash(match[1], bytes.subarray(1));
  if (hash.toString('hex') !== match[2]) return null;
  return {
    name: match[1],
    hash,
    key: createPublicKey({ key: Buffer.concat([publicPrefix, bytes.subarray(1)]), format: 'der', type: 'spki' }),
  };
}

function keyHash(name: string, key: Buffer): Buffer {
  return createHash('sha256').update(`${name}\n`, 'utf8').update(Buffer.of(ed25519)).update(key).digest().subarray(0, 4);
}

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
