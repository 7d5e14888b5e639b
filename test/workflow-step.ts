import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Environment, Host } from '../core/host/host.ts';

// The toolkit of Forgejo Actions reads the environment of its process and prints itself, so whatever runs there runs
// in a process of its own.
const jiti = fileURLToPath(new URL('../node_modules/jiti/lib/jiti-cli.mjs', import.meta.url));

/** What a process sent at its end, and what it printed. */
async function runSource<T>(
  script: string,
  args: string[],
  environment: Environment,
  folder = '/',
): Promise<{ sent: T; lines: string[]; text: string }> {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const child = fork(jiti, [file, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, ...environment },
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
    });
  let sent: T | undefined;
  child.on('message', (message) => {
    sent = message as T;
  });
  await new Promise((done) => child.once('close', done));
  if (sent === undefined) throw new Error(`the process did not come to its end:\n${text}`);
  const lines = text.split('\n').filter((line) => line !== '');
  return { sent, lines, text: lines.join('\n') };
}

/** How a step ended, what it printed, and how many milliseconds it would have waited. */
export interface StepRan {
  code: number;
  lines: string[];
  text: string;
  waited: number;
}

/** Runs a role from its sources as a step of a workflow on a Forgejo runner. */
export async function runStep(
  role: string,
  environment: Environment,
  { folder, now }: { folder?: string; now?: Date | undefined } = {},
): Promise<StepRan> {
  const { sent, lines, text } = await runSource<{ code: number; waited: number }>(
    'workflow-step.process.ts',
    [role, now?.toISOString() ?? ''],
    environment,
    folder,
  );
  return { ...sent, lines, text };
}

/** What the host of a process with this environment says. */
export interface HostSeen {
  host: Pick<Host, 'name' | 'facts' | 'automaticTokens'>;
  given: string[];
  /** The settings that every role has, where it was given a token. */
  settings: Record<string, unknown>;
  /** What was printed when it was asked for everything that a host can do. */
  lines: string[];
}

/** Looks at the host of a process with this environment, and asks it for everything a host can do. */
export async function seenHost(environment: Environment): Promise<HostSeen> {
  const { sent, lines } = await runSource<Omit<HostSeen, 'lines'>>(
    'workflow-host.process.ts',
    [],
    environment,
  );
  return { ...sent, lines };
}
