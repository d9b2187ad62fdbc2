import { mkdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect } from 'vitest';
import type { Recipient } from '../../src/connectors/connector.ts';
import { createExchange } from '../../src/connectors/exchange.ts';
import { memoryGate } from '../../src/connectors/http.ts';
import { Failure, type FailureCode } from '../../src/core/failure.ts';
import { type SftpServer, startSftpServer } from '../support/sftp-server.ts';
import type { FileCheck, FilesWorld } from './files-world.ts';
import { call, corrected, failureOf, given } from './world.ts';

/** The same connector over SFTP, against a server that is not ours where there is one. */

async function overSftp(w: FilesWorld) {
  const server = await startSftpServer();
  for (const name of w.vendor.folders) mkdirSync(join(server.folder, name), { recursive: true });
  w.vendor.put(w.person(1));
  w.vendor.put(w.person(2));
  const { path, bytes } = w.vendor.whole();
  writeFileSync(join(server.folder, path), bytes);
  const reach = (over: Partial<SftpServer> = {}, deadlineMs = 60_000): Recipient => {
    const { address, user, privateKey, hostKey } = { ...server, ...over };
    const open = createExchange({ gate: memoryGate({ connections: 4 }), deadlineMs });
    const at = { baseUrl: address, credentials: { user, privateKey }, hostKeys: [hostKey] };
    const { recipient } = w.connect(at, open, async () => {});
    if (!recipient) throw new Error('the connector has no recipient');
    return recipient;
  };
  return { server, reach, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** Somebody in between who lets so many bytes of a connection pass, or none and says nothing. */
async function between(server: SftpServer, mayPass: number) {
  const sockets = new Set<net.Socket>();
  const proxy = net.createServer((near) => {
    sockets.add(near.on('error', () => {}));
    if (mayPass === 0) return;
    const far = net.connect(Number(new URL(server.address).port), '127.0.0.1').on('error', () => {});
    let passed = 0;
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const)
      from
        .on('data', (data: Buffer) => {
          passed += data.length;
          if (passed > mayPass) for (const end of [near, far]) end.destroy();
          else to.write(data);
        })
        .on('close', () => to.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as net.AddressInfo;
  return {
    address: server.address.replace(/:\d+\//, `:${port}/`),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}

export const fileWireChecks: FileCheck[] = [
  {
    name: 'reads and promises over SFTP what it does in a folder',
    async run(w) {
      await using sftp = await overSftp(w);
      const [found] = await sftp.reach().find(w.person(1), w.place, call);
      if (!found) throw new Error('nobody was found');
      const said = await sftp.reach().rectify(found.ref, given(corrected(w, 1)), [], call);
      expect(said).toMatchObject(w.verbs.includes('rectify') ? { kind: 'accepted' } : { kind: 'refused', ask: true });
    },
  },
  {
    name: 'says by name what keeps it from the other side, and shows neither the person nor the login',
    async run(w) {
      await using sftp = await overSftp(w);
      const { reach, server } = sftp;
      await using stranger = await startSftpServer();
      await using silent = await between(server, 0);
      await using cutting = await between(server, 3000);
      const cases: [string, Recipient, FailureCode[]][] = [
        ['another host key', reach({ hostKey: `SHA256:${'a'.repeat(43)}` }), ['CREDENTIALS_REJECTED']],
        ['a wrong login', reach({ privateKey: stranger.privateKey }), ['CREDENTIALS_REJECTED']],
        ['nobody there', reach({ address: 'sftp://127.0.0.1:1/' }), ['RECIPIENT_UNREACHABLE']],
        ['one that says nothing', reach({ address: silent.address }, 300), ['RECIPIENT_UNREACHABLE']],
        ['one that is cut off', reach({ address: cutting.address }), ['RECIPIENT_UNREACHABLE', 'RECIPIENT_UNAVAILABLE']],
        ['no such folder', reach({ address: `${server.address}/nowhere` }), ['RIGHT_MISSING']],
      ];
      const kept = [...Object.values(w.person(1)), ...server.privateKey.split('\n').slice(1, 4)].map(String);
      for (const [what, by, codes] of cases) {
        const failure = await failureOf(by.find(w.person(1), w.place, call));
        expect(codes, what).toContain(failure.code);
        const shown = inspect(failure, { depth: 20, showHidden: true }) + JSON.stringify(failure);
        for (const text of kept.filter((value) => value.length > 3)) expect(shown).not.toContain(text);
      }
      expect(await reach().find(w.person(1), w.place, call)).toHaveLength(1);
    },
  },
  {
    name: 'says of a connection that broke in a write that the answer was lost, and can do it then',
    needs: ['rectify'],
    async run(w) {
      await using sftp = await overSftp(w);
      const open = createExchange({ gate: memoryGate({ connections: 4 }), deadlineMs: 60_000 });
      const at = (address: string) => ({ baseUrl: address, credentials: sftp.server, hostKeys: [sftp.server.hostKey] });
      await using cutting = await between(sftp.server, 6000);
      // looks go the whole way; what writes is cut off on its own
      let isCut = true;
      const by = w.connect(
        { ...at(sftp.server.address), credentials: { user: sftp.server.user, privateKey: sftp.server.privateKey } },
        (whole) => {
          const [sound, broken] = [open(whole), open({ ...whole, address: cutting.address })];
          return {
            ...sound,
            write: (path, bytes, c) =>
              (isCut ? broken : sound).write(path, Buffer.concat([bytes, Buffer.alloc(isCut ? 20_000 : 0, 32)]), c),
          };
        },
        async () => {},
      ).recipient;
      if (!by) throw new Error('the connector has no recipient');
      const [found] = await by.find(w.person(1), w.place, call);
      if (!found) throw new Error('nobody was found');
      const write = () => by.rectify(found.ref, given(corrected(w, 1)), [], call);
      const said = await write().catch((error: unknown) => error);
      expect(said).toBeInstanceOf(Failure);
      expect((said as Failure).code).toBe('ANSWER_LOST');
      isCut = false;
      expect(await write()).toMatchObject({ kind: 'accepted' });
    },
  },
];
