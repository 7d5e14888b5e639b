import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { placeTrouble } from '../../../../core/agent/cell/place-trouble.ts';
import { possibleIsolation } from '../../../../core/agent/cell/possible-isolation.ts';
import { isolationTrouble } from '../../../../core/agent/isolation-for.ts';

const jiti = fileURLToPath(new URL('../../../../node_modules/jiti/lib/jiti-cli.mjs', import.meta.url));
const program = fileURLToPath(new URL('place-trouble.process.ts', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-place-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What is said of a folder on a file system of its own. */
function saidOn(options: string): string {
  return execFileSync(
    'unshare',
    [
      '-m',
      'sh',
      '-c',
      'mount -t tmpfs -o "$1" none "$2" && exec "$3" "$4" "$5" "$2/cells"',
      'sh',
      options,
      folder,
      process.execPath,
      jiti,
      program,
    ],
    { encoding: 'utf8' },
  );
}

function canMount(): boolean {
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', tmpdir()], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('a place for cells', () => {
  it('is fit where programs run and there is room, and nothing is left in it', () => {
    expect(placeTrouble(path.join(folder, 'not/there/yet'))).toBeUndefined();
    expect(readdirSync(folder)).toEqual([]);
  });

  it.skipIf(process.platform !== 'linux')(
    'where nothing can be written makes every isolation impossible, which is said once',
    async () => {
      const { best, tried } = await possibleIsolation({ first: 70_000, count: 4 }, '/proc/forgecrew');

      expect(best).toBe('none');
      expect(tried.every(({ works }) => !works)).toBe(true);
      expect(isolationTrouble(tried, { isolation: 'user', network: 'open' }, false)).toMatch(
        /^no isolation that it allows works on this machine \(at least user, network open\)\. \/proc cannot be written to \(E\w+\)\. Name another place with agent-folder/,
      );
      expect(
        isolationTrouble(tried, { isolation: 'user', network: 'open' }, false)?.match(/agent-folder/g),
      ).toHaveLength(1);
    },
  );

  it('is refused where no socket in it would stand where it is put', () => {
    expect(placeTrouble(path.join(folder, 'x'.repeat(100)))).toMatch(
      /^The path of a socket would have \d+ bytes .*, and at most 10\d are possible\. Name another place/,
    );
  });

  it.skipIf(!canMount()).each([
    [
      'no program may be run',
      'noexec,size=200m',
      /^No program may be run from .* mounted with noexec\. Name another place/,
    ],
    [
      'there is no room',
      'size=4m',
      /^There is not enough room in .*: \d+ MiB are free, and a cell needs \d+ MiB\./,
    ],
    ['nothing may be written', 'ro', /cannot be written to \(EROFS\)/],
  ])('is refused with words where %s', (_, options, said) => {
    expect(saidOn(options)).toMatch(said);
  });
});
