// Where pipelines say which version of forgecrew they run, in every way in which they can: pure.

const semver = /^v?(\d+\.\d+\.\d+)$/;
const commitId = /^[0-9a-f]{40}$/;

/** What an address of a step names as the version of forgecrew; a plain number as the tag is called. Undefined where it names none. */
export function pinIn(address: string): string | undefined {
  const named =
    /@([^@/]+)$/.exec(address)?.[1] ?? /:([^:/]+)$/.exec(address)?.[1] ?? inFolder.exec(address)?.[2];
  if (named === undefined || address.includes('@')) return named;
  const [, number] = semver.exec(named) ?? [];
  return number === undefined ? named : `v${number}`;
}

/** A checkout of one version, as in /opt/forgecrew-0.1.0/plugins/... */
const inFolder = /(\bforgecrew[-/@])(v?\d+\.\d+\.\d+|[0-9a-f]{40})(?=\/)/;

/** A version and the commit that its tag names, where that is known. */
export interface Release {
  version: string;
  commit: string | undefined;
}

/**
 * How the examples name the commit of their version, which they cannot know, because they are in it: `@<commit> # v0.1.0`, and in a
 * comment `forgecrew v0.1.0 (<commit>)`.
 */
const ofExample = /@<commit> # v\d+\.\d+\.\d+|\bforgecrew v\d+\.\d+\.\d+ \(<commit>\)/g;

/**
 * An example as a factory has it, pinned to a release. A tag alone whoever may push there can move, and a commit alone tells nobody which
 * version it is: so a pin is both, and the tag alone only where the commit is not known.
 */
export function pinExample(text: string, release: Release): string {
  return text.replace(ofExample, (found) =>
    found.startsWith('@') ? `@${pinnedTo(release)}` : checkoutOf(release),
  );
}

/** What stands behind the address of an action. */
function pinnedTo({ version, commit }: Release): string {
  return commit === undefined ? `v${version}` : `${commit} # v${version}`;
}

/** What has to be checked out where a pipeline names a folder; it stands in a comment beside it. */
function checkoutOf({ version, commit }: Release): string {
  return `forgecrew v${version}${commit === undefined ? '' : ` (${commit})`}`;
}

const checkout = /\bforgecrew v(\d+\.\d+\.\d+)(?: \(([0-9a-f]{40})\))?/g;
const isComment = (line: string): boolean => /^\s*#/.test(line);

