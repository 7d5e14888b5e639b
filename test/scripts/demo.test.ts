// The stories of `npm run demo` are what a newcomer sees first, so one that goes through most commands is played as they play it.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

it('the story of an empty forge that becomes a factory is told to its end, by a clone that knows its commit', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['scripts/start.mjs', 'scripts/demo.ts', 'init'],
    {
      cwd: root,
      maxBuffer: 2 ** 24,
    },
  );
  expect(stdout).toContain('forgecrew doctor, after');
  expect(stdout).toMatch(/\d+ ok, 0 broken, 0 could not be checked\./);
  expect(stdout.trimEnd().split('\n').at(-1)).not.toContain('exit code 1');
});
