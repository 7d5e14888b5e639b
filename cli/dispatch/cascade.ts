import { UserError } from '../../core/errors.ts';
import { cascadeTrouble } from './cascade-limits.ts';
import type { DispatchConfig, Secrets } from './config.ts';
import { orderFor } from './dispatch.ts';
import type { DispatchEntry, Mode } from './entry.ts';
import type { Machine } from './machine.ts';
import type { Launch } from './order.ts';
import { readRegistry } from './registry.ts';

/** Lets another dispatch begin for a worker: carried out and limited by the dispatch of that worker. */
export async function dispatchFromWorker(
  {
    issue,
    mode,
    prompt,
    parent,
  }: { issue: string; mode: string; prompt: string | undefined; parent: DispatchEntry },
  given: {
    config: DispatchConfig;
    secrets: Secrets;
    environment: Readonly<Record<string, string | undefined>>;
    machine: Machine;
    launch: Launch;
  },
): Promise<string> {
  const trouble = cascadeTrouble(parent, readRegistry(given.config.logRoot).entries);
  if (trouble !== undefined) throw new UserError(`No worker was dispatched: ${trouble}.`);
  const order = await orderFor(
    {
      mode: mode as Mode,
      reference: issue,
      prompt,
      // A worker cannot ask for more than it has itself.
      trustMe: parent.posture === 'trust-me',
      parent,
    },
    given,
  );
  const entry = await given.launch(order, given.secrets);
  return `A worker has begun on ${entry.ref}: ${entry.title}`;
}
