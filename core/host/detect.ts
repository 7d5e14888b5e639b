import type { Environment, Host, Print } from './host.ts';
import { terminal } from './terminal.ts';
import { woodpecker } from './woodpecker.ts';

/**
 * The host that this process runs on.
 *
 * Woodpecker is asked first: on its local backend a step inherits the agent's environment, which may itself run
 * inside something else. What Forgejo Actions needs is loaded there and nowhere else, and reads the process's own
 * environment: `environment` then only says which host it is.
 */
export async function detectHost(
  environment: Environment,
  args: string[],
  workspace: string,
  print: Print,
): Promise<Host> {
  if (environment.CI === 'woodpecker' || environment.CI_SYSTEM_NAME === 'woodpecker')
    return woodpecker(environment, print);
  if (environment.GITHUB_ACTIONS === 'true' || environment.FORGEJO_ACTIONS === 'true')
    return (await import('./forgejo-actions.ts')).forgejoActions();
  return terminal(environment, args, workspace, print);
}
