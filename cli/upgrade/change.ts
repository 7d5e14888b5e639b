import { crewFile, parseCrewFile } from '../../core/crew-file.ts';
import { formatFault } from '../../core/errors.ts';
import { patternsIn, unreached } from '../../core/vault/guard.ts';
import { version } from '../../core/version.ts';
import { type DoctorState, projectsOf } from '../doctor/state.ts';
import { roleNames } from '../factory/examples.ts';
import {
  compareVersions,
  factoryVersion,
  isPipeline,
  movePins,
  type PinMove,
  withFactoryVersion,
} from '../factory/pins.ts';
import { forgecrewRepo, sourceOf } from '../factory/settings.ts';
import { type Migration, onTheWay } from './migrations.ts';
import { numberOf, type UpgradeSettings } from './settings.ts';

// What a move to a version changes, and why it cannot be made: pure.

/** What is wrong before anything is moved, and in which document or repository. */
export interface Obstacle {
  kind: 'obstacle';
  where: string;
  why: string;
}

/** What becomes other in one repository. */
export interface RepositoryMove {
  repository: string;
  /** Documents that become others, by path. */
  files: Map<string, string>;
  /** How many steps each of them had moved. */
  pins: Map<string, number>;
  /** Steps that name neither a version nor a commit, with their file. */
  left: string[];
  /** Pipelines that cannot be read, with why. */
  unread: string[];
}

export interface Move {
  kind: 'move';
  from: string;
  to: string;
  ops: RepositoryMove;
  migrations: Migration[];
  /** Those of the files of the ops repo that no merge may change while they are protected; undefined where that is not known. */
  guarded: string[] | undefined;
  /** The repositories that the factory works for, or why one could not be looked at. */
  projects: (RepositoryMove | Obstacle)[];
}

export function moveOf(
  given: UpgradeSettings,
  state: DoctorState,
  migrations: readonly Migration[],
): Move | Obstacle {
  const to = numberOf(given);
  const obstacle = (where: string, why: string): Obstacle => ({ kind: 'obstacle', where, why });
  if (to !== version)
    return obstacle(
      `forgecrew v${to}`,
      `this is forgecrew v${version}, and what a version changes it knows itself: run the upgrade with a clone of forgecrew at the tag v${to}`,
    );
  const { texts } = state.ops;
  if (texts.kind === 'unknown') return obstacle(given['ops-repo'], texts.why);
  const text = texts.value.get(crewFile);
  if (text === undefined)
    return obstacle(
      crewFile,
      'it is not there: forgecrew init --apply adds it, and says where a move begins',
    );
  const parsed = parseCrewFile(crewFile, new TextEncoder().encode(text));
  if (!parsed.ok) return obstacle(crewFile, parsed.faults.map(formatFault).join('; '));
  const from = factoryVersion(text);
  if (from === undefined)
    return obstacle(
      crewFile,
      `it names no version, and so not where the move begins: add a line such as version = "${version}", with the version that its pipelines name`,
    );
  if (compareVersions(from, to) > 0)
    return obstacle(
      crewFile,
      `the factory is at v${from} already: to go back, take the merge of its upgrade back, as its pull request says`,
    );
  const trouble = releaseTrouble(given, state);
  if (trouble !== undefined) return obstacle(forgecrewRepo(given), trouble);

  const commit = state.release.kind === 'known' ? state.release.value : undefined;
  const pins: PinMove = { roles: roleNames, source: sourceOf(given), from, to: { version: to, commit } };
  const way = onTheWay(migrations, from, to);
  const migrated = new Map(texts.value);
  for (const migration of way)
    for (const [path, content] of migration.change(migrated)) migrated.set(path, content);
  migrated.set(crewFile, withFactoryVersion(migrated.get(crewFile) ?? text, to));
  const ops = moved(given['ops-repo'], { before: texts.value, after: migrated }, pins);
  const { protect } = state;
  const patterns =
    protect.kind === 'known' ? (protect.value.main.rule?.protected_file_patterns ?? '') : undefined;
  return {
    kind: 'move',
    from,
    to,
    ops,
    migrations: way,
    guarded: patterns === undefined ? undefined : guardedOf([...ops.files.keys()], patterns),
    projects: [...projectsOf(given, state)].map(([name, { texts: own }]) =>
      own.kind === 'unknown'
        ? obstacle(name, own.why)
        : moved(name, { before: own.value, after: own.value }, pins),
    ),
  };
}

/** Every pin of forgecrew in the pipelines of a repository moved, beside what has changed there already. */
function moved(
  repository: string,
  { before, after }: { before: ReadonlyMap<string, string>; after: ReadonlyMap<string, string> },
  pins: PinMove,
): RepositoryMove {
  const results = [...after].map(([path, content]) => ({
    path,
    ...(isPipeline(path)
      ? movePins(content, pins)
      : { text: content, moved: [], left: [], fault: undefined }),
  }));
  return {
    repository,
    files: new Map(
      results.filter(({ path, text }) => before.get(path) !== text).map(({ path, text }) => [path, text]),
    ),
    pins: new Map(
      results.filter((item) => item.moved.length > 0).map((item) => [item.path, item.moved.length]),
    ),
    left: results.flatMap(({ path, left }) => left.map((address) => `${path}: ${address}`)),
    unread: results.flatMap(({ path, fault }) => (fault === undefined ? [] : [`${path}, ${fault}`])),
  };
}

/** Those that no merge may change; undefined where a pattern means more than is understood here. */
function guardedOf(paths: string[], patterns: string): string[] | undefined {
  const isPlain = (pattern: string): boolean => !/[*?[\\{]/.test(pattern.replace(/(^|\/)\*\*$/, ''));
  return patternsIn(patterns).every(isPlain)
    ? paths.filter((path) => unreached([path], patterns).length === 0)
    : undefined;
}

/** Why nothing can be pinned to this version; undefined where it can. */
function releaseTrouble({ ci }: UpgradeSettings, { source }: DoctorState): string | undefined {
  if (source.kind === 'unknown') return source.why;
  // On Woodpecker forgecrew need not be on this forge at all: its agents have a clone.
  if (source.value === 'no-version' || (source.value === 'missing' && ci === 'forgejo'))
    return `it has no tag v${version}: push forgecrew with that tag there, and run this again`;
  return undefined;
}
