import type { Repository } from '../forge/repositories.ts';

/** Where the role escalation keeps its records, unless somebody wants them elsewhere: a repository of its account. */
export function usualRecordRepo(login: string): string {
  return `${login}/records`;
}

/** Why nothing that stands in a repository of records may be believed; empty where it may. Pure. */
export function whyNotRecord({
  repository,
  others,
  isHooked,
  login,
}: {
  repository: Pick<Repository, 'private' | 'has_actions' | 'archived'>;
  /** Who else may write there. */
  others: readonly string[];
  isHooked: boolean | 'hidden';
  /** The account whose records they are. */
  login: string;
}): string[] {
  return [
    ...(repository.private === true
      ? []
      : ['is not private: it holds what people said in private repositories']),
    ...(repository.has_actions === false
      ? []
      : [
          'has Actions switched on: switch them off in its settings, so that nothing runs with what is written there',
        ]),
    // Woodpecker hears of a repository by a webhook, whatever account switched it on there.
    ...(isHooked === false
      ? []
      : [
          isHooked === true
            ? 'has a webhook: CI that listens there would run with what is written, and others would hear of it. Deactivate it in Woodpecker, or delete the webhook'
            : `does not show its webhooks to ${login}, so whether CI listens there is not known. ${login} has to own it`,
        ]),
    ...(repository.archived ? ['is archived, so nothing can be recorded'] : []),
    ...(others.length === 0
      ? []
      : [
          `can be written to by ${others.join(', ')}: whoever may could write records, or let one be used again. Only ${login} may write there`,
        ]),
  ];
}
