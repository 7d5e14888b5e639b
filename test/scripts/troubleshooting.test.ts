import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { roles } from '../../roles.ts';
import { adviceOf, troubleshootingPage } from '../../scripts/docs/troubleshooting.ts';

const root = path.join(import.meta.dirname, '..', '..');
const textOf = (file: string): string => readFileSync(path.join(root, file), 'utf8');

describe('the index of what to do about red runs', () => {
  it.each(roles)('has what $name says of them', ({ name }) => {
    const file = `actions/${name}/README.md`;

    const advice = adviceOf(file, textOf(file));

    expect(advice.length).toBeGreaterThan(2);
    for (const { said, remedy } of advice) expect([said, remedy]).not.toContain('');
  });

  it('has every row of every document that has such a table', () => {
    const documents = readdirSync(path.join(root, 'docs'))
      .filter((file) => file.endsWith('.md') && !['troubleshooting.md', 'a-new-role.md'].includes(file))
      .map((file) => `docs/${file}`);
    const all = [...documents, ...roles.map(({ name }) => `actions/${name}/README.md`)].flatMap((file) =>
      adviceOf(file, textOf(file)),
    );
    const page = textOf('docs/troubleshooting.md');

    expect(page.split('\n').filter((line) => line.startsWith('| ')).length - 1).toBe(all.length);
  });

  it('keeps links whole, and is sorted by the first word', () => {
    const text = [
      '| the log says | do |',
      '|---|---|',
      '| `... zebra` | see [here](#there) |',
      '| `an \\| ape` | see [that](../../docs/vault.md#x) and [it](https://forge.example/a) |',
      '',
      '| the log says | do |',
    ].join('\n');

    const page = troubleshootingPage([{ file: 'actions/one/README.md', called: 'one', text }]);

    expect(page.split('\n').slice(-3, -1)).toEqual([
      '| `an \\| ape` | [one](../actions/one/README.md) | see [that](vault.md#x) and [it](https://forge.example/a) |',
      '| `... zebra` | [one](../actions/one/README.md) | see [here](../actions/one/README.md#there) |',
    ]);
  });
});
