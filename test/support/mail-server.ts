import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export interface Caught {
  to: string[];
  raw: string;
}

/** A mail server over a real socket that keeps what it was handed, or refuses it with the code of `refuse`. */
export async function mailServer(port = 0): Promise<{ port: number; mails: Caught[]; refuse: number; close(): Promise<void> }> {
  const caught = { mails: [] as Caught[], refuse: 0 };
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS', 'AUTH'],
    logger: false,
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        if (caught.refuse)
          return done(
            Object.assign(new Error(`no room for ${session.envelope.rcptTo[0]?.address}`), { responseCode: caught.refuse }),
          );
        caught.mails.push({ to: session.envelope.rcptTo.map((r) => r.address), raw: Buffer.concat(chunks).toString('utf8') });
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return Object.assign(caught, {
    port: (server.server.address() as AddressInfo).port,
    close: () => new Promise<void>((resolve) => server.close(resolve)),
  });
}

/** A mail's text, out of quoted-printable. */
export const decoded = (raw: string) =>
  Buffer.from(
    raw.replace(/=\r?\n/g, '').replace(/=([0-9A-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');

/** The path of the link that confirms a request. */
export const linkIn = (raw: string, origin: string): string => {
  const text = decoded(raw);
  const from = text.indexOf(`${origin}/request/confirm/`);
  return from < 0 ? '' : (/^\/request\/confirm\/[\w-]{43}/.exec(text.slice(from + origin.length))?.[0] ?? '');
};
