import type { Buffer } from 'node:buffer';
import { lstatSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { agentsFolder, parseManifest, promptTrouble } from '../../core/agent/manifest.ts';
import { crewFile, parseCrewFile } from '../../core/crew-file.ts';
import { codeOf, type Fault, formatFault } from '../../core/errors.ts';
import { escalationPolicyFile, parseEscalationPolicy } from '../../core/escalation/policy.ts';
import { parsePrerequisites } from '../../core/prerequisites/document.ts';
import { parseSprint } from '../../core/sprint/sprint.ts';
import { exactText } from '../../core/text/exact-text.ts';
import { parseVaultAction } from '../../core/vault/action.ts';
import { parseFormula } from '../../core/vault/formula.ts';
import { parsePolicy } from '../../core/vault/policy.ts';
import { documentsBelow, treeFile } from './below.ts';

/** Every parser takes much less. */
const mostBytes = 16 * 1024 * 1024;

/**
 * Prints one line per fault, or one per good document; 1 when there is any fault, 2 when something cannot be read. Of a folder
 * everything below it that has its place in an ops repo.
 */
export function lint(given: string[], say: (line: string) => void): number {
  let code = 0;
  const unread = (what: string, why: string): void => {
    say(`${what}: ${why}`);
    code = 2;
  };
  for (const named of given) {
    const below = isFolder(named) ? documentsBelow(named) : { files: [named], unread: [], passed: [] };
    for (const { place, why } of below.unread) unread(place, why);
    for (const { place, why } of below.passed) say(`${place}: ${why}`);
    if (below.files.length === 0 && below.unread.length === 0)
      unread(
        named,
        `nothing below it is checked: only sprints/*.md, agents/*.toml, what is in vault/, ${escalationPolicyFile}, ${treeFile} and ${crewFile} are`,
      );
    for (const file of below.files) {
      const bytes = bytesOf(file);
      if (typeof bytes === 'string') {
        unread(file, `cannot be read (${bytes})`);
        continue;
      }
      const { faults, summary } = check(file, bytes);
      for (const fault of faults) say(formatFault(fault));
      if (faults.length > 0) code = Math.max(code, 1);
      else for (const line of [summary].flat()) say(`${file}: ${line}`);
    }
  }
  return code;
}

function isFolder(named: string): boolean {
  try {
    return statSync(named).isDirectory();
  } catch {
    // Why it cannot be looked at is said where it is read.
    return false;
  }
}

/** A file, or why it is not read. A link in somebody's branch may lead to what never ends, such as /dev/zero or a pipe. */
function bytesOf(file: string): Buffer | string {
  try {
    const facts = statSync(file);
    if (!facts.isFile()) return 'it is no file';
    return facts.size > mostBytes
      ? `it has ${facts.size} bytes, and at most ${mostBytes} are read`
      : readFileSync(file);
  } catch (error) {
    return codeOf(error);
  }
}

interface Checked {
  faults: Fault[];
  summary: string | string[];
}

function check(file: string, bytes: Uint8Array): Checked {
  if (file.endsWith('.toml')) return checkToml(file, bytes);
  return path.basename(file) === treeFile ? checkTree(file, bytes) : checkSprint(file, bytes);
}

/** What people wrote stays as it is, so it is no fault; what the role will leave alone is said. */
function checkTree(file: string, bytes: Uint8Array): Checked {
  const text = exactText(bytes);
  if (text === undefined)
    return { faults: [{ file, line: 0, column: 0, message: 'is no text in UTF-8' }], summary: '' };
  const { objectives, unknown } = parsePrerequisites(text);
  return {
    faults: [],
    summary: [
      `prerequisite tree with ${objectives.length} ${objectives.length === 1 ? 'objective' : 'objectives'}`,
      ...unknown.map(({ line, what }) => `line ${line}: ${what}`),
    ],
  };
}

function checkSprint(file: string, bytes: Uint8Array): { faults: Fault[]; summary: string } {
  const parsed = parseSprint(file, bytes);
  if (parsed.kind === 'faulty') return { faults: parsed.faults, summary: '' };
  if (parsed.kind === 'no-block') return { faults: [], summary: 'no filer block, nothing to check' };
  const { entries, vision } = parsed.sprint;
  return {
    faults: [],
    summary: `${entries.length} ${entries.length === 1 ? 'entry' : 'entries'} for vision #${vision}, valid`,
  };
}

/** Which document a file is, its place says: `forgecrew.toml`, `escalation/policy.toml`, `policy.toml`, in `agents/` or `formulas/`, otherwise an action. */
function checkToml(file: string, bytes: Uint8Array): { faults: Fault[]; summary: string } {
  const folder = path.basename(path.dirname(path.resolve(file)));
  if (folder === agentsFolder) return checkAgent(file, bytes);
  if (looksLikeAgent(bytes) && isNowhere(file, folder)) {
    const { faults, summary } = checkAgent(file, bytes);
    return { faults, summary: `${summary}; roles read it only in a folder ${agentsFolder}/` };
  }
  const [kind, parsed] =
    path.basename(file) === crewFile
      ? ['what holds for all roles', parseCrewFile(file, bytes)]
      : path.resolve(file).endsWith(`/${escalationPolicyFile}`)
        ? ['policy of escalation', parseEscalationPolicy(file, bytes)]
        : path.basename(file) === 'policy.toml'
          ? ['policy', parsePolicy(file, bytes)]
          : folder === 'formulas'
            ? ['formula', parseFormula(file, bytes)]
            : ['action', parseVaultAction(file, bytes)];
  return { faults: parsed.ok ? [] : parsed.faults, summary: `${kind}, valid` };
}

/** Whether no place says what a file is. */
function isNowhere(file: string, folder: string): boolean {
  return (
    folder !== 'actions' &&
    folder !== 'formulas' &&
    path.basename(file) !== crewFile &&
    path.basename(file) !== 'policy.toml'
  );
}

/** A manifest names its engine before any table, and no other document has such a field. */
function looksLikeAgent(bytes: Uint8Array): boolean {
  const [head = ''] = new TextDecoder().decode(bytes.subarray(0, 65_536)).split(/^\s*\[/m);
  return /^\s*["']?engine["']?\s*=/m.test(head);
}

/** A manifest, and the file of its prompt, which the role reads from beside it. */
function checkAgent(file: string, bytes: Uint8Array): { faults: Fault[]; summary: string } {
  const parsed = parseManifest(file, bytes);
  if (!parsed.ok) return { faults: parsed.faults, summary: '' };
  const { prompt_file: promptFile } = parsed.document;
  if (promptFile === undefined) return { faults: [], summary: 'agent, valid' };
  // The link itself, which the role takes for no file: one that leads to itself would end the look at everything else.
  const found = lstatSync(path.join(path.dirname(file), promptFile), { throwIfNoEntry: false });
  const trouble = promptTrouble(promptFile, found?.isFile() === true ? found.size : undefined);
  return {
    faults: trouble === undefined ? [] : [{ file, line: 0, column: 0, message: trouble }],
    summary: 'agent, valid',
  };
}
