import { gunzipSync } from 'node:zlib';
import { Failure } from '../../core/failure.ts';

const block = 512;
/** 500 members with all their fields are a few MB; anything far above is no archive of results. */
const mostBytes = 64 * 1024 * 1024;

/**
 * The files of a tar archive, gzipped or already unpacked by the transport. Directories and extended headers are passed over. Throws
 * `ANSWER_GARBLED` for what is cut or is no archive at all.
 */
export function filesIn(archive: Buffer): Buffer[] {
  const tar = unpacked(archive);
  const files: Buffer[] = [];
  for (let at = 0; ; ) {
    const head = tar.subarray(at, at + block);
    if (head.length < block) throw new Failure('ANSWER_GARBLED');
    if (head[0] === 0) return files;
    if (checksum(head) !== octal(head, 148, 8)) throw new Failure('ANSWER_GARBLED');
    const size = octal(head, 124, 12);
    const content = tar.subarray(at + block, at + block + size);
    if (content.length < size) throw new Failure('ANSWER_GARBLED');
    const type = String.fromCharCode(head[156] ?? 0);
    if (type === '0' || type === '\0') files.push(content);
    at += block + Math.ceil(size / block) * block;
  }
}

function unpacked(archive: Buffer): Buffer {
  if (archive[0] !== 0x1f || archive[1] !== 0x8b) return archive;
  try {
    return gunzipSync(archive, { maxOutputLength: mostBytes });
  } catch (error) {
    throw new Failure('ANSWER_GARBLED', { cause: new Error(error instanceof Error ? error.name : 'no gzip') });
  }
}

const octal = (head: Buffer, at: number, length: number): number => {
  const text = head.toString('latin1', at, at + length).replace(/[\0 ]+$/, '');
  return /^ *[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
};

/** Counts its own place as blanks. */
const checksum = (head: Buffer): number => head.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);
