import { existsSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { version } from '../core/version.ts';
import { roles } from '../roles.ts';
import { staleDocuments } from '../scripts/docs.ts';

function at(file: string): string {
  return fileURLToPath(new URL(`../${file}`, import.meta.url));
}

describe.each(roles)('the role $name', (role) => {
  it.each([
    'settings.ts',
    'state.ts',
    'read.ts',
    'plan.ts',
    'text.ts',
    'role.ts',
    'main.ts',
    'README.md',
    'action.yml',
    'example.yml',
  ])('has %s in its room', (file) => {
    expect(existsSync(at(`actions/${role.name}/${file}`))).toBe(true);
  });

  it.each(['docs.md', 'Containerfile', 'example.yaml', role.name])(
    'has %s at its Woodpecker door',
    (file) => {
      expect(existsSync(at(`plugins/${role.name}/${file}`))).toBe(true);
    },
  );

  it('can be started by path', () => {
    expect(statSync(at(`plugins/${role.name}/${role.name}`)).mode & 0o111).not.toBe(0);
  });

  it('is compiled', () => {
    expect(existsSync(at(`dist/${role.name}/index.js`))).toBe(true);
  });

  it('has an action.yml that the runner can read, with every setting', () => {
    const door = parse(readFileSync(at(`actions/${role.name}/action.yml`), 'utf8'));

    expect(Object.keys(door.inputs)).toEqual(Object.keys(role.settings));
    expect(door.runs).toEqual({ using: 'node20', main: `../../dist/${role.name}/index.js` });
  });

  it('describes every setting in a sentence', () => {
    for (const [name, { description }] of Object.entries(role.settings)) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(description).toMatch(/^[A-Z`].*[.]$/);
    }
  });
});

it('doors and tables are what the settings give', () => {
  expect(staleDocuments()).toEqual([]);
});

it('the version is the package’s', () => {
  expect(JSON.parse(readFileSync(at('package.json'), 'utf8')).version).toBe(version);
});

it('no dependency wants to run a script when it is installed', () => {
  expect(readFileSync(at('package-lock.json'), 'utf8')).not.toContain('hasInstallScript');
});
