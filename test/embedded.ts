import { type EmbeddedForge, type ForgeOptions, startForge } from '../embedded-forge/main.ts';
import { type EmbeddedWoodpecker, startWoodpecker } from '../embedded-woodpecker/main.ts';

// The servers that tests of roles talk to. A role that asks one of them what it does not know may be right or wrong, but
// nothing was tested; so closing a server fails then, and no test can forget to look.

function closesOnlyKnown<Server extends { unknownRoutes: string[]; close(): Promise<void> }>(
  server: Server,
): Server {
  const { close } = server;
  return Object.assign(server, {
    async close(): Promise<void> {
      await close();
      const [first, ...others] = server.unknownRoutes.splice(0);
      if (first !== undefined)
        throw new Error(`asked what no embedded server knows: ${[first, ...others].join(', ')}`);
    },
  });
}

/** The embedded forge; its `close` fails when it was asked for a route that it does not have. */
export async function startTestForge(options: ForgeOptions = {}): Promise<EmbeddedForge> {
  return closesOnlyKnown(await startForge(options));
}

/** The embedded Woodpecker; its `close` fails when it was asked for a route that it does not have. */
export async function startTestWoodpecker(
  given: Parameters<typeof startWoodpecker>[0],
): Promise<EmbeddedWoodpecker> {
  return closesOnlyKnown(await startWoodpecker(given));
}
