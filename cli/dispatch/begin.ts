import { spawn } from 'node:child_process';
import { UserError } from '../../core/errors.ts';
import { readConfig, secretsOf } from './config.ts';
import { type DispatchRequest, orderFor } from './dispatch.ts';
import type { Local } from './local.ts';
import { hasScreen } from './order.ts';
import { hearStops, launcher, ownProgram, supervisionOf } from './process.ts';
import { supervise } from './supervise.ts';
import { personsTerminal } from './terminal.ts';
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
  if (!process.stdin.isTTY || !process.stdout.isTTY)
    throw new UserError(
      `${request.mode} shows the program's own screen, and there is no terminal here.`,
      'Type it in a terminal, set open-command, or use headless.',
    );
  const screen = personsTerminal();
  const stopped = hearStops(screen.isOpen);
  try {
    const entry = await supervise(
      order,
      supervisionOf(config, {
        secrets,
        environment,
        stopped,
        launch,
        screen: {
          opens: screen.opens,
          async closed() {
            if (!screen.isOpen()) return;
            await screen.closed();
            say('The screen is closed. What the worker made is looked at ...');
          },
        },
        begun: (entry) => {
          say(`${entry.ref}: ${entry.title}`);
          say(`  ${entry.agent}, ${entry.worktree ?? ''}`);
          say(`  log ${entry.log_path}`);
          say(
            request.trustMe
              ? 'Its screen opens ...'
              : 'Its clone and its isolation are made; then its screen opens ...',
          );
        },
      }),
    );
    say(`${entry.ref}: ${entry.outcome}${entry.why === '' ? '' : `, ${entry.why}`}`);
    say(`Its worktree stays: ${entry.worktree ?? 'none was made'}`);
    return 0;
  } finally {
    stopped.close();
  }
}

/** The same command in a terminal of its own. */
function openTerminal([command = '', ...before]: readonly string[], request: Asked): void {
  const { mode, reference, agent, profile, isolation, prompt, trustMe } = request;
  const given = Object.entries({ agent, profile, isolation, prompt }).flatMap(([name, value]) =>
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
