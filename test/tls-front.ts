import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { authority, ofThisMachine } from './core/api/certificates.ts';

/** A server with a certificate of the tests before one without; `ca` is a file that vouches for it. */
export async function startTlsFront(
  target: string,
): Promise<{ url: string; ca: string; close(): Promise<void> }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-tls-'));
  const ca = path.join(folder, 'ca.pem');
  writeFileSync(ca, authority);
  const server = https.createServer(ofThisMachine, (request, response) => {
    const forward = http.request(
      new URL(request.url ?? '/', target),
      { method: request.method, headers: { ...request.headers, host: new URL(target).host } },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    forward.once('error', () => response.destroy());
    request.pipe(forward);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ca,
    close: () =>
      new Promise((done) => {
        rmSync(folder, { recursive: true, force: true });
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
