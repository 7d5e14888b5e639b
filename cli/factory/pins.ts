import { type Start, startsIn } from './starts.ts';

// Where pipelines say which version of forgecrew they run, in every way in which they can: pure.

const semver = /^v?(\d+\.\d+\.\d+)$/;
/** Of a repository with SHA-1 or SHA-256. */
const commitId = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** What an address of a step names as the version of forgecrew; a plain number as the tag is called. Undefined where it names none. */
export function pinIn(address: string): string | undefined {
  const named =
    /@([^@/]+)$/.exec(address)?.[1] ?? /:([^:/]+)$/.exec(address)?.[1] ?? inFolder.exec(address)?.[2];
  if (named === undefined || address.includes('@')) return named;
  const [, number] = semver.exec(named) ?? [];
  return number === undefined ? named : `v${number}`;
}

/** A checkout of one version, as in /opt/forgecrew-0.1.0/plugins/... */
const inFolder = /(\bforgecrew[-/@])(v?\d+\.\d+\.\d+|[0-9a-f]{64}|[0-9a-f]{40})(?=\/)/;

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

const checkout = /\bforgecrew v(\d+\.\d+\.\d+)(?: \(([0-9a-f]{64}|[0-9a-f]{40})\))?/g;

/** The version that a comment begins with. */
const saidIn = /^(#\s*)v?(\d+\.\d+\.\d+)\b/;

/** A pin in which version and commit can be held against each other. */
export interface Pin {
  version: string | undefined;
  commit: string | undefined;
}

/** The pins of a role's steps in a pipeline, and what its comments say that has to be checked out. */
export function pinsOf(text: string, role: string): Pin[] {
  const read = startsIn(text);
  if ('fault' in read) return [];
  const ofRole = new RegExp(`(?:^|/)actions/${role}@`);
  const ofFolder = new RegExp(`^/.*/plugins/${role}/`);
  const checkouts = (comment: string): Pin[] =>
    [...comment.matchAll(checkout)].map(([, version, commit]) => ({ version, commit }));
  return [
    ...read.comments.flatMap((comment) => checkouts(comment.text)),
    ...read.starts.flatMap(({ address, comment }): Pin[] => {
      const said = comment?.text ?? '';
      if (ofFolder.test(address)) return checkouts(said);
      if (!ofRole.test(address)) return [];
      const pin = pinIn(address) ?? '';
      return commitId.test(pin)
        ? [{ version: saidIn.exec(said)?.[2], commit: pin }]
        : semver.test(pin)
          ? [{ version: semver.exec(pin)?.[1], commit: undefined }]
          : [];
    }),
  ];
}

/**
 * Whether a pin says of itself that it is a version whose commit nobody knows, because its tag is not there: then it cannot be said to be
 * another one. That the tag is missing is told by itself.
 */
export function isSaidToBe({ version, commit }: Release, pin: Pin): boolean {
  return commit === undefined && pin.commit !== undefined && pin.version === version;
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
  /** Why the text cannot be read, and so is left whole, where it may start something of forgecrew. */
  fault: string | undefined;
}

interface Edit {
  from: number;
  to: number;
  by: string;
}

/**
 * A pipeline with every pin of forgecrew moved to a release, and nothing else changed. Steps are known by the place that they come
 * from: what stands beside them may be called like a role, and has versions of its own.
 */
export function movePins(text: string, given: PinMove): Moved {
  const read = startsIn(text);
  if ('fault' in read) {
    const isOf = given.roles.some((role) => text.includes(role));
    return { text, moved: [], left: [], fault: isOf ? read.fault : undefined };
  }
  const moved: string[] = [];
  const left: string[] = [];
  const edits = read.comments.map((comment) => checkedOut(comment, given.to));
  for (const start of read.starts) {
    const { address, at, comment } = start;
    if (!isOurs(address, given)) continue;
    const pin = pinIn(address);
    // Of a folder the comment says what has to be checked out there.
    if (pin === undefined && !address.includes('@')) {
      if (comment !== undefined) edits.push(checkedOut(comment, given.to));
      continue;
    }
    const next = nextOf(address, pin, given.to);
    if (pin === undefined || next === undefined || at === undefined) {
      left.push(address);
      continue;
    }
    if (next.address !== address) {
      moved.push(pin);
      edits.push({ from: at, to: at + address.length, by: next.address });
    }
    if (next.isCommit) edits.push(...saying(start, given.to, next.isBoth));
  }
  return { text: edited(text, edits), moved, left, fault: undefined };
}

/** An address with the pin of a release in place of its own, and of what kind that is; undefined where it has none there. */
function nextOf(
  address: string,
  pin = '',
  { version, commit }: Release,
): { address: string; isBoth: boolean; isCommit: boolean } | undefined {
  const isCommit = commitId.test(pin);
  // What runners clone is pinned to both. An image has its tags in another place, and a folder is called as people called it.
  const isBoth = /(?:^|\/)actions\/[a-z-]+@/.test(address) && (isCommit || semver.test(pin));
  const tag = semver.test(pin) ? (isBoth ? `v${version}` : version) : undefined;
  const next = isBoth || isCommit ? (commit ?? tag) : tag;
  if (next === undefined) return undefined;
  return {
    address: isBoth ? address.replace(/[^@]+$/, next) : withPin(address, next),
    isBoth,
    isCommit: next === commit,
  };
}

function checkedOut({ offset, text }: { offset: number; text: string }, to: Release): Edit {
  return { from: offset, to: offset + text.length, by: text.replace(checkout, checkoutOf(to)) };
}

/** Beside a commit stands which version it is, and then what people wrote. */
function saying({ comment, end }: Start, { version }: Release, isAdded: boolean): Edit[] {
  if (comment !== undefined) {
    const { offset, text } = comment;
    const to = offset + text.length;
    if (saidIn.test(text)) return [{ from: offset, to, by: text.replace(saidIn, `$1v${version}`) }];
    return isAdded
      ? [{ from: offset, to, by: `# v${version} ${text.replace(/^#[ \t]*/, '')}`.trimEnd() }]
      : [];
  }
  // Behind what else stands on the line nobody knows whether a comment may stand.
  return isAdded && end !== undefined ? [{ from: end, to: end, by: ` # v${version}` }] : [];
}

/** A text with its edits; of two at one place, as of two steps with one comment, the first is meant. */
function edited(text: string, edits: readonly Edit[]): string {
  const parts: string[] = [];
  let done = 0;
  for (const { from, to, by } of [...edits].sort((one, other) => one.from - other.from)) {
    if (from < done) continue;
    parts.push(text.slice(done, from), by);
    done = to;
  }
  return parts.join('') + text.slice(done);
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
  // Longer ones are no address, and would only be a way to keep this busy.
  if (address.length > 2000) return false;
  const [, place = '', role = ''] =
    /^(.*?)\/?(?:(?:actions|plugins)\/)?([a-z-]+)(?:@.*|:[^/]*)?$/.exec(address) ?? [];
  if (!roles.includes(role)) return false;
  // Forges mind no capitals in names.
  const [at, own] = [place.toLowerCase(), source.toLowerCase()];
  if (at === own || at.startsWith(`${own}/`) || /(?:^|\/)forgecrew(?:[-/@]|$)/.test(at)) return true;
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
