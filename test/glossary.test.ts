import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { posts } from '../cli/factory/posts.ts';
import { isolations } from '../core/agent/cell/cell.ts';
import { exhaustions } from '../core/agent/entry.ts';
import { agentEngines } from '../core/agent/manifest.ts';
import { answerFolder, decidedFolder, outcomeFolder, toldFolder } from '../core/escalation/record.ts';
import { tiers } from '../core/vault/action.ts';
import {
  claimedFolder,
  earlierFolder,
  endedFolder,
  firedFolder,
  rejectedFolder,
  withdrawnFolder,
} from '../core/vault/record.ts';

// The glossary of docs/concepts.md: its words are those of the code, and the other way round where the code has a closed list.

const root = path.join(import.meta.dirname, '..');
const textOf = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const glossary = textOf('docs/concepts.md').split('## Glossary')[1] ?? '';
const rows = [...glossary.matchAll(/^\| ([^|]+) \| ([^|]+) \| `([^`|]+)` \|$/gm)].map(
  ([, words = '', meaning = '', file = '']) => ({ words: words.split(', '), meaning, file }),
);
/** Everything but the places. */
const said = rows.map(({ words, meaning }) => `${words.join(', ')}: ${meaning}`).join('\n');

/** A word as the code may write it: `auditToken`, `audit-token`, `Audit token`, and without what English adds. */
function spellings(word: string): RegExp {
  const parts = word.replace(/ of an? .*$/, '').split(/[ _-]/);
  return new RegExp(
    parts.map((part) => part.replace(/e?s$/, '').replace(/e$/, '')).join('[a-z]*[ _-]?'),
    'i',
  );
}

/** The words of a union of texts, as its file declares it: types are gone when a test runs. */
function unionIn(file: string, declared: string): string[] {
  const text = textOf(file);
  const from = text.indexOf(declared);
  expect([file, declared, from < 0]).toEqual([file, declared, false]);
  return [...text.slice(from, text.indexOf(';', from)).matchAll(/'([a-z-]+)'/g)].map(([, word = '']) => word);
}

/** The kinds of a union of objects, as its file declares it. */
function kindsOf(file: string, declared: string): string[] {
  const from = textOf(file).indexOf(declared);
  expect([file, declared, from < 0]).toEqual([file, declared, false]);
  const [union = ''] = textOf(file).slice(from).split('\n\n');
  return [...union.matchAll(/\{ kind: '(\w+)'/g)].map(([, kind = '']) => kind);
}

describe('the glossary', () => {
  it('is read whole by this test', () => {
    const lines = glossary.split('\n').filter((line) => /^\| (?!word \|)/.test(line));

    expect(rows.length).toBe(lines.length);
    expect(rows.length).toBeGreaterThan(60);
  });

  it.each(rows.map(({ words, file }) => [words.join(', '), words, file] as const))(
    '%s stands where it says',
    (_, words, file) => {
      expect([file, existsSync(path.join(root, file))]).toEqual([file, true]);
      const text = textOf(file);
      for (const word of words) expect([word, spellings(word).test(text)]).toEqual([word, true]);
    },
  );

  it('has no word twice', () => {
    const twice = rows
      .flatMap(({ words }) => words)
      .filter((word, index, all) => all.indexOf(word) !== index);

    // How a change went, and what a run came to, are two things with one word.
    expect(twice).toEqual(['failed']);
  });

  it.each([
    ['how a change can go', unionIn('core/report.ts', "status: 'done'")],
    ['what a run can come to', unionIn('core/report.ts', 'export type Outcome')],
    ['where an agent’s work can stand', unionIn('core/agent/entry.ts', 'status: z.enum')],
    ['why an agent is not woken any more', [...exhaustions]],
    ['tiers', [...tiers]],
    ['engines of agents', [...agentEngines]],
    ['isolations', [...isolations]],
    ['accounts of a factory', posts.map(({ name }) => name)],
    [
      'records of the vault',
      [firedFolder, endedFolder, rejectedFolder, withdrawnFolder, earlierFolder, claimedFolder],
    ],
    ['records of escalation', [decidedFolder, outcomeFolder, toldFolder, answerFolder]],
    ['verdicts', kindsOf('core/vault/verdict.ts', 'export type Verdict')],
  ])('has all %s', (_, words) => {
    expect(words.length).toBeGreaterThan(1);
    for (const word of words)
      expect([word, new RegExp(`(?<![a-z])${word.replace('-', '\\-')}(?![a-z])`).test(said)]).toEqual([
        word,
        true,
      ]);
  });
});
