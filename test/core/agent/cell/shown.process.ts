// A process that shows a program of a cell on the terminal that it has: started by terminal.test.ts. Told to end it, it ends all of it.
import { openCell } from '../../../../core/agent/cell/open-cell.ts';

const { isolation, base, command } = JSON.parse(process.argv[2] ?? '') as {
  isolation: 'bwrap' | 'user';
  base: string;
  command: string[];
};
const cell = await openCell({ isolation, network: 'open', base, uids: { first: 70_000, count: 256 } });
await cell.own();
for (const name of ['SIGINT', 'SIGQUIT'] as const) process.on(name, () => console.log(`OURS ${name}`));
const [program = '', ...args] = command;
const started = cell.start({ command: program, args, environment: {}, hasTerminal: true });
const ended = await Promise.race([
  started.ended,
  new Promise<'asked'>((done) => {
    for (const name of ['SIGTERM', 'SIGHUP'] as const) process.on(name, () => done('asked'));
  }),
]);
await cell.endAll(2000);
await cell.remove();
console.log(`CAME ${JSON.stringify(ended)}`);
