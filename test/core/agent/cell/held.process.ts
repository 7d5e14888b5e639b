// Opens a cell, leaves a program in it that forks away, says so, and waits to be killed.
import path from 'node:path';
import { openCell } from '../../../../core/agent/cell/open-cell.ts';

const [isolation, folder, count] = process.argv.slice(2) as ['user' | 'bwrap', string, string];
const cell = await openCell({
  isolation,
  network: 'open',
  base: path.join(folder, 'cells'),
  uids: { first: 80_100, count: Number(count) },
  locks: path.join(folder, 'locks'),
});
const started = cell.start({
  command: 'sh',
  args: ['-c', 'setsid sleep 100000 >/dev/null 2>&1 & echo left > left; echo ready; exec sleep 100000'],
  environment: {},
});
started.stdout.once('data', () =>
  console.log(JSON.stringify({ uid: cell.uid, folder: path.dirname(cell.outside.home) })),
);
