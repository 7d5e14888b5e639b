import { folded } from './fold.ts';

/**
 * What no agent changes, in whatever folder it stands: each decides what runs with a repository's secrets, who has to review,
 * or what the next agent is told to start.
 */
export const alwaysProtected: readonly string[] = [
  '.forgejo/',
  '.gitea/',
  '.github/',
  '.woodpecker/',
  '.woodpecker.y*ml',
  'CODEOWNERS',
  '.gitmodules',
  // From where the large files of a clone come, with whatever they hold.
  '.lfsconfig',
  '.mcp.json',
  '.claude/',
  '.codex/',
  '.opencode/',
  'opencode.json*',
];

/** Whether a pattern of protected paths is one that is understood: `*`, `?`, `**`, and a slash before or behind. */
export function isProtectedPattern(pattern: string): boolean {
  return (
    /^\/?[^/\s](?:[^\n]*[^\s])?$/.test(pattern) && !/[[\]{}!\\]|\/\/|(?:^|\/)\.{1,2}(?:\/|$)/.test(pattern)
  );
}

/**
 * Which patterns protect a path, as `.gitignore` reads them: with a slash inside or before, from the root; else in any folder.
 * A pattern that fits a folder protects all that is in it.
 */
export function protectionOf(patterns: readonly string[]): (path: string) => string | undefined {
  const compiled = patterns.map((pattern) => ({ pattern, expression: expressionOf(pattern) }));
  return (path) => {
    const name = folded(path);
    return compiled.find(({ expression }) => expression.test(name))?.pattern;
  };
}

function expressionOf(pattern: string): RegExp {
  const bare = pattern.replace(/^\/|\/$/g, '');
  const isAnchored = /\//.test(pattern.replace(/\/$/, ''));
  const body = bare
    .split('/')
    .map((part) => (part === '**' ? '**' : nameExpression(part)))
    .join('/')
    .replace(/\*\*\//g, '(?:[^/]+/)*')
    .replace(/\/\*\*$/, '/[^]+')
    .replace(/^\*\*$/, '[^]+');
  return new RegExp(`^${isAnchored ? '' : '(?:[^]*/)?'}${body}(?:/[^]*)?$`);
}

function nameExpression(part: string): string {
  return folded(part)
    .replace(/[.+^$()|]/g, '\\$&')
    .replace(/\*+/g, '[^/]@')
    .replace(/\?/g, '[^/]')
    .replace(/@/g, '*');
}
