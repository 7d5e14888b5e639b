import { describe, expect, it } from 'vitest';
import { isolations, networks } from '../../../../core/agent/cell/cell.ts';
import { pathOf, unsafeVariable } from '../../../../core/agent/cell/environment.ts';
import { gapsOf, refusalOf } from '../../../../core/agent/cell/gaps.ts';
import { prlimitArguments } from '../../../../core/agent/cell/limits.ts';
import { formsOf } from '../../../../core/agent/cell/needles.ts';
import { parseStart, parseStatus } from '../../../../core/agent/cell/processes.ts';
import { mayRun } from '../../../../core/agent/cell/uid-lock.ts';

describe('what is known of processes', () => {
  it('a first thread that left, while others go on, is a process that runs', () => {
    const status = (threads: number): string =>
      `Name:\tx\nState:\tZ (zombie)\nPid:\t7\nPPid:\t1\nUid:\t5\t5\t5\t5\nNSpid:\t7\t2\nThreads:\t${threads}\n`;

    expect(parseStatus(status(1))).toEqual({
      pid: 7,
      parent: 1,
      uids: [5, 5, 5, 5],
      isOver: true,
      pids: [7, 2],
    });
    expect(parseStatus(status(2))?.isOver).toBe(false);
  });

  it('a name with brackets and blanks hides no start', () => {
    const rest = Array.from({ length: 30 }, (_, index) => String(index + 3)).join(' ');

    expect(parseStart(`7 (a) b) ${rest}`)).toBe('22');
  });

  it.each([
    ['runs', {}, true],
    ['has a pid that another process got', { start: '6' }, false],
    ['ran before the machine was started anew', { boot: 'c' }, false],
    ['stands in another container, and cannot be judged', { namespace: 'pid:[2]', start: '6' }, true],
  ])('a holder that %s', (_, overrides, expected) => {
    const holder = { pid: 1, start: '5', namespace: 'pid:[1]', boot: 'b', folder: '/x', ...overrides };

    expect(mayRun(holder, { namespace: 'pid:[1]', boot: 'b', startOf: () => '5' })).toBe(expected);
  });
});

it('the forms of a secret stand in its base64 whatever surrounds it', () => {
  const secret = 'k3y-of/ops+role';
  const forms = formsOf(secret);

  for (const before of ['', 'a', 'ab', 'abc'])
    for (const after of ['', 'y', 'yz', 'xyz'])
      for (const encoding of ['base64', 'base64url', 'hex'] as const) {
        const text = Buffer.from(before + secret + after).toString(encoding);
        expect(forms.some((form) => text.includes(form))).toBe(true);
      }
});

it('a PATH holds no relative folder and none that cannot be seen', () => {
  expect(pathOf('/c/bin', '.:node_modules/.bin:/root/x:/usr/bin:', (folder) => folder !== '/root/x')).toBe(
    '/c/bin:/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin:/bin',
  );
  expect(unsafeVariable({ HOME: '/x', LD_AUDIT: 'x' })).toBe('LD_AUDIT');
});

it('limits only go down', () => {
  const ours =
    'Limit  Soft Limit  Hard Limit  Units\nMax processes   10   20   processes\nMax file size  unlimited  unlimited  bytes\n';

  expect(prlimitArguments({ processes: 50, fileBytes: 9 }, ours)).toEqual([
    '--nproc=20',
    '--fsize=9',
    '--core=0',
  ]);
});

it('what a level does not keep out is said in whole sentences, and more of it the weaker the level', () => {
  for (const isolation of isolations)
    for (const network of networks)
      for (const gap of gapsOf(isolation, network)) expect(gap).toMatch(/^[A-Z].*\.$/);
  expect(gapsOf('bwrap', 'model').join(' ')).not.toContain('network');
  expect(refusalOf('user', 'model')).toContain('needs the isolation bwrap');
  expect(refusalOf('bwrap', 'model')).toBeUndefined();
});
