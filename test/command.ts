import type { ChangeName } from '../core/change.ts';
import type { Role, State } from '../core/role.ts';
import { type FlowSettings, runRole } from '../core/run.ts';

/** Runs a command of the command line as a person does in a terminal, in this process; `given` are its options. */
export async function runCommand<S extends FlowSettings, T extends State, K extends ChangeName>(
  role: Role<S, T, K>,
  token: string,
  given: Record<string, string>,
  commit?: string,
): Promise<{ code: number; text: string }> {
  const lines: string[] = [];
  const code = await runRole(role, {
    environment: { FORGECREW_FORGE_TOKEN: token },
    args: Object.entries(given).map(([name, value]) => `--${name}=${value}`),
    workingDirectory: '/',
    print: (line) => lines.push(line),
    now: () => new Date(),
    commit,
  });
  return { code, text: lines.join('\n') };
}
