import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Hook {
  headers: IncomingHttpHeaders;
  body: string;
}

/** A receiver of webhooks over a real socket: it keeps what came, and answers with `status` and `answer`. */
export async function hookServer(
  port = 0,
): Promise<{ port: number; hooks: Hook[]; status: number; answer: string; close(): Promise<void> }> {
  const caught = { hooks: [] as Hook[], status: 204, answer: '' };
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')));
    request.on('end', () => {
      caught.hooks.push({ headers: request.headers, body });
      response.writeHead(caught.status).end(caught.answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()));
  return Object.assign(caught, {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  });
}
