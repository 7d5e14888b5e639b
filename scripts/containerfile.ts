// The image of a role, for Woodpecker where steps are containers; made for each role by docs.ts.

/** Programs of the system that a role starts; they go into its image. */
const programs: Record<string, { packages: string[]; why: string; asRoot?: boolean }> = {
  'collect-engagement': { packages: ['openssh-client'], why: 'For logs over SSH.' },
  'forge-agent': {
    packages: ['bubblewrap', 'git', 'setpriv', 'util-linux-misc'],
    why: 'For clones, and for agents that run as another user.',
    asRoot: true,
  },
};

/** By digest: a tag may be another image tomorrow. To raise it, take the digest of a newer node:22-alpine. */
export const baseImage =
  'docker.io/library/node:22-alpine@sha256:8094c002d08262dba12645a3b4a15cd6cd627d30bc782f53229a2ec13ee22a00';

/** How the image is built: of a checkout, with nothing started in it but where programs of the system are installed. */
export function containerfile(name: string): string {
  const needs = programs[name];
  return [
    '# Made from scripts/containerfile.ts by `npm run docs`; edit that.',
    `# Build at the root of a checkout: podman build -f plugins/${name}/Containerfile -t ${name} .`,
    `FROM ${baseImage}`,
    ...(needs === undefined ? [] : [`# ${needs.why}`, `RUN apk add --no-cache ${needs.packages.join(' ')}`]),
    `COPY dist/${name} /forgecrew/dist/${name}`,
    `COPY plugins/${name}/${name} /forgecrew/plugins/${name}/${name}`,
    '# The file commit, for the first line of every log: `git rev-parse HEAD >commit` writes it, as `npm run release` does. The pattern is',
    '# one so that nothing is missed where there is no such file.',
    'COPY LICENSE commi[t] /forgecrew/',
    ...(needs?.asRoot === true
      ? [
          '# Root, and nothing less: only root can start an agent as another user, who cannot look at this process.',
        ]
      : ['# Never root: a role reads the workspace and writes at most its result file.', 'USER node']),
    '# By name of the shell: the one of this image does not know the option in the first line of the launcher.',
    `ENTRYPOINT ["/bin/sh", "/forgecrew/plugins/${name}/${name}"]`,
    '',
  ].join('\n');
}
