import { ifThere } from '../../core/api/errors.ts';
import { everyLabel, type KnownLabels } from '../../core/forge/labels.ts';
import { getPull, openPulls, type Pull } from '../../core/forge/pulls.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import type { CandidatePlace } from './candidate.ts';
import type { Context, FrozenIssue } from './state.ts';

/** A repository whose issues agents take. */
export interface Place extends CandidatePlace {
  labels: KnownLabels;
  /** The open ones. */
  pulls: Pull[];
  /** Nothing can be written there. */
  isArchived: boolean;
}

/** The repositories of one look, each read once. */
export interface Places {
  of(repository: string): Promise<Place>;
  /** A pull request that is not open any more, or `null`. */
  closedPull(repository: string, number: number): Promise<FrozenIssue['closed']>;
}

export function createPlaces(context: Context): Places {
  const read = new Map<string, Promise<Place>>();
  const of = (repository: string): Promise<Place> => {
    const name = repository.toLowerCase();
    const found = read.get(name) ?? readPlace(context, repository);
    read.set(name, found);
    return found;
  };
  return {
    of,
    async closedPull(repository, number) {
      const { pulls, repository: name } = await of(repository);
      if (pulls.some((pull) => pull.number === number)) return null;
      const found = await ifThere(getPull(context.send, name, number));
      // An admin may delete one; the list above was read, so it is not ours to see less.
      if (found === undefined) return { number, isMerged: false, isDeleted: true, head: '' };
      const { state, merged, head } = found;
      return state === 'open' ? null : { number, isMerged: merged, head: head.sha };
    },
  };
}

async function readPlace({ send, kept }: Context, name: string): Promise<Place> {
  const [{ full_name: repository, default_branch: defaultBranch, permissions, archived }, labels, pulls] =
    await Promise.all([getRepository(send, name), everyLabel({ send, kept }, name), openPulls(send, name)]);
  return {
    repository,
    defaultBranch,
    labels,
    // Of one name the repository's own comes first.
    known: [...labels.own, ...labels.organisation],
    pulls,
    mayPush: permissions?.push === true,
    isArchived: archived,
  };
}
