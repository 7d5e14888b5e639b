import type { WantedFile } from '../factory/layout.ts';

export const onboardingTitle = 'Make this repository a part of a forgecrew factory';

/** What the pull request says: what each file does, and what happens after the merge. */
export function onboardingBody(repository: string, files: readonly WantedFile[], isOps: boolean): string {
  return [
    `These files make ${repository} a part of a factory. Nothing that is there is changed or taken away.`,
    '',
    '| file | what it does |',
    '|---|---|',
    ...files.map(({ path, does }) => `| \`${path}\` | ${does} |`),
    '',
    '**After the merge**',
    '',
    ...(isOps
      ? [
          '- The pipelines start with their next push, or when their time comes.',
          '- Run `forgecrew init` once more. It protects main, the policy, the formulas and their workflows; from then on `forgecrew policy open` lets a merge change them, and `forgecrew policy close` protects them again.',
          '- If policy or formulas are protected already, run `forgecrew policy open` before this merge, and `forgecrew policy close` after it.',
        ]
      : ['- Nothing runs because of it: people and agents read these files.']),
    '',
    'Change this branch as you like: what you commit to it stays. If you close this without a merge, that is an answer, and it is not asked again.',
  ].join('\n');
}
