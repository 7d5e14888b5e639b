import type { Change } from '../../core/change.ts';
import { escalationPath, escalationText, toldFolder } from '../../core/escalation/record.ts';
import type { Live } from './state.ts';

/** That a thread was told: nothing of it is looked at any more. `after`: what it has to be told, and what follows from it. */
export function told(
  { records, now, account }: Pick<Live, 'records' | 'now' | 'account'>,
  name: string,
  after: string[],
): Change<'write-files'> {
  return {
    kind: 'write-files',
    ...records,
    after,
    files: [
      {
        path: escalationPath(toldFolder, name),
        content: escalationText({ version: 1, id: name, at: now, by: account.login }),
        expects: null,
      },
    ],
    message: `escalation: told ${name}`,
    why: 'its thread was told',
  };
}
