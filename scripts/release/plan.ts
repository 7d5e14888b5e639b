// What a release needs, and what it changes: pure.

export interface Facts {
  version: string;
  /** What `git status` says, a line each. */
  dirty: string[];
  branch: string;
  tags: string[];
  changelog: string;
  staleDocuments: string[];
  staleFiles: string[];
}

export interface ReleaseFault {
  what: string;
  remedy: string;
}

/** The section of the changelog that becomes the release: from its heading to the next one. */
const unreleased = /^## Unreleased[^\n]*\n([\s\S]*?)(?=^## |$(?![\s\S]))/m;

/** Everything that keeps this state from being released, so that one look mends all of it. */
export function releaseFaults(facts: Facts): ReleaseFault[] {
  const { version, dirty, branch, tags, changelog, staleDocuments, staleFiles } = facts;
  const body = unreleased.exec(changelog)?.[1];
  return [
    ...(dirty.length === 0
      ? []
      : [{ what: `Not committed: ${dirty.slice(0, 5).join(', ')}.`, remedy: 'Commit it, or put it away.' }]),
    ...(branch === 'main'
      ? []
      : [{ what: `This is ${branch}, and releases are made on main.`, remedy: 'Merge it first.' }]),
    ...(tags.includes(tagOf(version))
      ? [
          {
            what: `${tagOf(version)} is there already.`,
            remedy:
              'Raise the version in package.json and core/version.ts, then run npm run docs and npm run build.',
          },
        ]
      : []),
    ...(body === undefined
      ? [
          {
            what: 'CHANGELOG.md has no part "## Unreleased".',
            remedy: 'Write what changed below that heading.',
          },
        ]
      : /^- /m.test(body)
        ? []
        : [{ what: 'CHANGELOG.md says nothing below "## Unreleased".', remedy: 'Write what changed.' }]),
    ...(staleDocuments.length === 0
      ? []
      : [{ what: `Stale: ${staleDocuments.slice(0, 5).join(', ')}.`, remedy: 'npm run docs' }]),
    ...(staleFiles.length === 0
      ? []
      : [{ what: `Stale: ${staleFiles.slice(0, 5).join(', ')}.`, remedy: 'npm run build' }]),
  ];
}

export function tagOf(version: string): string {
  return `v${version}`;
}

/** The changelog in which what was unreleased has its version and day, and a new part begins above it. */
export function releasedChangelog(changelog: string, version: string, day: string): string {
  return changelog.replace(/^## Unreleased[^\n]*$/m, `## Unreleased\n\n## ${version} (${day})`);
}

/** The commands that build and push the image of a role; the digest of what was pushed is written to a file. */
export function imageCommands(
  role: string,
  {
    version,
    commit,
    registry,
    digestFile,
  }: { version: string; commit: string; registry: string; digestFile: string },
): { program: string; args: string[] }[] {
  const image = `${registry}/${role}:${version}`;
  const label = (name: string, value: string): string[] => [
    '--label',
    `org.opencontainers.image.${name}=${value}`,
  ];
  return [
    {
      program: 'podman',
      args: [
        ...['build', '-f', `plugins/${role}/Containerfile`, '--build-arg', `COMMIT=${commit}`],
        ...label('version', version),
        ...label('revision', commit),
        ...['-t', image, '.'],
      ],
    },
    { program: 'podman', args: ['push', '--digestfile', digestFile, image] },
  ];
}
