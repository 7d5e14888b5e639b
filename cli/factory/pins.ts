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
export function movePins(
  text: string,
  given: { roles: readonly string[]; source: string; from: string; to: Release },
): Moved {
  const moved: string[] = [];
  const left: string[] = [];
  const lines = text.split('\n').map((line) => {
    const [, before, address, after] =
      /^(\s*(?:-\s+)?(?:uses|image):\s*["']?)([^\s"'#]+)(["']?\s*(?:#.*)?)$/.exec(line) ?? [];
    if (before === undefined || address === undefined || after === undefined || !isOurs(address, given))
      return line;
    const pin = pinIn(address);
    if (pin === undefined) return line;
    const isCommit = commitId.test(pin);
    const next = isCommit ? given.to.commit : semver.test(pin) ? given.to.version : undefined;
    if (next === undefined) {
      left.push(address);
      return line;
    }
    const changed = withPin(address, next);
    if (changed !== address) moved.push(pin);
    // Beside a commit people write which version it is.
    const said = isCommit ? after.replace(/(#\s*v?)\d+\.\d+\.\d+/, `$1${given.to.version}`) : after;
    return `${before}${changed}${said}`;
  });
  return { text: lines.join('\n'), moved, left };
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
