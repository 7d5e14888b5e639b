import { spawn } from 'node:child_process';
import { UserError } from '../../core/errors.ts';
import { readConfig, secretsOf } from './config.ts';
import { type DispatchRequest, orderFor } from './dispatch.ts';
import type { Local } from './local.ts';
import { hasScreen } from './order.ts';
import { hearStops, launcher, ownProgram, supervisionOf } from './process.ts';
import { supervise } from './supervise.ts';
import { trustWarning } from './trusted.ts';

type Asked = Omit<DispatchRequest, 'parent'> & { here?: boolean };

/** Begins a dispatch as a person asks for it; 0 once it runs, or, where it has a screen, once that is over. */
export async function begin(
  { here = false, ...request }: Asked,
  { environment, say }: Local,
): Promise<number> {
  const { config } = readConfig(environment);
  const secrets = secretsOf(config, environment);
  if (request.trustMe) say(trustWarning);
  const order = await orderFor(request, { config, secrets, environment });
  if (hasScreen(request) && config.openCommand !== undefined && !here) {
    openTerminal(config.openCommand, request);
    say('It is opened in a terminal of its own.');
    return 0;
  }
  const launch = launcher(environment);
  if (order.isDetached) {
    const entry = await launch(order, secrets);
    say(`${entry.ref}: ${entry.title}`);
    say(`  pid ${entry.pid}, ${entry.agent}, ${entry.worktree ?? ''}`);
    say(`  log ${entry.log_path}`);
    say(`Follow it: forgecrew dispatch logs '${entry.ref}' -f`);
    return 0;
  }
  const stopped = hearStops();
  try {
    const entry = await supervise(
      order,
      supervisionOf(config, { secrets, environment, stopped, begun: () => undefined, launch }),
    );
    say(`${entry.ref}: ${entry.outcome}. Its worktree stays: ${entry.worktree ?? 'none was made'}`);
    return 0;
  } finally {
    stopped.close();
  }
}

/** The same command in a terminal of its own. */
function openTerminal([command = '', ...before]: readonly string[], request: Asked): void {
  const { mode, reference, agent, profile, prompt, trustMe } = request;
  const given = Object.entries({ agent, profile, prompt }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}=${value}`],
  );
  const own = [
    ...ownProgram(),
    'dispatch',
    mode,
    '--here',
    ...(trustMe ? ['--trust-me'] : []),
    ...given,
    '--',
    reference,
  ];
  const child = spawn(command, [...before, ...own], { detached: true, stdio: 'ignore' });
  child.once('error', () => undefined);
  if (child.pid === undefined)
    throw new UserError(`${command} cannot be started.`, 'Correct open-command, or add --here.');
  child.unref();
}
