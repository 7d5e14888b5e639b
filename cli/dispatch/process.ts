import { spawn } from 'node:child_process';
import path from 'node:path';
import { UserError } from '../../core/errors.ts';
import { plain } from '../../core/text/log-line.ts';
import { dispatchFromWorker } from './cascade.ts';
import { type DispatchConfig, readConfig, type Secrets, withoutSecrets } from './config.ts';
import { type DispatchEntry, type Platform, platforms } from './entry.ts';
import { thisMachine } from './machine.ts';
import type { Launch, Order } from './order.ts';
import { openOwnGit } from './own-git.ts';
import { type Supervision, supervise } from './supervise.ts';

// A dispatch that runs apart from the terminal is a process of its own from the start, so that the registry names from its first
// word on the process that does the work. What it needs comes through a pipe: neither its arguments nor its environment hold a secret.

/** What is handed to it. */
interface Handed {
  order: Order;
  /** Of the hosts that it works with. */
  tokens: Partial<Record<Platform, string>>;
  engineKey: string | undefined;
}

/** What it answers, once. */
type Answer = { kind: 'begun'; entry: DispatchEntry } | { kind: 'refused'; message: string; remedy: string };

/** The command that carries an order out which it reads; it stands in no help. */
const carryOutCommand = 'carry-out';

/** Starts it with this very program. */
export function launcher(
  environment: Readonly<Record<string, string | undefined>>,
  program: readonly string[] = ownProgram(),
): Launch {
  return async (order, secrets) => {
    const handed: Handed = {
      order,
      tokens: await tokensFor(order, secrets),
      engineKey: order.trustMe ? undefined : await secrets.engineKey(),
    };
    const [command = '', ...args] = [...program, 'dispatch', carryOutCommand];
    const child = spawn(command, args, {
      cwd: '/',
      env: withoutSecrets(environment),
      // A group of its own: whoever ends that ends everything in it, and a closed terminal ends nothing.
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const said = new Promise<string>((resolve, reject) => {
      let text = '';
      child.once('error', reject);
      child.stdout.setEncoding('utf8');
      child.stdout.on('data', (chunk: string) => {
        text += chunk;
      });
      child.stdout.once('close', () => resolve(text));
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(JSON.stringify(handed));
    child.unref();
    const text = await said;
    let answer: Answer | undefined;
    try {
      answer = JSON.parse(text) as Answer;
    } catch {
      answer = undefined;
    }
    if (answer?.kind === 'begun') return answer.entry;
    if (answer?.kind === 'refused') throw new UserError(answer.message, answer.remedy);
    throw new UserError(
      `The process of the dispatch ended before it said anything${text === '' ? '' : `: ${plain(text).slice(0, 300)}`}.`,
      'forgecrew dispatch list shows what it left.',
    );
  };
}

/** Of no host more than it works with. The worker of a cascade may name issues of any: it gets what there is. */
async function tokensFor({ mode, hosts }: Order, secrets: Secrets): Promise<Handed['tokens']> {
  const ask = { forgejo: secrets.token, github: secrets.githubToken };
  const tokens: Handed['tokens'] = {};
  for (const platform of platforms) {
    if (hosts.includes(platform)) tokens[platform] = await ask[platform]();
    else if (mode === 'cascade') {
      const found = await ask[platform]().catch(() => undefined);
      if (found !== undefined) tokens[platform] = found;
    }
  }
  return tokens;
}

/** How this program is started again: compiled, or from its sources. */
export function ownProgram(): string[] {
  const [node = process.execPath, script = ''] = process.argv;
  return script.endsWith('.ts')
    ? [node, path.join(path.dirname(path.dirname(script)), 'scripts/start.mjs'), script]
    : [node, script];
}

/**
 * Whether somebody has asked this process to end; it goes on until its worker is ended and its work is safe. `isShown`: the
 * worker has the terminal, and what is typed there is for the worker.
 */
export function hearStops(isShown: () => boolean = () => false): Supervision['stopped'] & { close(): void } {
  let isStopped = false;
  const stop = (signal: NodeJS.Signals): void => {
    if ((signal === 'SIGINT' || signal === 'SIGQUIT') && isShown()) return;
    isStopped = true;
  };
  const signals = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, stop);
  return {
    isStopped: () => isStopped,
    close() {
      for (const signal of signals) process.off(signal, stop);
    },
  };
}

/** What every dispatch is carried out with. */
export function supervisionOf(
  config: DispatchConfig,
  given: Pick<Supervision, 'secrets' | 'environment' | 'begun' | 'stopped' | 'screen'> & { launch: Launch },
): Supervision {
  const { launch, ...rest } = given;
  const machine = thisMachine();
  return {
    config,
    machine,
    git: openOwnGit(withoutSecrets(given.environment)),
    clock: () => new Date(),
    dispatch: (asked) => dispatchFromWorker(asked, { ...rest, config, machine, launch }),
    ...rest,
  };
}

/** The process of a dispatch: reads its order, and answers once. */
export async function carryOut(environment: NodeJS.ProcessEnv): Promise<void> {
  // Whoever waited for the answer is gone by the time that more could be said.
  process.stdout.on('error', () => undefined);
  let hasAnswered = false;
  const answer = (said: Answer): void => {
    if (hasAnswered) return;
    hasAnswered = true;
    process.stdout.end(JSON.stringify(said));
  };
  const stopped = hearStops();
  try {
    const { order, tokens, engineKey } = JSON.parse(await textOf(process.stdin)) as Handed;
    const { config } = readConfig(environment);
    const handed = async (platform: Platform, host: string): Promise<string> => {
      const token = tokens[platform];
      if (token === undefined) throw new UserError(`This dispatch was given no token of ${host}.`);
      return token;
    };
    const secrets: Secrets = {
      token: () => handed('forgejo', 'the forge'),
      githubToken: () => handed('github', 'GitHub'),
      engineKey: async () => engineKey,
    };
    await supervise(
      order,
      supervisionOf(config, {
        secrets,
        environment,
        stopped,
        begun: (entry) => answer({ kind: 'begun', entry }),
        launch: launcher(environment),
      }),
    );
  } catch (error) {
    answer(
      error instanceof UserError
        ? { kind: 'refused', message: error.message, remedy: error.remedy }
        : { kind: 'refused', message: String(error), remedy: 'This is a defect; its log says more.' },
    );
    process.exitCode = 1;
  } finally {
    stopped.close();
    endGroup();
  }
}

/** What a worker with the person's rights left running is in this process's group, and goes with it. */
function endGroup(): void {
  process.on('SIGTERM', () => undefined);
  try {
    process.kill(-process.pid, 'SIGTERM');
  } catch {
    // It leads no group.
  }
}

async function textOf(stream: NodeJS.ReadStream): Promise<string> {
  let text = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream) text += chunk;
  return text;
}
