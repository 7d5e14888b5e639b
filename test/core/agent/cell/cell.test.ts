import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CellOptions, LocalCell, LocalIsolation } from '../../../../core/agent/cell/cell.ts';
import { idsOf } from '../../../../core/agent/cell/clear-ipc.ts';
import { admit } from '../../../../core/agent/cell/door.ts';
import { findProgram } from '../../../../core/agent/cell/find-program.ts';
import { openCell } from '../../../../core/agent/cell/open-cell.ts';
import { probe } from '../../../../core/agent/cell/probe.ts';
import { processesOfUser } from '../../../../core/agent/cell/processes.ts';
import { isRoot, makeFolder, startSource, works } from './machine.ts';

let place: ReturnType<typeof makeFolder>;
const cells: LocalCell[] = [];
const servers: Server[] = [];

beforeEach(() => {
  place = makeFolder();
});

afterEach(async () => {
  for (const cell of cells.splice(0)) await cell.remove();
  for (const server of servers.splice(0)) server.close();
  place.remove();
});

async function open(isolation: LocalIsolation, overrides: Partial<CellOptions> = {}): Promise<LocalCell> {
  const cell = await openCell({
    isolation,
    network: 'open',
    base: path.join(place.folder, 'cells'),
    uids: { first: 80_200, count: 64 },
    locks: path.join(place.folder, 'locks'),
    ...overrides,
  });
  cells.push(cell);
  return cell;
}

function listen(at: string | number): Promise<Server> {
  const server = createServer((socket) => socket.on('error', () => undefined).end('hello'));
  servers.push(server);
  return new Promise((resolve) => server.listen(at, () => resolve(server)));
}

async function shell(cell: LocalCell, line: string, limits = {}): Promise<string> {
  const { stdout, stderr } = await cell.run(
    { command: 'sh', args: ['-c', line], environment: {} },
    { timeoutMs: 20_000, mostBytes: 100_000, ...limits },
  );
  return stdout.toString('utf8') + stderr;
}

const dial = (target: string): string =>
  `node -e 'require("net").connect(${target}).on("data", (d) => console.log(String(d))).on("error", (e) => console.log(e.code))'`;

const possible: LocalIsolation[] = [
  ...(works('bwrap') ? (['bwrap'] as const) : []),
  ...(works('user') ? (['user'] as const) : []),
  'none',
];

describe.each(possible)('a cell of %s', (isolation) => {
  it('starts from an environment of its own', async () => {
    const cell = await open(isolation);

    const text = await shell(cell, 'env; pwd; node -e "console.log(process.version)"; command -v node');

    expect(text).toContain(`HOME=${cell.inside.home}\n`);
    expect(text).toContain(`PATH=${cell.inside.bin}:`);
    expect(text).toContain(`${process.version}\n${cell.inside.bin}/node`);
    expect(text).not.toContain('VITEST');
  });

  it('lets nobody reach a socket of ours but through the door', async () => {
    const cell = await open(isolation);
    await listen(path.join(cell.outside.door, 'ours'));
    const before = await shell(cell, dial(`"${cell.inside.door}/ours"`));
    admit(cell, 'ours');

    const after = await shell(cell, dial(`"${cell.inside.door}/ours"`));

    if (isolation !== 'none' && isRoot) expect(before).toContain('EACCES');
    expect(after).toContain('hello');
  });

  it('ends what runs too long, and what says too much', async () => {
    const cell = await open(isolation);
    const late = await cell.run(
      { command: 'sleep', args: ['100000'], environment: {} },
      { timeoutMs: 100, mostBytes: 10 },
    );
    const long = await cell.run(
      { command: 'yes', args: [], environment: {} },
      { timeoutMs: 20_000, mostBytes: 1000 },
    );

    expect([late.overran, long.overran]).toEqual(['time', 'size']);
    expect(long.stdout.length).toBeLessThanOrEqual(1000);
  });

  it('holds its programs in: no core files, no endless files', async () => {
    const cell = await open(isolation, { limits: { fileBytes: 1000 } });

    const text = await shell(cell, 'ulimit -c; head -c 5000 /dev/zero > big; wc -c < big');

    expect(text).toMatch(/^0\n(?:.*\n)*1000/);
  });

  it('the probe finds a secret in every form, and none where none is', async () => {
    const cell = await open(isolation);
    const secret = 'ops/token+9?of=nobody';
    const files = path.join(cell.outside.workspace, 'sub');
    mkdirSync(files);
    execFileSync('mkfifo', [path.join(files, 'fifo')]);
    const quick = { timeoutMs: 20_000, usualMs: 0, extraPlaces: [] };
    const before = await probe(cell, { ...quick, secrets: ['nowhere-to-be-found-1'] });
    const forms = {
      plain: secret,
      base64: Buffer.from(`a${secret}`).toString('base64'),
      again: Buffer.from(`ab${secret}b`).toString('base64url'),
      hex: Buffer.from(secret).toString('hex'),
      url: encodeURIComponent(secret),
    };
    for (const [name, text] of Object.entries(forms))
      writeFileSync(path.join(files, name), `${'x'.repeat(1e6)}${text}`);
    writeFileSync(path.join(files, 'named-ops-token'), 'x');
    await cell.own();

    const found = await probe(cell, { ...quick, secrets: [secret, 'named-ops-token'] });

    const inside = `${cell.inside.workspace}/sub`;
    expect(before.filter(({ kind }) => kind === 'secret')).toEqual([]);
    expect(found.map(({ place: item }) => item)).toEqual(
      expect.arrayContaining([
        ...Object.keys(forms).map((name) => `${inside}/${name}`),
        `a name in ${inside}`,
      ]),
    );
    expect(JSON.stringify(found)).not.toContain('ops-token');
  });
});

