import { fc, test } from '@fast-check/vitest';
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js';
import { describe, expect, it } from 'vitest';
import {
  checkpointText,
  coSign,
  mlDsaVkeyOf,
  noteName,
  parseCheckpoint,
  signNote,
  verifyNote,
  vkeyOf,
} from '../../src/core/signed-note.ts';

/** The example of the Go project's documentation of signed notes. */
const goKey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const goText = 'If you think cryptography is the answer to your problem,\n' + "then you don't know what your problem is.\n";
const goSignature =
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';
const goNote = `${goText}\n${goSignature}`;

const seed = Buffer.alloc(32, 7);
const root = Buffer.alloc(32, 9);

describe('a note signed by other software', () => {
  it('verifies', () => {
    expect(verifyNote(goNote, goKey)).toBe(goText);
  });

  test.prop([fc.nat(goNote.length - 1), fc.constantFrom('x', '\n', ' ', 'A', '+', '')])(
    'does not verify after any edit',
    (at, put) => {
      fc.pre(goNote[at] !== put);
      expect(verifyNote(goNote.slice(0, at) + put + goNote.slice(at + 1), goKey)).toBeNull();
    },
  );

  it('does not verify with a key whose hash was changed', () => {
    expect(verifyNote(goNote, goKey.replace('c74f20a3', 'c74f20a4'))).toBeNull();
  });
});

