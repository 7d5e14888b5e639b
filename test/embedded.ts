import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type EmbeddedForge, type ForgeOptions, startForge } from '../embedded-forge/main.ts';
import { type EmbeddedGithub, startGithub } from '../embedded-github/main.ts';
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

/** Memory where the system lends some as a folder: git's many small files take a disk fifty times as long. */
const place = ['/dev/shm', tmpdir()].find((folder) => {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
});
const open = new Set<string>();
// A run that is broken off must not keep memory for ever.
process.once('exit', () => {
  for (const folder of open) rmSync(folder, { recursive: true, force: true });
});

/** How late every test's forge knows of a push, where a test does not say so itself: see `ForgeOptions.forkLag`. */
const forkLag = Number(process.env.FORGECREW_FORK_LAG ?? 0);

/** By which clock every test's forge shows times, in minutes east of UTC: see `ForgeOptions.zone`. */
const zone = Number(process.env.FORGECREW_ZONE ?? 0);

/** The embedded forge; its `close` fails when it was asked for a route that it does not have. */
export async function startTestForge(options: Omit<ForgeOptions, 'folder'> = {}): Promise<EmbeddedForge> {
  const folder = mkdtempSync(path.join(place ?? tmpdir(), 'forgecrew-forge-'));
  open.add(folder);
  const forge = await startForge({ forkLag, zone, ...options, folder });
  const { close } = forge;
  return closesOnlyKnown(
    Object.assign(forge, {
      async close(): Promise<void> {
        await close();
        rmSync(folder, { recursive: true, force: true });
        open.delete(folder);
      },
    }),
  );
}

/** The embedded Woodpecker; its `close` fails when it was asked for a route that it does not have. */
export async function startTestWoodpecker(
  given: Parameters<typeof startWoodpecker>[0],
): Promise<EmbeddedWoodpecker> {
  return closesOnlyKnown(await startWoodpecker(given));
}

export async function startTestGithub(): Promise<EmbeddedGithub> {
  return closesOnlyKnown(await startGithub());
}
