import type { Change } from '../../core/change.ts';
import type { Claim } from '../../core/changes/fields.ts';
import type { Candidate } from './state.ts';

type LabelChange = Change<'create-label' | 'add-labels' | 'remove-label'>;

/** Labels that an issue shall have, made where the repository has none of the name. Where our account may not, it goes on without. */
export function labelling(
  { repository, number, labels, known }: Pick<Candidate, 'repository' | 'number' | 'labels' | 'known'>,
  wanted: readonly string[],
  { after, held, why }: { after?: string; held: Claim; why: string },
): LabelChange[] {
  const missing = wanted.filter((name) => !labels.some((label) => label.name === name));
  if (missing.length === 0) return [];
  const shared = {
    repository,
    held,
    why,
    mayDecline: true,
    ...(after === undefined ? {} : { after: [after] }),
  };
  const there = (name: string): number | undefined => known.find((label) => label.name === name)?.id;
  return [
    ...missing
      .filter((name) => there(name) === undefined)
      .map((name): LabelChange => ({ ...shared, kind: 'create-label', key: `label ${name}`, name })),
    {
      ...shared,
      kind: 'add-labels',
      issue: number,
      labels: missing.map((name) => ({ name, id: there(name) ?? { made: `label ${name}` } })),
    },
  ];
}

/** Labels that an issue shall no longer have. */
export function unlabelling(
  { repository, number, labels }: Pick<Candidate, 'repository' | 'number' | 'labels'>,
  unwanted: readonly string[],
  { held, why }: { held: Claim; why: string },
): LabelChange[] {
  return labels
    .filter(({ name }) => unwanted.includes(name))
    .map(({ id, name }) => ({
      kind: 'remove-label',
      repository,
      issue: number,
      label: { id, name },
      held,
      mayDecline: true,
      why,
    }));
}
