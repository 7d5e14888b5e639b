import { isUtf8 } from 'node:buffer';
import type { Mask } from '../../mask.ts';

/** A file to look through, with what stood at the same places before. */
export interface SearchedFile {
  path: string;
  bytes: Buffer;
}

/** What looks like a secret: where, and by which rule; never the secret itself. */
export interface SecretFinding {
  /** `known`: a secret of this run. Otherwise the rule of secretlint that told it. */
  rule: string;
  path: string;
  line: number;
}

export interface SecretSearch {
  findings: SecretFinding[];
  searched: number;
  /** Files that are no text: their bytes were looked through, and what is inside was not. */
  opaque: string[];
  /** Files that were not looked through, because time was over. They are not clean. */
  unsearched: string[];
}

/** So much at once goes to secretlint: its expressions are tried on pieces of a size for which none of them takes long. */
const pieceLength = 64 * 1024;
/** Longer than any key that it knows, so that none is cut in two everywhere. */
const overlap = 16 * 1024;

/**
 * Looks for secrets in what an agent wrote: for those that this run knows, in every form that the mask knows and also where
 * blanks or line ends stand between, and for whatever secretlint takes for one. What it finds in `before` is no news: it stood
 * in the repository already.
 */
export async function searchSecrets(
  files: readonly SearchedFile[],
  {
    before,
    mask,
    deadline,
    clock,
  }: { before: readonly Buffer[]; mask: Mask; deadline: number; clock: () => number },
): Promise<SecretSearch> {
  const lint = await linter();
  const known = new Set<string>();
  for (const bytes of before) {
    if (clock() > deadline) break;
    // Stopped early, this only lets more be found.
    for (const { rule, text } of await lint('file', bytes.toString('utf8'), deadline, clock))
      known.add(`${rule} ${text}`);
  }
  const search: SecretSearch = { findings: [], searched: 0, opaque: [], unsearched: [] };
  for (const { path, bytes } of files) {
    const text = bytes.toString('utf8');
    const own = ownSecretIn(text, mask) ?? ownSecretIn(path, mask);
    if (own !== undefined) search.findings.push({ rule: 'known', path, line: own });
    if (isOpaque(bytes)) search.opaque.push(path);
    const found = await lint(path, text, deadline, clock);
    for (const { rule, text: secret, line } of found)
      if (!known.has(`${rule} ${secret}`)) search.findings.push({ rule, path, line });
    if (clock() > deadline) search.unsearched.push(path);
    else search.searched += 1;
  }
  return search;
}

/** The line on which a secret of this run stands, in whichever form; 0 where it is only found with the blanks left out. */
export function ownSecretIn(text: string, mask: Mask): number | undefined {
  const at = mask.find(text);
  if (at >= 0) return lineAt(text, at);
  // Base64 broken over lines, characters of two bytes, a string put together of pieces; and turned around, which for the plain
  // characters that secrets are made of is the same with bytes.
  const forms = [
    text.replace(/[\s\0]+/g, ''),
    text.replace(/[\s\0"'`+,\\]+|%0[aAdD]/g, ''),
    Buffer.from(text, 'utf8').reverse().toString('latin1'),
  ];
  return forms.some((form) => mask.find(form) >= 0) ? 0 : undefined;
}

function lineAt(text: string, at: number): number {
  return text.slice(0, at).split('\n').length;
}

/** Whether a file is no text: what is packed in it, nobody can read without a program. */
function isOpaque(bytes: Buffer): boolean {
  return bytes.includes(0) || !isUtf8(bytes);
}

interface Told {
  rule: string;
  text: string;
  line: number;
}
type Lint = (path: string, text: string, deadline: number, clock: () => number) => Promise<Told[]>;

/** Loaded when there is something to look through: it is larger than all the rest of a role. */
async function linter(): Promise<Lint> {
  const [{ lintSource }, { creator }] = await Promise.all([
    import('@secretlint/core'),
    import('@secretlint/secretlint-rule-preset-recommend'),
  ]);
  const config = {
    rules: [{ id: '@secretlint/secretlint-rule-preset-recommend', rule: creator }],
  };
  return async (path, text, deadline, clock) => {
    const told: Told[] = [];
    for (let from = 0; from < text.length; from += pieceLength - overlap) {
      if (clock() > deadline) break;
      const content = heeded(text.slice(from, from + pieceLength));
      const { messages } = await lintSource({
        source: { content, ...nameFor(path), contentType: 'text' },
        // Without `noPhysicFilePath` rules would be told a path of the agent's as one of this machine.
        options: { config, locale: 'en', noPhysicFilePath: true },
      });
      for (const { ruleId, range } of messages) {
        const secret = content.slice(...range);
        const line = lineAt(text, from + range[0]);
        if (!told.some((other) => other.rule === ruleId && other.text === secret && other.line === line))
          told.push({ rule: ruleId, text: secret, line });
      }
      if (from + pieceLength >= text.length) break;
    }
    return told;
  };
}

/** A comment in a file can tell secretlint to look away. Whoever wrote the file is who is looked at. */
function heeded(text: string): string {
  return text.replace(/secretlint-(?=\w)/gi, 'secretlint_');
}

/**
 * A name of ours instead of the agent's: a rule looks at a few kinds of files more closely, and would open another kind (`.p12`)
 * by its path, on this machine.
 */
function nameFor(path: string): { filePath: string; ext: string } {
  const name = /(?:^|\/)(package(?:-lock)?\.json|\.npmrc)$/.exec(path)?.[1];
  if (name !== undefined) return { filePath: name, ext: name.endsWith('.json') ? '.json' : '' };
  return path.endsWith('.json')
    ? { filePath: 'file.json', ext: '.json' }
    : { filePath: 'file.txt', ext: '.txt' };
}
