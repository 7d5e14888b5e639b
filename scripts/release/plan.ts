import { baseImage } from '../containerfile.ts';

// What a release needs, and what it changes: pure.

export interface Facts {
  version: string;
  /** What `git status` says, a line each. */
  dirty: string[];
  branch: string;
  tags: string[];
  /** Whether `origin` has the tag of this version, or why it does not say so; where there is no `origin`, it has none. */
  isPushed: boolean | { unknown: string };
  changelog: string;
  /** The newest commit: the first line of its message, and the files it changes. */
  last: { message: string; files: string[] };
  /** Whether podman is on this machine. */
  hasPodman: boolean;
}

export interface ReleaseFault {
  what: string;
  remedy: string;
}

/** The section of the changelog that becomes the release: from its heading to the next one. */
const unreleased = /^## Unreleased[^\n]*\n([\s\S]*?)(?=^## |$(?![\s\S]))/m;

/**
 * Whether a release of this version was begun and not finished: its commit is there, and its tag is not. That commit is made when the
 * checks have passed; one that changes more than the changelog is another one, of which nobody knows that.
 */
export function isBegun({ version, tags, changelog, last }: Facts): boolean {
  return (
    isDated(changelog, version) &&
    last.message === messageOf(version) &&
    last.files.join() === 'CHANGELOG.md' &&
    !tags.includes(tagOf(version))
  );
}

function isDated(changelog: string, version: string): boolean {
  return changelog.split('\n').some((line) => line.startsWith(`## ${version} (`));
}

/** Everything that keeps this state from being released, so that one look mends all of it. */
export function releaseFaults(facts: Facts, registry: string | undefined): ReleaseFault[] {
  const { version, dirty, branch, tags, isPushed, hasPodman } = facts;
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
              'Raise the version in package.json, core/version.ts and the examples, then run npm run docs and npm run build.',
          },
        ]
      : [...pushedFaults(version, isPushed), ...changelogFaults(facts)]),
    ...(registry === undefined || hasPodman
      ? []
      : [
          {
            what: 'Images were asked for, and podman is not on this machine.',
            remedy: 'Install it, or leave --registry out.',
          },
        ]),
  ];
}

/** Somebody else may have released this version: its images would be pushed over theirs, and the tag at last be refused. */
function pushedFaults(version: string, isPushed: Facts['isPushed']): ReleaseFault[] {
  if (isPushed === false) return [];
  return isPushed === true
    ? [
        {
          what: `origin has ${tagOf(version)}, and this checkout does not: somebody has released it.`,
          remedy: 'Fetch it with git fetch --tags, and release the next version.',
        },
      ]
    : [
        {
          what: `Whether origin has ${tagOf(version)} already could not be asked: ${isPushed.unknown}.`,
          remedy: 'Try it by hand: git ls-remote --tags origin.',
        },
      ];
}

function changelogFaults(facts: Facts): ReleaseFault[] {
  const { version, changelog } = facts;
  if (isBegun(facts)) return [];
  if (isDated(changelog, version))
    return [
      {
        what: `CHANGELOG.md has a part for ${version} already, and there is no tag ${tagOf(version)}: its release was begun, and something was committed since.`,
        remedy: 'Put that part back below "## Unreleased", and commit it.',
      },
    ];
  const body = unreleased.exec(changelog)?.[1];
  if (body === undefined)
    return [
      {
        what: 'CHANGELOG.md has no part "## Unreleased".',
        remedy: 'Write what changed below that heading.',
      },
    ];
  return /^- /m.test(body)
    ? []
    : [{ what: 'CHANGELOG.md says nothing below "## Unreleased".', remedy: 'Write what changed.' }];
}

export function tagOf(version: string): string {
  return `v${version}`;
}

/** The message of the commit that a release is. */
export function messageOf(version: string): string {
  return `Release ${version}`;
}

/** The message of the tag: what of the version cannot stand in its commit, because it is made from it. */
export function tagMessage(version: string, images: readonly string[]): string {
  return [`forgecrew ${version}`, ...(images.length === 0 ? [] : ['', ...images])].join('\n');
}

/** The changelog in which what was unreleased has its version and day, and a new part begins above it. */
export function releasedChangelog(changelog: string, version: string, day: string): string {
  return changelog.replace(/^## Unreleased[^\n]*$/m, `## Unreleased\n\n## ${version} (${day})`);
}

export interface Build {
  version: string;
  commit: string;
  /** When the commit was made, in seconds since 1970. */
  at: string;
  registry: string;
  /** Another image to build on than the one in the Containerfile, where that one cannot be had. */
  base: string | undefined;
  /** A folder with what the commit holds. */
  folder: string;
  digestFile: string;
}

export interface Command {
  program: string;
  args: string[];
}

/** The commands that build and push the image of a role; the digest of what was pushed is written to a file. */
export function imageCommands(role: string, build: Build): Command[] {
  const { version, commit, at, registry, base = baseImage, folder, digestFile } = build;
  const image = `${registry}/${role}:${version}`;
  const label = (name: string, value: string): string[] => [
    '--label',
    `org.opencontainers.image.${name}=${value}`,
  ];
  return [
    {
      program: 'podman',
      args: [
        ...['build', '-f', `${folder}/plugins/${role}/Containerfile`],
        ...(base === baseImage ? [] : ['--from', base]),
        // The same commit on the same base gives the same digest: a release that is run again pushes what is there.
        ...['--timestamp', at],
        ...label('version', version),
        ...label('revision', commit),
        ...label('base.name', base),
        ...['-t', image, folder],
      ],
    },
    { program: 'podman', args: ['push', '--digestfile', digestFile, image] },
  ];
}