describe.skipIf(!works('user'))('a cell of another user', () => {
  it('the probe finds a socket and a file of the runner that it can open', async () => {
    const cell = await open('user');
    const socket = path.join(place.folder, 'docker.sock');
    await listen(socket);
    execFileSync('chmod', ['666', socket]);
    const closed = path.join(place.folder, 'closed');
    writeFileSync(closed, 'secret-of-ours', { mode: 0o600 });

    const found = await probe(cell, {
      secrets: ['secret-of-ours'],
      extraPlaces: [socket, closed],
      usualMs: 0,
    });

    expect(found.filter(({ place: item }) => item.startsWith(place.folder))).toEqual([
      { kind: 'socket', place: socket },
    ]);
  });

  it('the probe finds what lies behind a folder that it cannot search to its end', async () => {
    const cell = await open('user');
    const full = path.join(place.folder, 'full');
    const behind = path.join(place.folder, 'behind');
    for (const folder of [full, behind]) mkdirSync(folder, { mode: 0o755 });
    for (let file = 0; file < 400; file += 1) {
      writeFileSync(path.join(full, String(file)), '');
      truncateSync(path.join(full, String(file)), 60 * 1024 * 1024);
    }
    writeFileSync(path.join(behind, 'token'), 'secret-of-ours');

    const found = await probe(cell, {
      secrets: ['secret-of-ours'],
      extraPlaces: [],
      usualMs: 1000,
      usual: [full, behind],
      mostBytes: Number.MAX_SAFE_INTEGER,
    });

    expect(found.filter(({ place: item }) => item.startsWith(place.folder))).toEqual([
      { kind: 'secret', place: path.join(behind, 'token') },
      { kind: 'unsearched', place: full },
    ]);
  });

  it('enters no folder that its user cannot enter, whatever link leads there', async () => {
    const cell = await open('user');
    mkdirSync(path.join(place.folder, 'closed', 'open'), { recursive: true });
    execFileSync('chmod', ['700', path.join(place.folder, 'closed')]);
    await cell.own();
    await shell(cell, `ln -s ${path.join(place.folder, 'closed', 'open')} link`);

    const { code } = await cell.run(
      { command: 'ls', args: [], environment: {}, folder: path.join(cell.inside.workspace, 'link') },
      { timeoutMs: 20_000, mostBytes: 1000 },
    );

    expect(code).not.toBe(0);
  });

  it('gives away its own folders and nothing that a link or a second name leads to', async () => {
    const cell = await open('user');
    const outside = path.join(place.folder, 'outside');
    writeFileSync(outside, 'ours');
    symlinkSync(outside, path.join(cell.outside.workspace, 'link'));
    await cell.own();
    linkSync(outside, path.join(cell.outside.home, 'second'));

    await expect(cell.own()).rejects.toThrow('second name');
    expect(statSync(outside).uid).toBe(0);
    expect(lstatSync(path.join(cell.outside.workspace, 'link')).uid).toBe(cell.uid);
  });

  it('two cells never have the same uid, and a full range is said', async () => {
    const uids = { first: 80_300, count: 3 };
    const taken = await Promise.all([1, 2, 3].map(() => open('user', { uids })));

    expect(new Set(taken.map(({ uid }) => uid)).size).toBe(3);
    await expect(open('user', { uids })).rejects.toThrow('All uids from 80300 to 80302 are taken');
  });

  it.each(['user', ...(works('bwrap') ? ['bwrap'] : [])])(
    'takes over the uid of a run that was killed, ends what it left and removes its folder (%s)',
    async (isolation) => {
      const { pid, firstLine, ended } = startSource('held.process.ts', [isolation, place.folder, '1'], {
        as: 'us',
      });
      const left = JSON.parse(await firstLine) as { uid: number; folder: string };
      const uids = { first: left.uid, count: 1 };
      await expect(open('user', { uids })).rejects.toThrow('are taken');
      process.kill(pid, 'SIGKILL');
      await ended;

      const cell = await open('user', { uids });

      expect(cell.uid).toBe(left.uid);
      expect(existsSync(left.folder)).toBe(false);
      expect(processesOfUser(left.uid)).toEqual([]);
    },
  );

  it('removes the folder of a run that was killed before it was the agent’s', async () => {
    const { pid, firstLine, ended } = startSource('held.process.ts', ['user', place.folder, '1', 'fresh'], {
      as: 'us',
    });
    const left = JSON.parse(await firstLine) as { uid: number; folder: string };
    process.kill(pid, 'SIGKILL');
    await ended;

    const cell = await open('user', { uids: { first: left.uid, count: 1 } });

    expect(cell.uid).toBe(left.uid);
    expect(existsSync(left.folder)).toBe(false);
  });

  it('takes the uid of a run that was killed before any other, so that the next run ends what is left', async () => {
    const { pid, firstLine, ended } = startSource('held.process.ts', ['user', place.folder, '64'], {
      as: 'us',
    });
    const left = JSON.parse(await firstLine) as { uid: number; folder: string };
    process.kill(pid, 'SIGKILL');
    await ended;

    const cell = await open('user', { uids: { first: left.uid - 32, count: 64 } });

    expect(cell.uid).toBe(left.uid);
    expect(processesOfUser(left.uid)).toEqual([]);
  });

  it('refuses variables that would act before the rights are gone', async () => {
    const cell = await open('user');

    expect(() => cell.start({ command: 'true', args: [], environment: { LD_PRELOAD: '/x.so' } })).toThrow(
      'LD_PRELOAD',
    );
  });

  it.each(
    ['/tmp', '/run/lock'].filter(
      (folder) => ((statSync(folder, { throwIfNoEntry: false })?.mode ?? 0) & 2) !== 0,
    ),
  )('leaves nothing in the folders of everybody: %s', async (folder) => {
    const cell = await open('user');
    const name = path.join(folder, `left-${cell.uid}-${process.pid}`);
    await shell(cell, `mkdir -p ${name}/inner && chmod 0 ${name}`);
    expect(existsSync(name)).toBe(true);

    await cell.remove();

    expect(existsSync(name)).toBe(false);
  });

  it.skipIf(findProgram('ipcmk') === undefined || findProgram('ipcrm') === undefined)(
    'leaves no memory, semaphores and queues of System V, which no end of a process takes away',
    async () => {
      const cell = await open('user');
      const left = (): number =>
        ['shm', 'sem', 'msg'].flatMap((list) =>
          idsOf(readFileSync(`/proc/sysvipc/${list}`, 'utf8'), cell.uid),
        ).length;
      await shell(cell, 'ipcmk -M 4096; ipcmk -M 4096 -p 0; ipcmk -S 3; ipcmk -Q');
      expect(left()).toBe(4);

      await cell.remove();

      expect(left()).toBe(0);
    },
  );
});