describe('our own notes', () => {
  it('has the key and signature that RFC 8032 publishes for its first secret key', () => {
    const rfcSeed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');
    const key = Buffer.from(vkeyOf(rfcSeed, 'log').split('+').slice(2).join('+'), 'base64');
    expect(key.toString('hex')).toBe('01d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
  });

  test.prop([
    fc.uint8Array({ minLength: 32, maxLength: 32 }),
    fc.string({ unit: 'grapheme' }),
    fc.stringMatching(/^[a-z.-]{1,20}$/),
  ])('verify under the handed-out key and under no other', (bytes, said, name) => {
    const own = Buffer.from(bytes);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the format forbids exactly these
    const text = `${said.toWellFormed().replace(/[\u0000-\u001f]/g, '')}\n`;
    const note = signNote(own, name, text);
    expect(verifyNote(note, vkeyOf(own, name))).toBe(text);
    expect(verifyNote(note, vkeyOf(own, `${name}x`))).toBeNull();
    expect(verifyNote(note, goKey)).toBeNull();
  });

  it('leave a witness alone, but fail on a second signature of ours that does not hold', () => {
    const text = checkpointText({ origin: 'log.example.fi', size: 3, root });
    const note = signNote(seed, 'log.example.fi', text);
    const vkey = vkeyOf(seed, 'log.example.fi');
    expect(verifyNote(note + goSignature, vkey)).toBe(text);
    const forged = signNote(seed, 'log.example.fi', 'another\n').split('\n').at(-2);
    expect(verifyNote(`${note}${forged}\n`, vkey)).toBeNull();
  });

  it('takes a company name for a signer, in the form that a signature line can carry', () => {
    expect(noteName('Example Oy')).toBe('Example-Oy');
    expect(noteName('example.fi')).toBe('example.fi');
    const text = checkpointText({ origin: 'Example Oy', size: 0, root });
    expect(verifyNote(signNote(seed, 'Example Oy', text), vkeyOf(seed, 'Example Oy'))).toBe(text);
    expect(() => noteName(' ')).toThrow(RangeError);
  });

  it('refuses a text that could be read in two ways', () => {
    expect(() => signNote(seed, 'log', 'no newline')).toThrow(RangeError);
    expect(() => signNote(seed, 'log', 'tab\there\n')).toThrow(RangeError);
  });
});

describe('the second signature', () => {
  const name = 'log.example.fi';
  const text = checkpointText({ origin: name, size: 12, root });
  const at = new Date('2026-11-30T10:00:00.900Z');
  const note = coSign(seed, name, signNote(seed, name, text), at);
  const line = note.split('\n').at(-2) ?? '';
  const bytes = Buffer.from(line.split(' ')[2] ?? '', 'base64');
  const rawKey = (vkey: string) => Buffer.from(vkey.split('+').slice(2).join('+'), 'base64');

  it('verifies by itself and beside the first, and whoever knows neither key learns nothing from it', () => {
    const [first, second] = [vkeyOf(seed, name), mlDsaVkeyOf(seed, name)];
    expect(verifyNote(note, first)).toBe(text);
    expect(verifyNote(note, second)).toBe(text);
    expect(verifyNote(note, [first, second])).toBe(text);
    expect(verifyNote(signNote(seed, name, text), second)).toBeNull();
    expect(verifyNote(note, mlDsaVkeyOf(Buffer.alloc(32, 8), name))).toBeNull();
  });

  it('is what another implementation of ML-DSA-44 makes of the message of C2SP tlog-cosignature', () => {
    const { publicKey } = ml_dsa44.keygen(seed);
    expect(rawKey(mlDsaVkeyOf(seed, name)).subarray(1).equals(Buffer.from(publicKey))).toBe(true);
    // written out here once more: label, name, time, origin, first leaf, size, root
    const seconds = Buffer.alloc(8);
    seconds.writeBigUInt64BE(BigInt(Date.UTC(2026, 10, 30, 10) / 1000));
    const message = Buffer.concat([
      Buffer.from('subtree/v1\n\0'),
      Buffer.of(14),
      Buffer.from('log.example.fi'),
      seconds,
      Buffer.of(14),
      Buffer.from('log.example.fi'),
      Buffer.from('0000000000000000000000000000000c', 'hex'),
      root,
    ]);
    expect(bytes.subarray(4, 12).equals(seconds)).toBe(true);
    expect(ml_dsa44.verify(bytes.subarray(12), message, publicKey)).toBe(true);
    expect(ml_dsa44.verify(bytes.subarray(12), Buffer.concat([message, Buffer.of(0)]), publicKey)).toBe(false);
  });

  it('is taken from another implementation', () => {
    const { secretKey } = ml_dsa44.keygen(seed);
    const time = Buffer.alloc(8, 0);
    const label = Buffer.from('subtree/v1\n\0');
    const named = Buffer.concat([Buffer.of(14), Buffer.from(name)]);
    const message = Buffer.concat([label, named, time, named, Buffer.alloc(8), Buffer.from('000000000000000c', 'hex'), root]);
    const signed = Buffer.concat([bytes.subarray(0, 4), time, Buffer.from(ml_dsa44.sign(message, secretKey))]);
    const theirs = `${text}\n— ${name} ${signed.toString('base64')}\n`;
    expect(verifyNote(theirs, mlDsaVkeyOf(seed, name))).toBe(text);
  });

  test.prop([fc.nat(), fc.integer({ min: 1, max: 255 })], { numRuns: 60 })('condemns the note after any edit of it', (at, by) => {
    const bent = Buffer.from(bytes);
    const place = 4 + (at % (bent.length - 4));
    bent[place] = (bent[place] ?? 0) ^ by;
    const edited = note.replace(line, `— ${name} ${bent.toString('base64')}`);
    expect(verifyNote(edited, [vkeyOf(seed, name), mlDsaVkeyOf(seed, name)])).toBeNull();
  });

  it('is put under checkpoints only, and vouches for nothing that stands below one', () => {
    expect(() => coSign(seed, name, signNote(seed, name, 'hello\n'), at)).toThrow(RangeError);
    const longer = note.replace('\n\n', '\nan extension line\n\n');
    expect(verifyNote(longer, mlDsaVkeyOf(seed, name))).toBeNull();
  });
});

describe('a checkpoint', () => {
  it('is read back, signed or bare', () => {
    const text = checkpointText({ origin: 'log.example.fi', size: 12, root });
    expect(text).toBe(`log.example.fi\n12\n${root.toString('base64')}\n`);
    expect(parseCheckpoint(text)).toEqual({ origin: 'log.example.fi', size: 12, root });
    expect(parseCheckpoint(signNote(seed, 'log.example.fi', text))).toEqual({ origin: 'log.example.fi', size: 12, root });
  });

  it.each([
    ['an empty origin', `\n12\n${root.toString('base64')}\n`],
    ['a padded size', `log\n012\n${root.toString('base64')}\n`],
    ['a negative size', `log\n-1\n${root.toString('base64')}\n`],
    ['a size beyond counting', `log\n99999999999999999999\n${root.toString('base64')}\n`],
    ['a short root', 'log\n12\nAAAA\n'],
    ['another spelling of the root', `log\n12\n${root.toString('base64').replace('=', '')}\n`],
    ['nothing', ''],
  ])('is refused with %s', (_, text) => {
    expect(parseCheckpoint(text)).toBeNull();
  });
});
