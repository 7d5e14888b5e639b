import { UserError } from '../../core/errors.ts';
import type { Begun } from './registry.ts';

/** Who has an issue, for whoever wanted it too. */
export function heldError({ by, standing }: Begun & { kind: 'held' }): UserError {
  return standing === 'active'
    ? new UserError(
        `${by.ref} is dispatched already: ${by.mode}, pid ${by.pid}, since ${by.started_at}, by ${by.agent}.`,
        `Follow it with forgecrew dispatch logs '${by.ref}' -f, or end it with forgecrew dispatch stop '${by.ref}'.`,
      )
    : new UserError(
        `${by.ref} is dispatched on ${by.host} since ${by.started_at} (pid ${by.pid}), and from here nobody can tell whether that goes on.`,
        `Look on ${by.host}; once nothing of it runs there, forgecrew dispatch stop '${by.ref}' on that host writes its end.`,
      );
}