/** A line that starts something: what stands before its address, the address, and behind it. */
const startLine = /^(\s*(?:-\s+)?(?:uses|image):\s*["']?)([^\s"'#]+)(["']?)(\s*(?:#.*)?)$/;

/** The version that a comment begins with. */
const saidIn = /^(\s*#\s*)v?(\d+\.\d+\.\d+)\b/;

/** A pin in which version and commit can be held against each other. */
export interface Pin {
  version: string | undefined;
  commit: string | undefined;
}

/** The pins of a role's steps in a pipeline, and what its comments say that has to be checked out. */
export function pinsOf(text: string, role: string): Pin[] {
  const ofRole = new RegExp(`(?:^|/)actions/${role}@`);
  const ofFolder = new RegExp(`^/.*/plugins/${role}/`);
  return text.split('\n').flatMap((line): Pin[] => {
    const [, , address = '', , after = ''] = startLine.exec(line) ?? [];
    const said = isComment(line) ? line : ofFolder.test(address) ? after : '';
    if (said !== '') return [...said.matchAll(checkout)].map(([, version, commit]) => ({ version, commit }));
    if (!ofRole.test(address)) return [];
    const pin = pinIn(address) ?? '';
    return commitId.test(pin)
      ? [{ version: saidIn.exec(after)?.[2], commit: pin }]
      : semver.test(pin)
        ? [{ version: semver.exec(pin)?.[1], commit: undefined }]
        : [];
  });
}

/** What is wrong with a pin, as a person reads it behind the file's name; undefined where nothing is. */
export function pinFault(pin: Pin, release: Release): string | undefined {
  if (release.commit === undefined || pin.version === undefined) return undefined;
  if (pin.version !== release.version)
    return pin.commit === release.commit
      ? `calls the commit of v${release.version} v${pin.version}`
      : undefined;
  if (pin.commit === undefined) return tagAlone(pin.version);
  return pin.commit === release.commit
    ? undefined
    : `calls ${pin.commit.slice(0, 12)} v${pin.version}, whose tag is at ${release.commit.slice(0, 12)}`;
}

/** What a pin is that names no commit. */
export function tagAlone(version: string): string {
  return `names v${version} by its tag alone, which whoever may push there can move`;
}

/** Which pins are moved: those of steps of these roles from this place, from one version to another. */
export interface PinMove {
  roles: readonly string[];
  source: string;
  from: string;
  to: Release;
}

/** Whether a file is a pipeline, in which steps are pinned. */
export function isPipeline(path: string): boolean {
  return /\.ya?ml$/.test(path);
}

export interface Moved {
  text: string;
  /** What was moved, as `from` it was called. */
  moved: string[];
  /** Steps of forgecrew that name neither a version nor a commit, or one whose successor is not known. */
  left: string[];
}

/**
 * A pipeline with every pin of forgecrew moved to a release, and nothing else changed. Steps are known by the place that they come
 * from: what stands beside them may be called like a role, and has versions of its own.
 */
export function movePins(text: string, given: PinMove): Moved {
  const moved: string[] = [];
  const left: string[] = [];
  const lines = text.split('\n').map((line) => {
    if (isComment(line)) return line.replace(checkout, checkoutOf(given.to));
    const [, before, address, quote, after] = startLine.exec(line) ?? [];
    if (before === undefined || address === undefined || after === undefined || !isOurs(address, given))
      return line;
    const pin = pinIn(address);
    // Of a folder the comment says what has to be checked out there.
    if (pin === undefined)
      return `${before}${address}${quote}${after.replace(checkout, checkoutOf(given.to))}`;
    const isCommit = commitId.test(pin);
    const { version, commit } = given.to;
    // What runners clone is pinned to both. An image has its tags in another place, and a folder is called as people called it.
    const isBoth = /(?:^|\/)actions\/[a-z-]+@/.test(address) && (isCommit || semver.test(pin));
    const tag = semver.test(pin) ? (isBoth ? `v${version}` : version) : undefined;
    const next = isBoth || isCommit ? (commit ?? tag) : tag;
    if (next === undefined) {
      left.push(address);
      return line;
    }
    const changed = isBoth ? address.replace(/[^@]+$/, next) : withPin(address, next);
    const said = next === commit && (isBoth || saidIn.test(after)) ? saying(after, version) : after;
    if (changed !== address) moved.push(pin);
    return `${before}${changed}${quote}${said}`;
  });
  return { text: lines.join('\n'), moved, left };
}

/** Beside a commit stands which version it is, and then what people wrote. */
function saying(after: string, version: string): string {
  if (saidIn.test(after)) return after.replace(saidIn, `$1v${version}`);
  const own = after.replace(/^[ \t]*#?[ \t]*/, '');
  return ` # v${version}${own.trim() === '' ? own : ` ${own}`}`;
}

const versionLine = /^(version\s*=\s*)["'](\d+\.\d+\.\d+)["']/m;

/** The version that a factory says it is at, in the text of its forgecrew.toml. */
export function factoryVersion(crewText: string): string | undefined {
  return versionLine.exec(crewText)?.[2];
}

/** The same text for another version. */
export function withFactoryVersion(crewText: string, version: string): string {
  return crewText.replace(versionLine, (_, before: string) => `${before}"${version}"`);
}

/** Whether a step is of forgecrew: from where this factory takes it, or from a place of that name. */
function isOurs(
  address: string,
  { roles, source, from }: { roles: readonly string[]; source: string; from: string },
): boolean {
  const [, place = '', role = ''] =
    /^(.*?)\/?(?:(?:actions|plugins)\/)?([a-z-]+)(?:[@:][^/]*)?$/.exec(address) ?? [];
  if (!roles.includes(role)) return false;
  if (place === source || place.startsWith(`${source}/`) || /(?:^|\/)forgecrew(?:[-/@]|$)/.test(place))
    return true;
  // An image that people built under a name of their own is told by its tag.
  return !address.includes('@') && pinIn(address) === `v${from}`;
}

/** The address with another version or commit, written as the one before was. */
function withPin(address: string, next: string): string {
  const written = (before: string): string =>
    semver.test(before) ? `${before.startsWith('v') ? 'v' : ''}${next}` : next;
  if (/[@:][^@:/]+$/.test(address))
    return address.replace(/([@:])([^@:/]+)$/, (_, mark: string, pin: string) => `${mark}${written(pin)}`);
  return address.replace(inFolder, (_, place: string, pin: string) => `${place}${written(pin)}`);
}

/** Less than 0 where the first version is the older one. */
export function compareVersions(one: string, other: string): number {
  const [a, b] = [one, other].map((item) => item.split('.').map(Number));
  return [0, 1, 2].map((at) => (a?.[at] ?? 0) - (b?.[at] ?? 0)).find((difference) => difference !== 0) ?? 0;
}
