import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { roles } from '../../roles.ts';
import { compiledFile, loadedFiles, runCompiled } from '../compiled.ts';

describe.each(roles.map(({ name }) => name))('the compiled %s', (name) => {
  it.skipIf(!existsSync(compiledFile(name))).each([
    ['Woodpecker', { CI: 'woodpecker' }, ['index.js']],
    ['a terminal', {}, ['index.js']],
    ['Forgejo Actions', { GITHUB_ACTIONS: 'true' }, ['forgejo-actions.js', 'index.js']],
  ])('on %s loads what speaks to that host, and nothing else', async (_, environment, files) => {
    let text = '';

    const loaded = await loadedFiles(compiledFile(name), async (more) => {
      ({ text } = await runCompiled(compiledFile(name), { ...environment, ...more }));
    });

    // It was given nothing, and came to its end with that.
    expect(text).toContain('The run ends red. Nothing was written.');
    expect(loaded).toEqual(files);
  });

  it.skipIf(!existsSync(compiledFile(name)))('carries of the Actions toolkit what it uses: no client', () => {
    const folder = path.dirname(compiledFile(name));
    const text = readFileSync(path.join(folder, 'forgejo-actions.js'), 'utf8');

    expect(text).toContain('add-mask');
    expect(text).not.toMatch(/octokit|undici|HttpClient|child_process/i);
    expect(text.length).toBeLessThan(12_000);
  });
});
