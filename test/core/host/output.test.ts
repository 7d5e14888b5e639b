import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compiledFile } from '../../compiled.ts';

// A device that is always full stands for a disk that is.
const full = '/dev/full';

function printInto(file: string, name: string, args: string[], into: string) {
  const output = openSync(into, 'w');
  const ran = spawnSync(process.execPath, [compiledFile(name), ...args], {
    env: { PATH: process.env.PATH, FORGECREW_FORGE_URL: 'http://127.0.0.1:1', FORGECREW_FORGE_TOKEN: 'x' },
    stdio: ['ignore', output, file === 'pipe' ? 'pipe' : output],
    encoding: 'utf8',
  });
  closeSync(output);
  return { code: ran.status, said: ran.stderr ?? '' };
}

describe.skipIf(!existsSync(full))('a log that goes to a full disk', () => {
  it.each([
    ['dashboard', []],
    ['forgecrew', ['lint', 'package.json']],
    ['forgecrew', ['explain', 'x', '--ops-repo', 'owner/ops', '--forge-url', 'http://127.0.0.1:1']],
  ] as [string, string[]][])('is no defect: %s %j says so in one sentence, and ends red', (name, args) => {
    const { code, said } = printInto('pipe', name, args, full);

    expect(code).toBeGreaterThan(0);
    expect(said).toBe(
      'What is printed here cannot be written any more (ENOSPC: the disk is full). The run goes on without, and ends red.\n',
    );
  });

  it('ends red where not even that can be said', () => {
    expect(printInto('both', 'dashboard', [], full).code).toBe(1);
  });

  it('is not green either where everything else went well', () => {
    const { code } = printInto('pipe', 'forgecrew', ['lint', 'docs/examples/ops-repo/forgecrew.toml'], full);

    expect(code).toBe(1);
  });
});
