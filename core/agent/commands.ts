import type { Mask } from '../mask.ts';
import { plain } from '../text/log-line.ts';
import type { Cell, Network } from './cell/cell.ts';
import type { CheckOutcome } from './outcome.ts';

/** Of what a command prints, this much of the end is kept. */
const mostTail = 4000;
/** And so much is looked through for secrets: one that begins before it is not whole in what is kept. */
const mostMasked = 64 * 1024;
const mostBytes = 32 * 1024 * 1024;

/**
 * Runs the commands of a manifest in a cell, one after the other until one fails. They are people's, merged in the ops repo, so
 * a shell reads them; what they run is the agent's business, so they run as the agent. What they leave running is ended.
 */
export async function runCommands(
  cell: Cell,
  commands: readonly string[],
  given: {
    title: string;
    say: (line: string) => void;
    mask: Mask;
    network: Network;
    minutes: number;
    /** How many milliseconds are left of the whole run. */
    left: () => number;
  },
): Promise<CheckOutcome[]> {
  const { title, say, mask, network, minutes, left } = given;
  const outcomes: CheckOutcome[] = [];
  for (const command of commands) {
    say(`${title}: ${plain(command)}`);
    // Whoever holds the lease is gone when it runs out, or two would work on one issue.
    const timeoutMs = Math.min(minutes * 60_000, left());
    if (timeoutMs <= 0) {
      say('  It is not run: the deadline of this run is near.');
      outcomes.push({ command, code: null, tail: '(not run: the deadline was near)' });
      break;
    }
    const { code, stdout, stderr, overran } = await cell.run(
      { command: 'sh', args: ['-c', command], environment: {}, network },
      { timeoutMs, mostBytes },
    );
    const text = mask.apply(`${stdout.toString('utf8')}${stderr}`.slice(-mostMasked)).slice(-mostTail);
    for (const line of text.split('\n').slice(-20)) if (line.trim() !== '') say(`    ${plain(line)}`);
    outcomes.push({
      command,
      code: overran === undefined ? code : null,
      tail:
        overran === undefined ? text : `${text}\n(ended: too much ${overran === 'time' ? 'time' : 'output'})`,
    });
    if (code !== 0) break;
  }
  if (commands.length > 0) await cell.endAll(2000);
  return outcomes;
}
