import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import {
  type Key,
  KeyFileError,
  newKeyFile,
  parseKeyFile,
  rotateKey,
  SealError,
  seal,
  sealedKeyId,
  unseal,
  unwrapKey,
  wrapKey,
} from '../../src/core/seal.ts';

const key: Key = { id: 'kek-1', bytes: Buffer.alloc(32, 1) };
const other: Key = { id: 'kek-2', bytes: Buffer.alloc(32, 2) };
const keyOf = (id: string) => [key, other].find((known) => known.id === id);
const nonce = Buffer.alloc(12, 5);

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array));
const code = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    if (error instanceof SealError) return error.code;
    throw error;
  }
  return 'opened';
};

describe('a sealed value', () => {
  it('is what NIST publishes for AES-256-GCM', () => {
    // test case 14 of the GCM submission, without associated data of its own: ours is the header, so only the ciphertext is compared
    const zero: Key = { id: 'k', bytes: Buffer.alloc(32) };
    const sealed = seal(zero, Buffer.alloc(16), '', Buffer.alloc(12));
    expect(sealed.subarray(3 + 12, -16).toString('hex')).toBe('cea7403d4d606b6e074ec5d3baf39d18');
  });

  test.prop([fc.uint8Array({ maxLength: 300 }), fc.string(), bytes(12)])('opens to what was sealed', (plain, aad, fresh) => {
    const sealed = seal(key, Buffer.from(plain), aad, fresh);
    expect(unseal(keyOf, sealed, aad)).toEqual(Buffer.from(plain));
    expect(sealedKeyId(sealed)).toBe('kek-1');
  });

  test.prop([fc.string({ maxLength: 40 }), fc.nat(), fc.integer({ min: 1, max: 255 })])(
    'never opens after any byte changed',
    (plain, at, by) => {
      const sealed = seal(key, plain, 'row', nonce);
      const changed = Buffer.from(sealed);
      changed[at % sealed.length] = (changed[at % sealed.length] ?? 0) ^ by;
      expect(code(() => unseal(keyOf, changed, 'row'))).not.toBe('opened');
    },
  );

  test.prop([fc.nat({ max: 60 })])('never opens when it is cut', (length) => {
    const sealed = seal(key, 'a value of some length', 'row', nonce);
    fc.pre(length < sealed.length);
    expect(code(() => unseal(keyOf, sealed.subarray(0, length), 'row'))).toBe('broken');
  });

  it('does not open in another row', () => {
    expect(code(() => unseal(keyOf, seal(key, 'value', 'person:1', nonce), 'person:2'))).toBe('broken');
  });

  it('does not open under a key that was renamed', () => {
    const sealed = seal(key, 'value', 'row', nonce);
    expect(code(() => unseal(() => other, sealed, 'row'))).toBe('broken');
  });

  it('does not open when the key id in it was rewritten, even to a name of the same key', () => {
    const sealed = Buffer.from(seal(key, 'value', 'row', nonce));
    sealed.write('kek-9', 2, 'latin1');
    expect(code(() => unseal((id) => ({ id, bytes: key.bytes }), sealed, 'row'))).toBe('broken');
  });

  it('names the key that is missing', () => {
    expect(() => unseal(() => undefined, seal(key, 'value', 'row', nonce), 'row')).toThrow(
      expect.objectContaining({ code: 'unknown-key', keyId: 'kek-1' }),
    );
  });

  it('wants a nonce of twelve bytes', () => {
    expect(() => seal(key, 'value', 'row', Buffer.alloc(8))).toThrow(RangeError);
  });
});

describe("a person's key", () => {
  it('comes back from its wrapping, in its own row only', () => {
    const dek = Buffer.alloc(32, 3);
    const wrapped = wrapKey(key, dek, 'person:1', nonce);
    expect(unwrapKey(keyOf, wrapped, 'person:1')).toEqual(dek);
    expect(code(() => unwrapKey(keyOf, wrapped, 'person:2'))).toBe('broken');
    // a wrapped key handed in as a value, or the other way round
    expect(code(() => unseal(keyOf, wrapped, 'person:1'))).toBe('broken');
  });

  it('has 32 bytes', () => {
    expect(() => wrapKey(key, Buffer.alloc(16), 'person:1', nonce)).toThrow(RangeError);
  });
});

