import { crewFile, parseCrewFile } from '../../core/crew-file.ts';
import { formatFault } from '../../core/errors.ts';
import { patternsIn, unreached } from '../../core/vault/guard.ts';
import { version } from '../../core/version.ts';
import type { DoctorState } from '../doctor/state.ts';
import { examples } from '../factory/examples.ts';
import { compareVersions, movePins } from '../factory/pins.ts';
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

export interface Move {
  kind: 'move';
  from: string;
  to: string;
  /** Documents that become others, by path. */
  files: Map<string, string>;
  /** How many steps each of them had moved. */
  pins: Map<string, number>;
  migrations: Migration[];
  /** Steps that name neither a version nor a commit, with their file. */
  left: string[];
  /** Files of the project repo whose steps name another version. */
  inProject: string[];
  /** Those of the files that no merge may change while they are protected; undefined where that is not known. */
  guarded: string[] | undefined;
}

const roleNames = [...new Set(examples.map(({ role }) => role))];
const isPipeline = (path: string): boolean => /\.ya?ml$/.test(path);

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
  const from = versionIn(text);
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
  const release = { roles: roleNames, source: sourceOf(given), from, to: { version: to, commit } };
  const way = onTheWay(migrations, from, to);
  const moved = new Map(texts.value);
  for (const migration of way)
    for (const [path, content] of migration.change(moved)) moved.set(path, content);
  const pins = new Map<string, number>();
  const left: string[] = [];
  for (const [path, content] of moved) {
    if (!isPipeline(path)) continue;
    const result = movePins(content, release);
    moved.set(path, result.text);
    if (result.moved.length > 0) pins.set(path, result.moved.length);
    left.push(...result.left.map((address) => `${path}: ${address}`));
  }
  const crew = moved.get(crewFile) ?? text;
  moved.set(crewFile, crew.replace(versionLine, `$1"${to}"`));
  const files = new Map([...moved].filter(([path, content]) => texts.value.get(path) !== content));
  const { project, protect } = state;
  const patterns =
    protect.kind === 'known' ? (protect.value.main.rule?.protected_file_patterns ?? '') : undefined;
  return {
    kind: 'move',
    from,
    to,
    files,
    pins,
    migrations: way,
    left,
    inProject:
      project.texts.kind === 'unknown'
        ? []
        : [...project.texts.value].flatMap(([path, content]) =>
            isPipeline(path) && movePins(content, release).moved.length > 0 ? [path] : [],
          ),
    guarded: patterns === undefined ? undefined : guardedOf([...files.keys()], patterns),
  };
}

/** Those that no merge may change; undefined where a pattern means more than is understood here. */
function guardedOf(paths: string[], patterns: string): string[] | undefined {
  const isPlain = (pattern: string): boolean => !/[*?[\\{]/.test(pattern.replace(/(^|\/)\*\*$/, ''));
  return patternsIn(patterns).every(isPlain)
    ? paths.filter((path) => unreached([path], patterns).length === 0)
    : undefined;
}

const versionLine = /^(version\s*=\s*)["']\d+\.\d+\.\d+["']/m;

function versionIn(text: string): string | undefined {
  return /["'](\d+\.\d+\.\d+)["']/.exec(versionLine.exec(text)?.[0] ?? '')?.[1];
}

/** Why nothing can be pinned to this version; undefined where it can. */
function releaseTrouble({ ci }: UpgradeSettings, { source }: DoctorState): string | undefined {
  if (source.kind === 'unknown') return source.why;
  // On Woodpecker forgecrew need not be on this forge at all: its agents have a clone.
  if (source.value === 'no-version' || (source.value === 'missing' && ci === 'forgejo'))
    return `it has no tag v${version}: push forgecrew with that tag there, and run this again`;
  return undefined;
}
