import { readdirSync } from 'node:fs';
import { processLink } from '../../../core/agent/cell/processes.ts';

/** The processes whose working folder is this one or is in it; null where the system does not say. */
export function processesIn(folder: string): number[] | null {
  let names: string[];
  try {
    names = readdirSync('/proc');
  } catch {
    return null;
  }
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const at = processLink(pid, 'cwd');
      return at === folder || at?.startsWith(`${folder}/`) === true;
    });
}
