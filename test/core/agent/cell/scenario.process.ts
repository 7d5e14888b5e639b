// Two cells beside each other, a hostile program in the first and its neighbour in the second; sends what came of it. A
// process of its own, because it is the one that holds the token, and because it runs as root and as a bare user.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { EndCount, LocalCell, LocalIsolation, Started } from '../../../../core/agent/cell/cell.ts';
import { openCell } from '../../../../core/agent/cell/open-cell.ts';
import { type HostileGiven, type HostileReport, hostileProgram } from './hostile-program.ts';

export interface ScenarioResult {
  report: HostileReport;
  ours: number;
  neighbour: number;
  ended: EndCount;
  /** Processes of the hostile program that are left. */
  survivors: string[];
  isNeighbourAlive: boolean;
  isCanaryWhole: boolean;
  left: string[];
}

const [isolation, folder, mark] = process.argv.slice(2) as [LocalIsolation, string, string];
// In its environment, where every role has it.
const turnedToken = [...(process.env.FORGECREW_FORGE_TOKEN ?? '')].reverse().join('');

function firstLine(started: Started): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    let errors = '';
    started.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    started.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString('utf8');
    });
    void started.ended.then((ending) => reject(new Error(`it ended: ${JSON.stringify(ending)} ${errors}`)));
  });
}

const base = path.join(folder, 'cells');
const canary = path.join(folder, 'closed', 'canary');
mkdirSync(path.dirname(canary), { mode: 0o700 });
writeFileSync(canary, 'whole', { mode: 0o600 });
const open = (): Promise<LocalCell> =>
  openCell({
    isolation,
    network: 'open',
    base,
    uids: { first: 80_000, count: 64 },
    locks: path.join(folder, 'locks'),
  });
const [cell, other] = await Promise.all([open(), open()]);
await Promise.all([cell.own(), other.own()]);
const neighbour = other.start({
  command: 'sh',
  args: ['-c', 'echo mine > mine; echo ready; exec sleep 100000'],
  environment: {},
});
await firstLine(neighbour);
const given: HostileGiven = {
  turnedToken,
  files: [canary, path.join(other.outside.workspace, 'mine')],
  canary,
  pids: [process.pid, neighbour.pid],
  mark,
};
const hostile = cell.start({
  command: 'node',
  args: ['-e', hostileProgram, '--', JSON.stringify(given)],
  environment: {},
});
const report = JSON.parse(await firstLine(hostile)) as HostileReport;
const ended = await cell.endAll(150);
const survivors = readdirSync('/proc').filter((pid) => {
  try {
    return (
      /^\d+$/.test(pid) &&
      Number(pid) !== process.pid &&
      readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(mark) &&
      !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
    );
  } catch {
    return false;
  }
});
const isNeighbourAlive = existsSync(`/proc/${neighbour.pid}`);
await cell.remove();
const isCanaryWhole = readFileSync(canary, 'utf8') === 'whole';
await other.remove();
const result: ScenarioResult = {
  report,
  ours: process.pid,
  neighbour: neighbour.pid,
  ended,
  survivors,
  isNeighbourAlive,
  isCanaryWhole,
  left: [base, path.join(folder, 'locks')].flatMap((item) => (existsSync(item) ? readdirSync(item) : [])),
};
console.log(JSON.stringify(result));
