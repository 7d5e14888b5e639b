import { type Dirent, readdirSync } from 'node:fs';
import path from 'node:path';
import { agentsFolder } from '../../core/agent/manifest.ts';
import { crewFile } from '../../core/crew-file.ts';
import { codeOf } from '../../core/errors.ts';
import { escalationPolicyFile } from '../../core/escalation/policy.ts';
import { vaultActions } from '../../core/vault/action.ts';
import { formulaFolder } from '../../core/vault/formula.ts';
import { policyFile } from '../../core/vault/policy.ts';

// Which files of a folder are documents of an ops repo: what a file is, its place says.

/** Where ops-filer looks, unless its settings say otherwise. */
const sprintFolder = 'sprints';
/** Where prerequisites looks, unless its settings say otherwise. */
export const treeFile = 'prerequisites.md';

/** Nobody's ops repo has more; whoever names a whole disk is told so. */
const mostNames = 100_000;

/** What is found below a folder, in the order of names, and folders that cannot be read, each with why. */
export interface Below {
  files: string[];
  unread: { folder: string; why: string }[];
}

/** Files of an ops repo that roles read, below a folder of it. Links lead elsewhere and are not followed. */
export function documentsBelow(folder: string): Below {
  const found: Below = { files: [], unread: [] };
  const folders = [folder];
  let names = 0;
  for (let below = folders.pop(); below !== undefined; below = folders.pop()) {
    let entries: Dirent[];
    try {
      entries = readdirSync(below, { withFileTypes: true });
    } catch (error) {
      found.unread.push({ folder: below, why: `cannot be read (${codeOf(error)})` });
      continue;
    }
    names += entries.length;
    if (names > mostNames) {
      found.unread.push({
        folder,
        why: `more than ${mostNames} files and folders are in it: name the folder of the ops repo`,
      });
      break;
    }
    for (const entry of entries) {
      const file = path.join(below, entry.name);
      if (entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules')
        folders.push(file);
      else if (entry.isFile() && isDocument(path.resolve(file))) found.files.push(file);
    }
  }
  found.files.sort();
  return found;
}

function isDocument(file: string): boolean {
  const name = path.basename(file);
  const folder = path.dirname(file);
  const isIn = (wanted: string): boolean => folder.endsWith(`${path.sep}${path.normalize(wanted)}`);
  const isAt = (wanted: string): boolean => file.endsWith(`${path.sep}${path.normalize(wanted)}`);
  return name.endsWith('.toml')
    ? name === crewFile ||
        isAt(policyFile) ||
        isAt(escalationPolicyFile) ||
        [vaultActions, formulaFolder, agentsFolder].some(isIn)
    : name === treeFile || (name.endsWith('.md') && isIn(sprintFolder));
}