/** Starts itself without end, and ignores that it is asked to end. */
const forkBomb = `
process.on('SIGTERM', () => undefined);
console.log('on');
const start = () => {
  try {
    require('child_process').spawn('node', ['-e', process.env.BOMB], { stdio: 'ignore', detached: true }).on('error', () => 0);
  } catch {}
  setImmediate(start);
};
start();
`;

describe.each(possible.filter((item) => item !== 'none'))('a fork bomb in a cell of %s', (isolation) => {
  it.skipIf(!isRoot)('is held in by the number of processes, and ended', async () => {
    const cell = await open(isolation, { limits: { processes: 100 } });
    const bomb = cell.start({ command: 'node', args: ['-e', forkBomb], environment: { BOMB: forkBomb } });
    await new Promise((resolve) => bomb.stdout.once('data', resolve));
    bomb.stdout.resume();
    bomb.stderr.resume();

    const { killed } = await cell.endAll(50);

    expect(killed).toBeGreaterThan(0);
    expect(processesOfUser(cell.uid)).toEqual([]);
  });
});

describe.skipIf(!works('bwrap'))('the network of a cell', () => {
  it.each(['none', 'model'] as const)(
    '%s: the door reaches out, the loopback of this machine is not there',
    async (network) => {
      const cell = await open('bwrap', { network });
      const { port } = (await listen(0)).address() as { port: number };
      await listen(path.join(cell.outside.door, 'ours'));
      admit(cell, 'ours');

      const text = await shell(
        cell,
        `${dial(`${port}, "127.0.0.1"`)}; ${dial(`"${cell.inside.door}/ours"`)}`,
      );

      expect(text).toBe('ECONNREFUSED\nhello\n');
    },
  );

  it('open: the loopback of this machine is there', async () => {
    const cell = await open('bwrap');
    const { port } = (await listen(0)).address() as { port: number };

    expect(await shell(cell, dial(`${port}, "127.0.0.1"`))).toBe('hello\n');
  });
});

it.each(['user', 'none'] as const)('a closed network is refused at %s', async (isolation) => {
  await expect(open(isolation, { network: 'model' })).rejects.toThrow('needs the isolation bwrap');
});
