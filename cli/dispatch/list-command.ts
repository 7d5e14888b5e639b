import { readConfig } from './config.ts';
import { type DispatchList, listedOf, listLines } from './list.ts';
import type { Local } from './local.ts';
import { thisMachine } from './machine.ts';
import { readRegistry } from './registry.ts';

export interface ListOptions {
  all: boolean;
  offline: boolean;
  json: boolean;
}

/** Lists what is dispatched; 1 where a file of the registry cannot be read. */
export async function list(
  { all, offline, json }: ListOptions,
  { environment, say }: Local,
): Promise<number> {
  const { config } = readConfig(environment);
  const machine = thisMachine();
  const registry = readRegistry(config.logRoot);
  const listed = listedOf(registry, machine, { all });
  const { faulty } = registry;
  const shown: DispatchList = offline
    ? {
        version: 1,
        dispatches: listed.map((item) => ({ ...item, forge: null })),
        elsewhere: [],
        faulty,
      }
    : await (await import('./list-online.ts')).withForge({ listed, registry }, { config, environment });
  if (json) say(JSON.stringify(shown, null, 2));
  else for (const line of listLines(shown, machine, new Date())) say(line);
  return faulty.length === 0 ? 0 : 1;
}
