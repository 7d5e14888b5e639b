import { UserError } from '../../core/errors.ts';
import { quoted } from '../../core/text/log-line.ts';
import type { AllowedOwner } from './config.ts';
import type { IssuePlace } from './entry.ts';

// What a person means by `acme/widgets#12`: pure. Who may not be asked about is refused here, before any request.

/**
 * Where GitHub's pages are, by the address of its API: github.com, or a GitHub Enterprise, whose API is at
 * `https://HOST/api/v3` (Server) or at `https://api.NAME.ghe.com` (Cloud). Pure.
 */
export function githubHostOf(api: string): string {
  const url = URL.canParse(api) ? new URL(api) : undefined;
  if (url?.pathname.replace(/\/+$/, '') === '/api/v3') return url.host;
  const [, cloud] = /^api\.([a-z0-9-]+\.ghe\.com)$/.exec(url?.host ?? '') ?? [];
  return cloud ?? 'github.com';
}

export interface Hosts {
  /** Where the forge is, with its path if it has one. */
  forge: string;
  owners: readonly AllowedOwner[];
  github: { api: string };
}

/** Where an issue may be, in the order in which it is asked for. */
export type Reference = [IssuePlace, ...IssuePlace[]];

const name = '[A-Za-z0-9_.-]{1,100}';
const short = new RegExp(`^(?:(${name})/)?(${name})#([1-9]\\d{0,8})$`);
const inPath = new RegExp(`^(${name})/(${name})/(issues|pulls|pull)/([1-9]\\d{0,8})/?$`);

/** Reads `owner/repo#12`, `repo#12` or the URL of an issue. Throws where it is none, or not of an owner that is allowed. */
export function referenceOf(text: string, hosts: Hosts): Reference {
  const place = text.includes('://') ? byUrl(text, hosts) : undefined;
  if (place !== undefined) {
    if (!isAllowed(place, hosts.owners)) throw notAllowed(place, hosts.owners);
    return [place];
  }
  const [, owner, repo, number] = short.exec(text) ?? [];
  if (repo === undefined)
    throw new UserError(
      `${quoted(text, 200)} names no issue.`,
      'Name it as owner/repo#12, as repo#12, or by its URL.',
    );
  const whole = { owner: owner ?? onlyOwner(text, hosts.owners), repo, number: Number(number) };
  // The forge first: the other one is only asked when the forge says that there is no such thing.
  const places = (['forgejo', 'github'] as const)
    .map((platform): IssuePlace => ({ platform, host: hostOf(platform, hosts), ...whole }))
    .filter((item) => isAllowed(item, hosts.owners));
  const [first, ...others] = places;
  if (first === undefined) throw notAllowed({ ...whole }, hosts.owners);
  return [first, ...others];
}

function byUrl(text: string, hosts: Hosts): IssuePlace {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const bare = url === undefined ? '' : `${url.protocol}//${url.host}${url.pathname}`;
  const none = new UserError(
    `${quoted(text, 200)} is no address of an issue.`,
    'An issue has an address such as https://forge.example/owner/repo/issues/12.',
  );
  if (url === undefined || url.username !== '' || url.password !== '') throw none;
  const isForge = hosts.forge !== '' && bare.startsWith(`${hosts.forge}/`);
  const isGithub = url.protocol === 'https:' && url.host === githubHostOf(hosts.github.api);
  if (!isForge && !isGithub)
    throw new UserError(
      `${quoted(text, 200)} is on ${url.host}, which is neither the forge nor GitHub.`,
      'Only issues of owners in allowed-owners are dispatched.',
    );
  const [, owner, repo, kind, number] =
    inPath.exec(isForge ? bare.slice(hosts.forge.length + 1) : url.pathname.slice(1)) ?? [];
  if (owner === undefined || repo === undefined) throw none;
  if (kind !== 'issues') throw aPullRequest(`${owner}/${repo}#${number}`);
  const platform = isForge ? 'forgejo' : 'github';
  return { platform, host: hostOf(platform, hosts), owner, repo, number: Number(number) };
}

export function aPullRequest(ref: string): UserError {
  return new UserError(
    `${ref} is a pull request, and only issues are dispatched.`,
    'Name the issue that it is for.',
  );
}

function hostOf(platform: IssuePlace['platform'], { forge, github }: Hosts): string {
  return platform === 'github' ? githubHostOf(github.api) : URL.canParse(forge) ? new URL(forge).host : '';
}

function onlyOwner(text: string, owners: readonly AllowedOwner[]): string {
  const names = [...new Map(owners.map(({ owner }) => [owner.toLowerCase(), owner])).values()];
  const [only, ...others] = names;
  if (only !== undefined && others.length === 0) return only;
  throw new UserError(
    `${quoted(text, 200)} does not say whose repository it is, and several owners are allowed: ${names.join(', ')}.`,
    'Name it as owner/repo#12.',
  );
}

function isAllowed({ platform, owner }: IssuePlace, owners: readonly AllowedOwner[]): boolean {
  return owners.some(
    (allowed) => allowed.platform === platform && allowed.owner.toLowerCase() === owner.toLowerCase(),
  );
}

function notAllowed(
  { platform, owner }: { platform?: IssuePlace['platform']; owner: string },
  owners: readonly AllowedOwner[],
): UserError {
  const where = platform === undefined ? '' : platform === 'github' ? ' on GitHub' : ' on the forge';
  return new UserError(
    `${owner}${where} is not among allowed-owners, so nothing was asked.`,
    `Allowed are ${owners.map((item) => `${item.platform === 'github' ? 'github' : 'forge'}:${item.owner}`).join(', ')}.`,
  );
}

/** The clone of the project of an issue, by the template of the configuration. */
export function checkoutOf(template: string, { host, owner, repo }: IssuePlace): string {
  for (const part of [owner, repo])
    if (/^\.+$/.test(part))
      throw new UserError(`A repository called ${owner}/${repo} has no place on this machine.`);
  return template
    .replaceAll('{host}', () => host.replaceAll(':', '_'))
    .replaceAll('{owner}', () => owner)
    .replaceAll('{repo}', () => repo);
}
