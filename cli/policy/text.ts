import { isUntouched, openSealed } from '../../core/sealed.ts';
import { inert } from '../../core/text/inert.ts';
import type { OpeningRecord } from './state.ts';

/** The last line of the issue that says who opened the policy. */
export const recordTie = '<!-- forgecrew: policy-open -->';

export const recordTitle = 'The policy is open';

/** Stands before the list of patterns, so that it is found again. */
const listHead =
  'These patterns were taken out of the protected files of the branch, and come back when it is closed:';

export function recordContent(given: {
  login: string;
  at: string;
  branch: string;
  reason: string | undefined;
  lifted: string[];
}): string {
  const { login, at, branch, reason, lifted } = given;
  return [
    `${login} opened the policy of \`${branch}\` at ${at}: until it is closed, a merged pull request may change policy, formulas and their workflows, and vault-dispatch starts nothing of tier high.`,
    '',
    `Why: ${reason === undefined ? 'no reason was given' : inert(reason)}`,
    '',
    'An admin closes it, and with it this issue, by `forgecrew policy close`.',
    '',
    listHead,
    '',
    ...lifted.map((pattern) => `    ${pattern}`),
    '',
  ].join('\n');
}

/** The patterns that a record names; `edited` where somebody changed the issue after it was written. */
export function liftedIn({ title, body }: OpeningRecord): string[] | 'edited' {
  const sealed = openSealed(body);
  if (sealed === undefined || !isUntouched(title, sealed)) return 'edited';
  const lines = sealed.content.split('\n');
  return lines
    .slice(lines.indexOf(listHead) + 1)
    .flatMap((line) => (line.startsWith('    ') ? [line.trim()] : []));
}

export const closedSign = 'policy closed';

export function closedText(login: string, at: string, protectedAgain: string[]): string {
  return `${login} closed the policy at ${at}. ${
    protectedAgain.length === 0
      ? 'Its files were protected already.'
      : `Protected again: ${protectedAgain.map((pattern) => `\`${pattern}\``).join(', ')}.`
  }`;
}
