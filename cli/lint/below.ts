import { type Dirent, readdirSync, statSync } from 'node:fs';
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

/** What is found below a folder, in the order of names, and what of it is not looked at, each with why. */
export interface Below {
  files: string[];
  /** Folders that cannot be read, and links in the places of documents. */
  unread: { place: string; why: string }[];
  /** Links to folders where no document is looked for by its name. */
  passed: { place: string; why: string }[];
}

/** Files of an ops repo that roles read, below a folder of it. Links lead elsewhere and are not followed. */
export function documentsBelow(folder: string): Below {
  const found: Below = { files: [], unread: [], passed: [] };
  const folders = [folder];
  let names = 0;
  for (let below = folders.pop(); below !== undefined; below = folders.pop()) {
    let entries: Dirent[];
    try {
      entries = readdirSync(below, { withFileTypes: true });
    } catch (error) {
      found.unread.push({ place: below, why: `cannot be read (${codeOf(error)})` });
      continue;
    }
    names += entries.length;
    if (names > mostNames) {
      found.unread.push({
        place: folder,
        why: `more than ${mostNames} files and folders are in it: name the folder of the ops repo`,
      });
      break;
    }
    for (const entry of entries) {
      const file = path.join(below, entry.name);
      const isSkipped = entry.name.startsWith('.') || entry.name === 'node_modules';
      if (entry.isDirectory() && !isSkipped) folders.push(file);
      else if (entry.isFile() && isDocument(path.resolve(file))) found.files.push(file);
      else if (entry.isSymbolicLink() && !isSkipped) noteLink(found, file);
    }
  }
  found.files.sort();
  for (const list of [found.unread, found.passed]) list.sort((a, b) => (a.place < b.place ? -1 : 1));
  return found;
}

/** What would have been looked at if it were no link. One in the place of a document is none to the roles either: they read what git holds. */
function noteLink(found: Below, link: string): void {
  const at = path.resolve(link);
  if (isDocument(at))
    found.unread.push({
      place: link,
      why: 'is a link, which roles take for no document: it was not checked',
    });
  else if (documentFolders.some((wanted) => at.endsWith(`${path.sep}${path.normalize(wanted)}`)))
    found.unread.push({
      place: link,
      why: 'is a link, which roles do not follow: nothing below it was checked',
    });
  else if (leadsToFolder(link))
    found.passed.push({ place: link, why: 'is a link to a folder: nothing below it was looked at' });
}

/** Folders that are looked at because of their names. */
const documentFolders = [
  sprintFolder,
  agentsFolder,
  ...[vaultActions, formulaFolder, policyFile, escalationPolicyFile].flatMap((place) => {
    const above = path.dirname(place);
    return place.endsWith('.toml') ? [above] : [place, above];
  }),
];

function leadsToFolder(link: string): boolean {
  try {
    return statSync(link).isDirectory();
  } catch {
    // It leads nowhere, or to itself.
    return false;
  }
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
