import { forgejoActions } from './forgejo-actions.ts';
import type { Environment, Host } from './host.ts';
import { terminal } from './terminal.ts';
import { woodpecker } from './woodpecker.ts';

/**
 * Woodpecker is asked first: on its local backend a step inherits the agent's environment, which may itself run
 * inside something else.
 */
export function detectHost(environment: Environment, args: string[], workspace: string): Host {
  if (environment.CI === 'woodpecker' || environment.CI_SYSTEM_NAME === 'woodpecker')
    return woodpecker(environment);
  if (environment.GITHUB_ACTIONS === 'true' || environment.FORGEJO_ACTIONS === 'true')
    return forgejoActions(environment);
  return terminal(environment, args, workspace);
}
