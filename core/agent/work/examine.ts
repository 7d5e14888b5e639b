import { folded } from './fold.ts';
import type { Limits } from './limits.ts';
import { leavingLinks } from './links.ts';
import type { Entry, NetChange } from './net-change.ts';
import { alwaysProtected, protectionOf } from './protected.ts';
import type { Refusal } from './refusal.ts';

/** Nobody reads more of them. */
const mostTold = 20;
const longestPath = 1024;
const deepest = 64;

/**
 * Everything that is wrong with a change by what it is: which paths, of which kind, how large. Nothing is read here, and what
 * stands in the files is looked at elsewhere. An empty list means that the change may go on.
 */
export function examine(
  { entries, links }: Pick<NetChange, 'entries' | 'links'>,
  { limits, protectedPaths }: { limits: Limits; protectedPaths: readonly string[] },
): Refusal[] {
  const protectedBy = protectionOf([...alwaysProtected, ...protectedPaths]);
  const refusals = entries.flatMap((entry): Refusal[] => {
    const path = shown(entry.path);
    const told = (rule: Refusal['rule'], said: string): Refusal[] => [{ rule, said, path: entry.path }];
    const fault = faultOfPath(entry);
    // It is not compared with anything: what it would be somewhere else cannot be told.
    if (fault !== undefined) return told('path', `The path ${path} ${fault}.`);
    const pattern = protectedBy(entry.path);
    if (pattern !== undefined)
      return told('protected-path', `${path} is protected by ${pattern}: no agent changes it.`);
    if (entry.before?.mode === '160000' || entry.after?.mode === '160000')
      return told(
        'submodule',
        `${path} is a repository of its own inside the work, and no agent changes those.`,
      );
    if (entry.after === null) return [];
    if (!['100644', '100755', '120000'].includes(entry.after.mode))
      return told('path', `${path} has the mode ${entry.after.mode}, which no file of a project has.`);
    if (entry.after.size > limits.fileBytes)
      return told(
        'too-large',
        `${path} has ${entry.after.size} bytes; at most ${limits.fileBytes} are taken in one file.`,
      );
    return [];
  });
  for (const { path, fault } of leavingLinks(links.before, links.after))
    refusals.push({ rule: 'link', said: `The link ${shown(path)} ${fault}.`, path });
  if (entries.length > limits.files)
    refusals.push({
      rule: 'too-many',
      said: `The work changes ${entries.length} files; at most ${limits.files} are taken.`,
    });
  const all = entries.reduce((sum, { after }) => sum + (after?.size ?? 0), 0);
  if (all > limits.allBytes)
    refusals.push({
      rule: 'too-large',
      said: `The changed files have ${all} bytes; at most ${limits.allBytes} are taken.`,
    });
  return firstOf(refusals);
}

/** As many as somebody reads, and how many more there are. */
export function firstOf(refusals: Refusal[]): Refusal[] {
  const more = refusals.slice(mostTold);
  const [next] = more;
  return next === undefined
    ? refusals
    : [...refusals.slice(0, mostTold), { rule: next.rule, said: `There are ${more.length} more of these.` }];
}

/** What is wrong with a path by itself, as the end of a sentence. */
function faultOfPath({ path, isText }: Entry): string | undefined {
  if (!isText) return 'is no text in UTF-8';
  // A name that shows as another one, or moves what stands around it.
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/u.test(path)) return 'has characters that cannot be seen';
  if (path.includes('\\')) return 'has a backslash, which is a folder elsewhere';
  const names = path.split('/');
  if (path.length > longestPath || names.length > deepest) return 'is too long';
  if (names.some((name) => name === '' || name === '.' || name === '..')) return 'leads elsewhere';
  if (names.some((name) => folded(name) === '.git' || /^git~\d/i.test(name)))
    return 'is a place that git keeps for itself';
  return undefined;
}

/** A path in a sentence: nothing unseen, and of a length that a line bears. */
export function shown(path: string): string {
  const text = path.replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (sign) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`,
  );
  return `\`${(text.length > 200 ? `${text.slice(0, 199)}…` : text).replaceAll('`', '´')}\``;
}
