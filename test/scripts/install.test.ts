import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { differences, type Locked, thisMachine } from '../../scripts/install.mjs';

const machine = { os: 'linux', cpu: 'x64', libc: 'glibc' };
const zod: Locked = { version: '4.6.7', integrity: 'sha512-a' };
const binding = (os: string, cpu: string, libc?: string): Locked => ({
  version: '1.0.0',
  integrity: 'sha512-b',
  optional: true,
  os: [os],
  cpu: [cpu],
  ...(libc === undefined ? {} : { libc: [libc] }),
});

/** What differs between a lock file with these packages and an installation with those. */
function between(wanted: Record<string, Locked>, installed: Record<string, Locked> | undefined): string[] {
  return differences(
    { packages: { '': { version: '0.1.0' }, ...wanted } },
    installed === undefined ? undefined : { packages: installed },
    machine,
  );
}

it.each<[string, Record<string, Locked>, Record<string, Locked> | undefined, string[]]>([
  ['the same packages', { 'node_modules/zod': zod }, { 'node_modules/zod': zod }, []],
  ['nothing at all', { 'node_modules/zod': zod }, undefined, ['nothing is installed']],
  ['a package less', { 'node_modules/zod': zod }, {}, ['zod is missing']],
  [
    'another version of a package',
    { 'node_modules/zod': zod },
    { 'node_modules/zod': { ...zod, version: '4.6.6' } },
    ['zod is 4.6.6, and 4.6.7 is locked'],
  ],
  [
    'other bytes under the same version',
    { 'node_modules/zod': zod },
    { 'node_modules/zod': { ...zod, integrity: 'sha512-x' } },
    ['zod has other bytes than are locked'],
  ],
  [
    'a package more, which others may find instead of their own',
    { 'node_modules/a': zod },
    { 'node_modules/a': zod, 'node_modules/a/node_modules/b': zod },
    ['a/node_modules/b is not locked'],
  ],
  [
    'all but the optional packages of other systems, processors and C libraries, and what only those need',
    {
      'node_modules/mac': binding('darwin', 'x64'),
      'node_modules/arm': binding('linux', 'arm64'),
      'node_modules/musl': binding('linux', 'x64', 'musl'),
      'node_modules/runtime': { version: '1.0.0', optional: true },
    },
    {},
    [],
  ],
  [
    'all but the optional package of this machine, as after a copy from another one',
    { 'node_modules/own': binding('linux', 'x64', 'glibc') },
    { 'node_modules/mac': binding('darwin', 'x64') },
    ['own is missing', 'mac is not locked'],
  ],
])('where %s: says what differs', (_, wanted, installed, said) => {
  expect(between(wanted, installed)).toEqual(said);
});

it('finds nothing to do after a plain npm ci, which is how these tests were installed', () => {
  const read = (file: string): { packages: Record<string, Locked> } =>
    JSON.parse(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'));

  const found = differences(
    read('package-lock.json'),
    read('node_modules/.package-lock.json'),
    thisMachine(),
  );

  expect(found).toEqual([]);
});
