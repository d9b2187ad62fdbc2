import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExchange, type ExchangeOptions, type FileServer } from '../../src/connectors/exchange.ts';
import { type Call, freeCall, type Gate, memoryGate } from '../../src/connectors/http.ts';
import { Failure } from '../../src/core/failure.ts';
import { lackingSshd, type SftpServer, startSftpServer } from '../support/sftp-server.ts';

const openGate: Gate = { enter: async () => ({ leave: async () => {} }) };
const otherKey = `SHA256:${'a'.repeat(43)}`;
const failureOf = async (work: Promise<unknown>): Promise<Failure> => {
  const said = await work.then(
    () => new Error('no failure'),
    (error: unknown) => error,
  );
  if (said instanceof Failure) return said;
  throw said;
};

describe('the way to files, over SFTP', () => {
  let server: SftpServer;
  beforeAll(async () => {
    server = await startSftpServer();
  });
  afterAll(async () => server[Symbol.asyncDispose]());
  const open = (over: Partial<FileServer> = {}, options: Partial<ExchangeOptions> = {}) => {
    const { address, user, privateKey, hostKey } = server;
    return createExchange({ gate: openGate, deadlineMs: 5000, ...options })({
      address,
      user,
      privateKey,
      hostKeys: [hostKey],
      ...over,
    });
  };
  const at = (name: string) => join(server.folder, name);

  it('leaves no half a file where a write cannot be finished', async () => {
    mkdirSync(at('taken.csv'));
    await failureOf(open().write('taken.csv', Buffer.from('values of a person'), freeCall));
    expect(readdirSync(server.folder).filter((name) => name.startsWith('taken'))).toEqual(['taken.csv']);
    rmSync(at('taken.csv'), { recursive: true });
  });

  it('lists plain files alone, and reads, writes, moves and removes them whole', async () => {
    const exchange = open();
    const bytes = randomBytes(300_000);
    mkdirSync(at('sub'));
    await exchange.write('sub/a.bin', bytes, freeCall);
    mkdirSync(at('sub/folder'));
    symlinkSync(at('sub/a.bin'), at('sub/link'));
    expect(await exchange.list('sub', freeCall)).toMatchObject([{ name: 'a.bin', size: 300_000 }]);
    expect((await exchange.read('sub/a.bin', freeCall))?.equals(bytes)).toBe(true);
    await exchange.write('sub/a.bin', Buffer.from('new'), freeCall);
    expect(readFileSync(at('sub/a.bin'), 'utf8')).toBe('new');
    expect(await exchange.move('sub/a.bin', 'sub/b.bin', freeCall)).toBe(true);
    expect(await exchange.remove('sub/b.bin', freeCall)).toBe(true);
    expect(readdirSync(at('sub')).sort()).toEqual(['folder', 'link']);
  });

  it('says of a file that is not there just that, and of a folder that a right is missing', async () => {
    const exchange = open();
    expect(await exchange.read('nowhere.csv', freeCall)).toBeNull();
    expect(await exchange.move('nowhere.csv', 'x.csv', freeCall)).toBe(false);
    expect(await exchange.remove('nowhere.csv', freeCall)).toBe(false);
    expect(await failureOf(exchange.list('nowhere', freeCall))).toMatchObject({ code: 'RIGHT_MISSING' });
    expect(await failureOf(exchange.write('nowhere/x.csv', Buffer.from('x'), freeCall))).toMatchObject({ code: 'RIGHT_MISSING' });
  });

  it.skipIf(process.getuid?.() === 0)('names a missing right where the login may not', async () => {
    mkdirSync(at('closed'));
    chmodSync(at('closed'), 0o000);
    expect(await failureOf(open().list('closed', freeCall))).toMatchObject({ code: 'RIGHT_MISSING' });
  });

  it('refuses a server with another host key before the login is told, and says which key it showed', async () => {
    const failure = await failureOf(open({ hostKeys: [otherKey] }).list('', freeCall));
    expect(failure.code).toBe('CREDENTIALS_REJECTED');
    expect(failure.hint).toContain(`the server shows the host key ${server.hostKey}, which is not the pinned one`);
    // one of several kinds of key; and a private key as a secret's file is read, without its last line break
    const exchange = open({ hostKeys: [otherKey, server.hostKey], privateKey: server.privateKey.trim() });
    expect(await exchange.list('', freeCall)).toBeInstanceOf(Array);
  });

  it('tells a wrong login, and shows neither user nor key', async () => {
    const wrong = await startSftpServer();
    try {
      const failure = await failureOf(open({ privateKey: wrong.privateKey }).list('', freeCall));
      expect(failure).toMatchObject({ code: 'CREDENTIALS_REJECTED', hint: expect.stringContaining('the login does not hold') });
      expect(inspect(failure, { depth: 9 })).not.toMatch(/PRIVATE KEY/);
      expect(await failureOf(open({ privateKey: 'no key' }).list('', freeCall))).toMatchObject({ code: 'CREDENTIALS_REJECTED' });
    } finally {
      await wrong[Symbol.asyncDispose]();
    }
  });

  it('reads nothing larger than the cap', async () => {
    writeFileSync(at('large.csv'), Buffer.alloc(100_001));
    const failure = await failureOf(open({}, { maxBytes: 100_000 }).read('large.csv', freeCall));
    expect(failure).toMatchObject({ code: 'ANSWER_GARBLED', hint: 'a file is larger than 100000 bytes' });
    expect((await open({}, { maxBytes: 100_001 }).read('large.csv', freeCall))?.length).toBe(100_001);
  });

  it('ends by its deadline at a server that says nothing, and one that is not there', async () => {
    const silent = net.createServer(() => {}).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address() as net.AddressInfo;
    const began = performance.now();
    const failure = await failureOf(open({ address: `sftp://127.0.0.1:${port}` }, { deadlineMs: 300 }).list('', freeCall));
    expect(failure.code).toBe('RECIPIENT_UNREACHABLE');
    expect(performance.now() - began).toBeLessThan(2000);
    silent.close();
    expect(await failureOf(open({ address: 'sftp://127.0.0.1:1' }).list('', freeCall))).toMatchObject({
      code: 'RECIPIENT_UNREACHABLE',
    });
  });

  it('sends nothing once the lease is lost: before the connection, after it, and before a file gets its name', async () => {
    const asked: string[] = [];
    const lost: Call = {
      beforeWire: async (kind) => {
        asked.push(kind);
        throw new Failure('LEASE_LOST');
      },
    };
    const past: Call = { beforeWire: async () => performance.now() - 1 };
    const soon: Call = { beforeWire: async () => performance.now() + 1 };
    for (const call of [lost, past, soon]) {
      expect(await failureOf(open().write('late.csv', Buffer.from('x'), call))).toMatchObject({ code: 'LEASE_LOST' });
      expect(existsSync(at('late.csv'))).toBe(false);
    }
    expect(asked).toEqual(['write']);
    // overtaken between the two steps of a write: the clock is asked again right before the name is given
    let reads = 0;
    const now = performance.now.bind(performance);
    const call: Call = { beforeWire: async () => 1e15 };
    performance.now = () => (++reads > 2 ? 1e16 : now());
    try {
      expect(await failureOf(open().write('late.csv', Buffer.from('x'), call))).toMatchObject({ code: 'LEASE_LOST' });
    } finally {
      performance.now = now;
    }
    expect(readdirSync(server.folder).filter((name) => name.startsWith('late'))).toEqual([]);
  });

  it('calls a write whose connection broke lost, keeps its slot, and a read only out of order', async () => {
    writeFileSync(at('long.bin'), Buffer.alloc(900_000));
    const { port } = new URL(server.address);
    const cutting = net.createServer((near) => {
      const far = net.connect(Number(port), '127.0.0.1');
      let passed = 0;
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        from.on('error', () => {});
        from.on('data', (data) => {
          passed += data.length;
          if (passed > 100_000) for (const end of [near, far]) end.destroy();
          else to.write(data);
        });
      }
    });
    await new Promise<void>((resolve) => cutting.listen(0, '127.0.0.1', resolve));
    const left: string[] = [];
    const gate: Gate = { enter: async () => ({ leave: async (how) => void left.push(how) }) };
    const address = server.address.replace(port, String((cutting.address() as net.AddressInfo).port));
    const exchange = open({ address }, { gate });
    expect(await failureOf(exchange.write('cut.bin', Buffer.alloc(900_000), freeCall))).toMatchObject({ code: 'ANSWER_LOST' });
    expect(await failureOf(exchange.read('long.bin', freeCall))).toMatchObject({ code: 'RECIPIENT_UNAVAILABLE' });
    expect(left).toEqual(['lost', 'lost']);
    expect(existsSync(at('cut.bin'))).toBe(false);
    cutting.close();
  });

  it('waits for a slot, and gives it back', async () => {
    const gate = memoryGate({ connections: 1 });
    const exchange = open({}, { gate, gatePatienceMs: 10_000 });
    const lists = await Promise.all([1, 2, 3].map(() => exchange.list('', freeCall)));
    expect(lists).toHaveLength(3);
    const held = await gate.enter(0);
    expect(await failureOf(open({}, { gate, gatePatienceMs: 20 }).list('', freeCall))).toMatchObject({ code: 'RECIPIENT_BUSY' });
    await held.leave('answered');
  });
});

