// Opens a cell, leaves a program in it that forks away, says so, and waits to be killed.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openCell } from '../../../../core/agent/cell/open-cell.ts';

const [isolation, folder, count, fresh] = process.argv.slice(2) as [
  'user' | 'bwrap',
  string,
  string,
  string?,
];
const cell = await openCell({
  isolation,
  network: 'open',
  base: path.join(folder, 'cells'),
  uids: { first: 80_100, count: Number(count) },
  locks: path.join(folder, 'locks'),
});
if (fresh !== undefined) {
  // Before its folders are the agent's.
  mkdirSync(path.join(cell.outside.workspace, '.git', 'objects'), { recursive: true, mode: 0o700 });
  writeFileSync(path.join(cell.outside.workspace, '.git', 'objects', 'x'), 'ours');
  console.log(JSON.stringify({ uid: cell.uid, folder: path.dirname(cell.outside.home) }));
  setInterval(() => undefined, 60_000);
}
const started = (fresh === undefined ? cell.start : () => undefined)({
  command: 'sh',
  args: ['-c', 'setsid sleep 100000 >/dev/null 2>&1 & echo left > left; echo ready; exec sleep 100000'],
  environment: {},
});
started?.stdout.once('data', () =>
  console.log(JSON.stringify({ uid: cell.uid, folder: path.dirname(cell.outside.home) })),
);