describe('the key file', () => {
  let turn = 0;
  const random = (length: number) => Buffer.alloc(length, ++turn);
  const text = newKeyFile(random, new Date('2026-11-22T10:00:00Z'));
  const edited = (edit: (file: Record<string, Record<string, unknown>>) => void) => {
    const file = JSON.parse(text);
    edit(file);
    return JSON.stringify(file);
  };

  it('gives three different keys', () => {
    const keys = parseKeyFile(text);
    expect(keys.kek.current.bytes).toHaveLength(32);
    expect(keys.kek.byId(keys.kek.current.id)).toBe(keys.kek.current);
    expect(keys.hmac.current.bytes.equals(keys.kek.current.bytes)).toBe(false);
    expect(keys.signing.seed).toHaveLength(32);
    expect(keys.createdAt.toISOString()).toBe('2026-11-22T10:00:00.000Z');
  });

  it('keeps the former key after a rotation, so that old values still open', () => {
    const before = parseKeyFile(text);
    const sealed = seal(before.kek.current, 'value', 'row', nonce);
    const after = parseKeyFile(rotateKey(text, 'kek', random));
    expect(after.kek.current.id).not.toBe(before.kek.current.id);
    expect(after.kek.all.map(({ id }) => id)).toEqual([after.kek.current.id, before.kek.current.id]);
    expect(unseal(after.kek.byId, sealed, 'row').toString()).toBe('value');
    expect(after.hmac.current.id).toBe(before.hmac.current.id);
  });

  it('begins and rotates the keys of signatures, and knows the former ones', () => {
    expect(parseKeyFile(text).mlDsa).toBeUndefined();
    const once = rotateKey(rotateKey(text, 'signing', random), 'ml-dsa', random);
    const twice = parseKeyFile(rotateKey(rotateKey(once, 'signing', random), 'ml-dsa', random));
    const [first, second] = [parseKeyFile(text), parseKeyFile(once)];
    expect(twice.signing.former.map(String)).toEqual([second.signing.seed, first.signing.seed].map(String));
    expect(twice.mlDsa?.former.map(String)).toEqual([String(second.mlDsa?.seed)]);
    expect(twice.hmac.current.id).toBe(first.hmac.current.id);
  });

  it.each([
    ['is cut', text.slice(0, 200), /not valid JSON/],
    ['is a list', '[]', /not a JSON object/],
    ['has another format', edited((file) => Object.assign(file, { format: 'x' })), /"format"/],
    ['has no time', edited((file) => Object.assign(file, { createdAt: 'x' })), /"createdAt"/],
    ['has no ring', edited((file) => delete file['hmac']), /"hmac" is missing/],
    ['has an empty ring', edited((file) => Object.assign(file['kek'] ?? {}, { keys: [] })), /"kek.keys"/],
    ['names no current key', edited((file) => Object.assign(file['kek'] ?? {}, { current: 'x' })), /"kek.current"/],
    ['has a short key', edited((file) => Object.assign(file['signing'] ?? {}, { key: 'AAAA' })), /"signing.key".*32 bytes/],
    [
      'has former keys that are no list',
      edited((file) => Object.assign(file, { formerSigning: 1 })),
      /"formerSigning" .* is not a list/,
    ],
    [
      'has a former key of another kind',
      edited((file) => Object.assign(file, { formerSigning: [(file['kek'] as { keys: unknown[] }).keys[0]] })),
      /"formerSigning\[0\].key".*does not belong/,
    ],
    [
      'has a key with a wrong letter',
      edited((file) => Object.assign(file['signing'] ?? {}, { key: Buffer.alloc(32, 99).toString('base64') })),
      /"signing.key".*does not belong/,
    ],
  ])('says so when it %s', (_, broken, says) => {
    expect(() => parseKeyFile(broken)).toThrow(KeyFileError);
    expect(() => parseKeyFile(broken)).toThrow(says);
  });

  test.prop([fc.nat({ max: text.length - 1 }), fc.string({ minLength: 1, maxLength: 1 })])(
    'never shows a part of a key in its complaint',
    (at, put) => {
      const keys = Object.values(parseKeyFile(text)).flatMap((part) => ('current' in part ? [part.current.bytes] : []));
      try {
        parseKeyFile(text.slice(0, at) + put + text.slice(at + 1));
      } catch (error) {
        expect(error).toBeInstanceOf(KeyFileError);
        const said = `${String(error)} ${String((error as Error).cause)}`;
        for (const secret of keys) expect(said).not.toContain(secret.toString('base64').slice(0, 6));
      }
    },
  );
});
