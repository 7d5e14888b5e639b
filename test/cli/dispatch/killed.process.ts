// A dispatch that is killed at a step: started by killed.test.ts, which says where. Every call of git and every look at the clock is
// a step, before and after; so are the two sides of each write in the registry.
import { readConfig, secretsOf } from '../../../cli/dispatch/config.ts';
import type { Order } from '../../../cli/dispatch/order.ts';
import type { OwnGit } from '../../../cli/dispatch/own-git.ts';
import { supervisionOf } from '../../../cli/dispatch/process.ts';
import { supervise } from '../../../cli/dispatch/supervise.ts';

const { order, at } = JSON.parse(process.argv[2] ?? '') as { order: Order; at: number };
let steps = 0;
const step = (): void => {
  steps += 1;
  if (steps === at) process.kill(process.pid, 'SIGKILL');
};
const { config } = readConfig(process.env);
const supervision = supervisionOf(config, {
  secrets: secretsOf(config, process.env),
  environment: process.env,
  begun: step,
  stopped: { isStopped: () => false },
  launch: () => Promise.reject(new Error('nothing is launched here')),
});
const around = async <T>(work: () => Promise<T>): Promise<T> => {
  step();
  const done = await work();
  step();
  return done;
};
const { git } = supervision;
const counted: OwnGit = {
  end: (folder, args) => around(() => git.end(folder, args)),
  run: (folder, args) => around(() => git.run(folder, args)),
};
await supervise(order, {
  ...supervision,
  git: counted,
  clock: () => {
    step();
    return new Date();
  },
});
process.stdout.write(`steps ${steps}\n`);
