import { afterEach, expect, it } from 'vitest';
import type { Host } from '../../core/host/host.ts';
import { createMask } from '../../core/mask.ts';
import type { Report } from '../../core/report.ts';
import { openServers } from '../../core/servers.ts';
import { scripted } from '../scripted.ts';

let server: Awaited<ReturnType<typeof scripted>> | undefined;
afterEach(() => server?.close());

it.each(['send', 'woodpecker', 'audit'] as const)(
  'reading cannot write, on no server and with no token (%s)',
  async (name) => {
    server = await scripted(() => ({ status: 200, body: [] }));
    const servers = openServers(
      {
        'forge-url': server.url,
        'forge-token': 'sesame',
        'audit-token': 'other',
        'woodpecker-url': server.url,
        'woodpecker-token': 'third',
      },
      {
        host: {
          facts: { isEnvironmentChosen: false, workspace: '/' },
          automaticTokens: [] as string[],
        } as Host,
        mask: createMask(),
        report: { requests: { reads: 0, writes: 0 } } as Report,
        isDebug: false,
        say: () => undefined,
        surroundings: {},
        deadline: Date.now() + 10_000,
        clock: Date.now,
      },
    );
    const send = servers.reading[name];

    await send?.({ method: 'GET', route: '/version' });
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const)
      expect(() => send?.({ method, route: '/version' })).toThrow('while reading');

    servers.close();
    expect(server.asked).toHaveLength(1);
  },
);
