import { gzipSync } from 'node:zlib';

export interface TarFile {
  name: string;
  content: Buffer;
}

const block = 512;

/** A gzipped ustar archive of small files, with a directory and an extended header in front, as tools write them. */
export function tarGz(files: readonly TarFile[]): Buffer {
  const parts = files.flatMap(({ name, content }) => [
    header(name, content.length),
    content,
    Buffer.alloc((block - (content.length % block)) % block),
  ]);
  const times = Buffer.from('30 mtime=1700000000.123456789\n');
  const extended = [header('PaxHeaders/0', times.length, 'x'), times, Buffer.alloc(block - times.length)];
  return gzipSync(Buffer.concat([header('./', 0, '5'), ...extended, ...parts, Buffer.alloc(2 * block)]));
}

function header(name: string, size: number, type = '0'): Buffer {
  const head = Buffer.alloc(block);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  head.write(name, 0, 100);
  head.write(octal(0o644, 7), 100);
  head.write(octal(0, 7), 108);
  head.write(octal(0, 7), 116);
  head.write(octal(size, 11), 124);
  head.write(octal(0, 11), 136);
  // the checksum counts its own place as blanks
  head.write('        ', 148);
  head.write(type, 156);
  head.write('ustar\0', 257);
  head.write('00', 263);
  const sum = head.reduce((total, byte) => total + byte, 0);
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return head;
}
