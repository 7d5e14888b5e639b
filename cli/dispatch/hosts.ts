import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from '../../core/api/connection.ts';
import { alone, type Told } from '../../core/api/errors.ts';
import { createSend, forgeService } from '../../core/api/http.ts';
import type { Send } from '../../core/api/send.ts';
import { UserError } from '../../core/errors.ts';
import { getIssue } from '../../core/forge/issues.ts';
import { findPull, standingOfPull } from '../../core/forge/pulls.ts';
import { githubAsForge } from '../../core/github/as-forge.ts';
import { githubService } from '../../core/github/call.ts';
import { findBranchPull } from '../../core/github/pulls.ts';
import { surroundingsOf } from '../../core/host/surroundings.ts';
import { createMask, type Mask } from '../../core/mask.ts';
import type { DispatchConfig, Secrets } from './config.ts';
import type { DispatchEntry } from './entry.ts';
import { githubHostOf } from './reference.ts';

/** How the hosts of issues are asked; each is connected to when it is first asked. */
export interface IssueHosts {
  forge: { url: string; send(): Promise<Send> };
  /** `host`: where its pages are. */
  github: { host: string; send(): Promise<Send> };
}

export interface Asking {
  config: DispatchConfig;
  secrets: Secrets;
  environment: Readonly<Record<string, string | undefined>>;
}

/** Connections to the hosts; the token of each goes to that host alone. */
export function openHosts({ config, secrets, environment }: Asking): IssueHosts & { close(): void } {
  const mask = createMask();
  const deadline = Date.now() + 120_000;
  const open: { close(): void }[] = [];
  const once = (connect: () => Promise<Send & { close(): void }>): (() => Promise<Send>) => {
    let known: Promise<Send> | undefined;
    return () => {
      known ??= connect().then((send) => {
        open.push(send);
        return send;
      });
      return known;
    };
  };
  return {
    forge: {
      url: config.forge,
      send: once(async () => {
        const token = await secrets.token();
        mask.add(token);
        const service = { ...forgeService, setting: `forge in ${config.file}` };
        return createSend({
          url: config.forge,
          service,
          ...connectionOf(environment),
          token,
          mask,
          deadline,
        });
      }),
    },
    github: {
      host: githubHostOf(config.github.api),
      send: once(async () =>
        connectGithub({ config, environment, token: await secrets.githubToken(), mask, deadline }),
      ),
    },
    close() {
      for (const send of open) send.close();
    },
  };
}

/** A connection to the GitHub of the configuration. */
export function connectGithub({
  config,
  environment,
  token,
  mask,
  ...more
}: Pick<Asking, 'config' | 'environment'> & {
  token: string;
  mask: Mask;
  deadline: number;
  say?: (line: string) => void;
}): Send & { close(): void } {
  mask.add(token);
  const { api: url } = config.github;
  return createSend({ url, service: githubService, ...connectionOf(environment), token, mask, ...more });
}

/** How this machine reaches the network. */
function connectionOf(environment: Asking['environment']): ConnectionOptions {
  const { proxy, certificateFile } = surroundingsOf(environment);
  return {
    ...(proxy === undefined ? {} : { proxy }),
    ...(certificateFile === undefined ? {} : { ca: readFileSync(certificateFile, 'utf8') }),
  };
}

/** The state of the issue of a dispatch, as the host that it is on says. */
export function issueOf(hosts: IssueHosts, entry: DispatchEntry): Promise<Told<'open' | 'closed'>> {
  const [repository = '', number] = entry.ref.split('#');
  return asked(hosts, entry, async () => {
    const send = await hosts[entry.platform === 'github' ? 'github' : 'forge'].send();
    const own = entry.platform === 'github' ? githubAsForge(send) : send;
    return (await getIssue(own, repository, Number(number))).state;
  });
}

export interface BranchPull {
  number: number;
  state: 'open' | 'merged' | 'closed';
  /** The last commit that it had. */
  head: string;
}

/** The pull request from the branch of a dispatch; undefined where there is none. */
export function pullOf(
  hosts: IssueHosts,
  entry: Pick<DispatchEntry, 'platform' | 'url' | 'ref' | 'base_branch'>,
  branch: string,
): Promise<Told<BranchPull | undefined>> {
  const { platform, base_branch: base } = entry;
  const [repository = ''] = entry.ref.split('#');
  return asked(hosts, entry, async () => {
    if (platform === 'github') return findBranchPull(await hosts.github.send(), repository, base, branch);
    const found = await findPull(await hosts.forge.send(), repository, base, branch);
    return found === undefined
      ? undefined
      : { number: found.number, state: standingOfPull(found), head: found.head.sha };
  });
}

/** What GitHub does not say, for want of a token too, is unknown of its own dispatches, and keeps nobody from those of the forge. */
async function asked<T>(
  { github }: IssueHosts,
  { platform, url }: Pick<DispatchEntry, 'platform' | 'url'>,
  read: () => Promise<T>,
): Promise<Told<T>> {
  if (platform === 'forgejo') return alone(read);
  const host = URL.canParse(url) ? new URL(url).host : '';
  // What another one says of a repository of the same name is about another repository.
  if (host !== github.host)
    return { value: undefined, trouble: `it is on ${host}, and github.api is that of ${github.host}` };
  return alone(read, (error) => error instanceof UserError);
}
