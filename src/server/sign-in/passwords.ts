import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto';

/** argon2id as OWASP asks for: 19 MiB, two passes, one lane; about 64 ms. */
const cost = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 } as const;
/** So many at once: whoever sends a thousand passwords fills a queue, not the memory. */
const atOnce = 4;

let running = 0;
const waiting: (() => void)[] = [];

async function derive(password: string, salt: Buffer, with_: Omit<Argon2Parameters, 'message' | 'nonce'>): Promise<Buffer> {
  if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
  running++;
  try {
    return await new Promise((resolve, reject) =>
      argon2('argon2id', { message: spelled(password), nonce: salt, ...with_ }, (error, key) =>
        error ? reject(error) : resolve(key),
      ),
    );
  } finally {
    running--;
    waiting.shift()?.();
  }
}

/** The same password typed on another keyboard is the same password. */
const spelled = (password: string) => Buffer.from(password.normalize('NFKC'), 'utf8');

/** In the form that names algorithm and cost, so that a later cost can stand beside. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt, cost);
  const plain = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${plain(salt)}$${plain(key)}`;
}

/** Of nobody: what an address without an account is compared with, in the same time. */
const nobodys = `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/** Whether this is the password; without a hash it is not, and takes as long. */
export async function isPassword(hash: string | null | undefined, password: string): Promise<boolean> {
  const parts = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/.exec(hash ?? nobodys);
  if (!parts) return false;
  const [memory, passes, parallelism] = parts.slice(1, 4).map(Number) as [number, number, number];
  const expected = Buffer.from(parts[5] ?? '', 'base64');
  const salt = Buffer.from(parts[4] ?? '', 'base64');
  const key = await derive(password, salt, { memory, passes, parallelism, tagLength: expected.length });
  return timingSafeEqual(key, expected) && hash !== null && hash !== undefined;
}