it('is not opened without a pinned key, a login, or a whole address, nor with a login in the address', () => {
  const fine: FileServer = { address: 'sftp://files.test/a', user: 'kaiku', password: 'x', hostKeys: [otherKey] };
  const open = createExchange({ gate: openGate, deadlineMs: 100 });
  expect(() => open(fine)).not.toThrow();
  for (const [over, words] of [
    [{ hostKeys: [] }, /pinned/],
    [{ hostKeys: ['MD5:aa'] }, /pinned/],
    [{ user: '' }, /needs a user/],
    [{ password: '' }, /needs a user/],
    [{ address: 'https://files.test' }, /must be whole/],
    [{ address: 'files.test' }, /must be whole/],
    [{ address: 'sftp://kaiku:secret@files.test' }, /credentials have no place/],
    [{ address: 'sftp://files.test/?a=1' }, /host, port and folder/],
  ] as const)
    expect(() => open({ ...fine, ...over })).toThrow(words);
});

it('says what was left out where there is no OpenSSH server', () => {
  if (lackingSshd()) expect(process.env['KAIKU_TEST_LEFT_OUT']).toContain("OpenSSH's SFTP server");
});

describe('the way to files, in a folder of this machine', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kaiku-local-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const open = (options: Partial<ExchangeOptions> = {}) =>
    createExchange({ gate: openGate, deadlineMs: 5000, ...options })({ address: `file://${folder}`, user: '', hostKeys: [] });

  it('does what it does at a server', async () => {
    const exchange = open();
    mkdirSync(join(folder, 'sub'));
    symlinkSync(folder, join(folder, 'sub/link'));
    await exchange.write('sub/a.csv', Buffer.from('new'), freeCall);
    expect(await exchange.list('sub', freeCall)).toMatchObject([{ name: 'a.csv', size: 3 }]);
    expect((await exchange.read('sub/a.csv', freeCall))?.toString()).toBe('new');
    expect(await exchange.move('sub/a.csv', 'sub/b.csv', freeCall)).toBe(true);
    expect(await exchange.remove('sub/b.csv', freeCall)).toBe(true);
    expect(await exchange.read('sub/a.csv', freeCall)).toBeNull();
    expect(await exchange.move('sub/a.csv', 'sub/b.csv', freeCall)).toBe(false);
    expect(await exchange.remove('sub/b.csv', freeCall)).toBe(false);
    expect(await failureOf(exchange.list('nowhere', freeCall))).toMatchObject({ code: 'RIGHT_MISSING' });
    expect(await failureOf(exchange.write('nowhere/a.csv', Buffer.from(''), freeCall))).toMatchObject({ code: 'RIGHT_MISSING' });
  });

  it('leaves no half a file where a write cannot be finished', async () => {
    mkdirSync(join(folder, 'taken.csv'));
    await failureOf(open().write('taken.csv', Buffer.from('values of a person'), freeCall));
    expect(readdirSync(folder).filter((name) => name.startsWith('taken'))).toEqual(['taken.csv']);
    rmSync(join(folder, 'taken.csv'), { recursive: true });
  });

  it('keeps the cap and the lease', async () => {
    writeFileSync(join(folder, 'large.csv'), Buffer.alloc(11));
    expect(await failureOf(open({ maxBytes: 10 }).read('large.csv', freeCall))).toMatchObject({ code: 'ANSWER_GARBLED' });
    const past: Call = { beforeWire: async () => performance.now() - 1 };
    expect(await failureOf(open().write('late.csv', Buffer.from('x'), past))).toMatchObject({ code: 'LEASE_LOST' });
    expect(existsSync(join(folder, 'late.csv'))).toBe(false);
  });

  it('is no other machine', () => {
    const at = (address: string) => createExchange({ gate: openGate, deadlineMs: 1 })({ address, user: '', hostKeys: [] });
    expect(() => at('file://files.test/a')).toThrow(/its whole path/);
  });
});
