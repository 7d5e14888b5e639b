import { logLine, plainJson } from '../../core/text/log-line.ts';
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
  { environment, print }: Pick<Local, 'environment' | 'print'>,
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
  const lines = json ? plainJson(shown).split('\n') : listLines(shown, machine, new Date());
  // At once: hundreds of lines one by one take as long as all the rest.
  print(lines.map((line) => `${logLine(line)}\n`).join(''));
  return faulty.length === 0 ? 0 : 1;
}
