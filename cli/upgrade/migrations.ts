import { compareVersions } from '../factory/pins.ts';

/** What has to be changed in the documents of a factory when it moves to a version. */
export interface Migration {
  /** The version that it leads to. */
  to: string;
  /** What it does, as a sentence for people. */
  does: string;
  /** What has to be done to go back, where taking the merge back is not enough; a sentence as well. */
  back: string | null;
  /** The documents that become others, by path; texts of pipelines, policies, manifests and forgecrew.toml are given. */
  change(texts: ReadonlyMap<string, string>): Map<string, string>;
}

/** In any order. There has been no version yet that needed one. */
export const migrations: readonly Migration[] = [];

/** Those on the way from one version to another, the oldest first. */
export function onTheWay(all: readonly Migration[], from: string, to: string): Migration[] {
  return all
    .filter((item) => compareVersions(item.to, from) > 0 && compareVersions(item.to, to) <= 0)
    .sort((one, other) => compareVersions(one.to, other.to));
}
