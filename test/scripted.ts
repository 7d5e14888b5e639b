import http from 'node:http';

/** A server that answers as told, and remembers what it was asked. */
export async function scripted(
  answer: (nth: number) => { status: number; body: unknown; headers?: Record<string, string> },
): Promise<{
  url: string;
  asked: { path: string; headers: http.IncomingHttpHeaders; body: unknown }[];
  close(): Promise<void>;
}> {
  const asked: { path: string; headers: http.IncomingHttpHeaders; body: unknown }[] = [];
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      asked.push({
        path: `${request.method} ${request.url}`,
        headers: request.headers,
        body: JSON.parse(body || 'null'),
      });
      const { status, body: answered, headers } = answer(asked.length);
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(answered));
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
