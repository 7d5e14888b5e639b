import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Ground, type Holder, takeUid } from '../../../../core/agent/cell/uid-lock.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-locks-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const uids = { first: 90_000, count: 1 };
const [dead, alive] = [1_000_001, 1_000_002];

function lock(name: string, pid: number): void {
  const holder: Holder = { pid, start: '5', namespace: 'pid:[1]', boot: 'b', folder: '/nowhere' };
  writeFileSync(path.join(folder, `${uids.first}.${name}`), JSON.stringify(holder));
}

function ground(asked: (pid: number) => void = () => undefined): Ground {
  return {
    namespace: 'pid:[1]',
    boot: 'b',
    startOf(pid) {
      asked(pid);
      return pid === dead ? undefined : '5';
    },
  };
}

it('whoever takes a uid looks afterwards who else did, and leaves it to the other', () => {
  lock('aa', dead);
  let looks = 0;

  // The other one comes between the look and the taking.
  const take = (): unknown =>
    takeUid(
      folder,
      uids,
      '/mine',
      ground((pid) => {
        looks += Number(pid === dead);
        if (looks === 2) lock('bb', alive);
      }),
    );

  expect(take).toThrow('All uids from 90000 to 90000 are taken');
  expect(readdirSync(folder).sort()).toEqual(['90000.aa', '90000.bb']);
});

it('the uid of one that died is taken, and what it left is told', () => {
  lock('aa', dead);

  expect(takeUid(folder, uids, '/mine', ground())).toMatchObject({ uid: 90_000, left: ['/nowhere'] });
});
