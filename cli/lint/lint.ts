import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { agentsFolder, parseManifest, promptTrouble } from '../../core/agent/manifest.ts';
import { crewFile, parseCrewFile } from '../../core/crew-file.ts';
import { codeOf, type Fault, formatFault } from '../../core/errors.ts';
import { escalationPolicyFile, parseEscalationPolicy } from '../../core/escalation/policy.ts';
import { parseSprint } from '../../core/sprint/sprint.ts';
import { parseVaultAction } from '../../core/vault/action.ts';
import { parseFormula } from '../../core/vault/formula.ts';
import { parsePolicy } from '../../core/vault/policy.ts';

/** Every parser takes much less. */
const mostBytes = 16 * 1024 * 1024;

/** Prints one line per fault, or one per good document; 1 when there is any fault, 2 when a file cannot be read. */
export function lint(files: string[], say: (line: string) => void): number {
  let code = 0;
  for (const file of files) {
    let bytes: Buffer;
    const unread = (why: string): void => {
      say(`${file}: cannot be read (${why})`);
      code = 2;
    };
    try {
      // A link in somebody's branch may lead to what never ends, such as /dev/zero or a pipe.
      const facts = statSync(file);
      if (!facts.isFile() || facts.size > mostBytes) {
        unread(
          facts.isFile() ? `it has ${facts.size} bytes, and at most ${mostBytes} are read` : 'it is no file',
        );
        continue;
      }
      bytes = readFileSync(file);
    } catch (error) {
      unread(codeOf(error));
      continue;
    }
    const { faults, summary } = file.endsWith('.toml') ? checkToml(file, bytes) : checkSprint(file, bytes);
    for (const fault of faults) say(formatFault(fault));
    if (faults.length > 0) code = Math.max(code, 1);
    else say(`${file}: ${summary}`);
  }
  return code;
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
  const found = statSync(path.join(path.dirname(file), promptFile), { throwIfNoEntry: false });
  const trouble = promptTrouble(promptFile, found?.isFile() === true ? found.size : undefined);
  return {
    faults: trouble === undefined ? [] : [{ file, line: 0, column: 0, message: trouble }],
    summary: 'agent, valid',
  };
}
