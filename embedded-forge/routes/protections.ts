import { type Answer, type Call, failure, notFound, ok, type Route, text } from '../route.ts';
import {
  type Account,
  accessOf,
  mayAdmin,
  mayWrite,
  type Protection,
  type Repository,
  timestamp,
} from '../state.ts';

function shapeOf(rule: Protection): unknown {
  return {
    branch_name: rule.name,
    rule_name: rule.name,
    enable_push: rule.enablePush,
    enable_push_whitelist: rule.pushers !== null,
    push_whitelist_usernames: rule.pushers ?? [],
    push_whitelist_teams: [],
    push_whitelist_deploy_keys: false,
    enable_merge_whitelist: rule.mergers !== null,
    merge_whitelist_usernames: rule.mergers ?? [],
    merge_whitelist_teams: [],
    enable_status_check: rule.statusCheck,
    status_check_contexts: rule.contexts,
    required_approvals: rule.requiredApprovals,
    enable_approvals_whitelist: rule.approvers !== null,
    approvals_whitelist_username: rule.approvers ?? [],
    approvals_whitelist_teams: [],
    block_on_rejected_reviews: rule.blockOnRejected,
    block_on_official_review_requests: false,
    block_on_outdated_branch: false,
    dismiss_stale_approvals: rule.dismissStale,
    ignore_stale_approvals: rule.ignoreStale,
    require_signed_commits: false,
    protected_file_patterns: rule.protectedFiles,
    unprotected_file_patterns: rule.unprotectedFiles,
    apply_to_admins: rule.applyToAdmins,
    created_at: rule.created,
    updated_at: rule.updated,
  };
}

/**
 * A pattern as the forge's glob library has it, as an expression that `grep -E` takes as well: `*` stays within what the
 * separators bound, `**` goes across them, `[ab]`, `[a-c]` and `[!a]` are one sign each, `{a,b}` is either.
 */
function expression(pattern: string, separators: string): string {
  const source = pattern
    .split(/(\*\*|\*|\?|\[!?[^\]]+\]|\{[^{}]*\}|\\.)/)
    .map((part) => {
      if (part === '**') return '.*';
      if (part === '*') return `[^${separators}]*`;
      if (part === '?') return `[^${separators}]`;
      if (/^\[.+\]$/.test(part)) return part.replace('[!', '[^');
      if (/^\{.*\}$/.test(part)) return `(${part.slice(1, -1).split(',').map(literal).join('|')})`;
      return literal(part.replace(/^\\(.)$/, '$1'));
    })
    .join('');
  return `^${source}$`;
}

function literal(text: string): string {
  return text.replace(/[\\^$.|+()[\]{}*?]/g, '\\$&');
}

/** A name without any sign of a pattern fits whatever its capitals are; a pattern heeds them. */
function isPlain(name: string): boolean {
  return !/[*?\\[\]{}]/.test(name);
}

function fits(rule: string, name: string): boolean {
  return isPlain(rule)
    ? rule.toLowerCase() === name.toLowerCase()
    : new RegExp(expression(rule, '/'), 's').test(name);
}

/** Patterns of files, with semicolons between them, as expressions. In them a dot ends what a `*` takes, like a slash. */
function filePatterns(patterns: string): string[] {
  return patterns
    .toLowerCase()
    .split(';')
    .map((item) => item.trim())
    .filter((item) => item !== '')
    .map((item) => expression(item, './'));
}

function isAmong(patterns: string[], file: string): boolean {
  return patterns.some((pattern) => new RegExp(pattern, 's').test(file.toLowerCase()));
}

/** The first of these files that the rule of a branch lets nobody change, its owner neither. */
export function protectedFile(repository: Repository, branch: string, files: string[]): string | undefined {
  const patterns = filePatterns(protectionOf(repository, branch)?.protectedFiles ?? '');
  return files.find((file) => isAmong(patterns, file));
}

/** The rule that holds for a branch: plain names come before patterns, and then the older one. */
export function protectionOf(repository: Repository, branch: string): Protection | undefined {
  const fitting = repository.protections.filter(({ name }) => fits(name, branch));
  return fitting.find(({ name }) => isPlain(name)) ?? fitting[0];
}

/** Whether somebody may put a commit on a branch without a pull request; with `paths`, one that changes only these. */
export function mayPush(
  repository: Repository,
  branch: string,
  account: Account | null,
  canWrite: boolean,
  paths: string[] = [],
): boolean {
  if (!canWrite) return false;
  const rule = protectionOf(repository, branch);
  if (rule === undefined) return true;
  const listed =
    rule.enablePush &&
    (rule.pushers === null ||
      rule.pushers.some((login) => login.toLowerCase() === account?.login.toLowerCase()));
  if (listed) return true;
  const exempt = filePatterns(rule.unprotectedFiles);
  return paths.length > 0 && paths.every((path) => isAmong(exempt, path));
}

/** What the rule of a branch lets somebody push to it over git, for `hooks/pre-receive`: undefined where there is no rule. */
export function pushRule(
  repository: Repository,
  branch: string,
  account: Account | null,
): { mayPush: boolean; protected: string; unprotected: string } | undefined {
  const rule = protectionOf(repository, branch);
  if (rule === undefined) return undefined;
  const all = (patterns: string): string => filePatterns(patterns).join('|');
  return {
    mayPush: mayPush(repository, branch, account, true),
    protected: all(rule.protectedFiles),
    unprotected: all(rule.unprotectedFiles),
  };
}

export function mayMerge(
  repository: Repository,
  branch: string,
  account: Account | null,
  canWrite: boolean,
): boolean {
  if (!canWrite) return false;
  const rule = protectionOf(repository, branch);
  return (
    rule === undefined ||
    rule.mergers === null ||
    rule.mergers.some((login) => login.toLowerCase() === account?.login.toLowerCase())
  );
}

function forAdmins(work: (call: Call, repository: Repository) => Answer): Route['handle'] {
  return (call, repository) =>
    mayAdmin(accessOf(call.state, repository, call.account))
      ? work(call, repository)
      : failure(call, 403, 'user should be an owner or a collaborator with admin write of a repository');
}

function names(value: unknown): string[] {
  return Array.isArray(value) ? value.map((item) => text(item)) : [];
}

/** What a body sets of a rule; what it does not name stays as it is. */
function apply(rule: Protection, body: Record<string, unknown>): void {
  const flag = (name: string, before: boolean): boolean =>
    typeof body[name] === 'boolean' ? body[name] === true : before;
  const list = (enabled: string, users: string, before: string[] | null): string[] | null =>
    flag(enabled, before !== null) ? (body[users] === undefined ? (before ?? []) : names(body[users])) : null;
  rule.enablePush = flag('enable_push', rule.enablePush);
  rule.pushers = list('enable_push_whitelist', 'push_whitelist_usernames', rule.pushers);
  rule.mergers = list('enable_merge_whitelist', 'merge_whitelist_usernames', rule.mergers);
  rule.approvers = list('enable_approvals_whitelist', 'approvals_whitelist_username', rule.approvers);
  rule.statusCheck = flag('enable_status_check', rule.statusCheck);
  if (body.status_check_contexts !== undefined)
    rule.contexts = Array.isArray(body.status_check_contexts) ? names(body.status_check_contexts) : null;
  if (typeof body.required_approvals === 'number') rule.requiredApprovals = body.required_approvals;
  rule.blockOnRejected = flag('block_on_rejected_reviews', rule.blockOnRejected);
  rule.dismissStale = flag('dismiss_stale_approvals', rule.dismissStale);
  rule.ignoreStale = flag('ignore_stale_approvals', rule.ignoreStale);
  rule.applyToAdmins = flag('apply_to_admins', rule.applyToAdmins);
  if (typeof body.protected_file_patterns === 'string') rule.protectedFiles = body.protected_file_patterns;
  if (typeof body.unprotected_file_patterns === 'string')
    rule.unprotectedFiles = body.unprotected_file_patterns;
}

function onRule(work: (call: Call, repository: Repository, rule: Protection) => Answer): Route['handle'] {
  return forAdmins((call, repository) => {
    const rule = repository.protections.find(({ name }) => name === call.params.path);
    return rule === undefined ? notFound(call) : work(call, repository, rule);
  });
}

const one = '/repos/{owner}/{repo}/branch_protections/{path}';

export const protectionRoutes: Route[] = [
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/branch_protections',
    scope: 'repository',
    handle: forAdmins((_, repository) => ok(repository.protections.map(shapeOf))),
  },
  {
    method: 'POST',
    route: '/repos/{owner}/{repo}/branch_protections',
    scope: 'repository',
    handle: forAdmins((call, repository) => {
      const name = text(call.body.rule_name) || text(call.body.branch_name);
      if (name === '') return failure(call, 403, 'rule name is empty');
      if (repository.protections.some((rule) => rule.name === name))
        return failure(call, 403, 'Branch protection already exist');
      const at = timestamp(call.state);
      const rule: Protection = {
        name,
        enablePush: false,
        pushers: null,
        mergers: null,
        approvers: null,
        statusCheck: false,
        contexts: null,
        requiredApprovals: 0,
        blockOnRejected: false,
        dismissStale: false,
        ignoreStale: false,
        applyToAdmins: false,
        protectedFiles: '',
        unprotectedFiles: '',
        created: at,
        updated: at,
      };
      apply(rule, call.body);
      repository.protections.push(rule);
      return { status: 201, body: shapeOf(rule) };
    }),
  },
  { method: 'GET', route: one, scope: 'repository', handle: onRule((_, __, rule) => ok(shapeOf(rule))) },
  {
    method: 'PATCH',
    route: one,
    scope: 'repository',
    handle: onRule((call, _, rule) => {
      apply(rule, call.body);
      rule.updated = timestamp(call.state);
      return ok(shapeOf(rule));
    }),
  },
  {
    method: 'DELETE',
    route: one,
    scope: 'repository',
    handle: onRule((_, repository, rule) => {
      repository.protections.splice(repository.protections.indexOf(rule), 1);
      return { status: 204 };
    }),
  },
];

/** What a writer is told of a branch's protection. */
export function branchProtectionShape(
  call: Call,
  repository: Repository,
  name: string,
): Record<string, unknown> {
  const rule = protectionOf(repository, name);
  const access = accessOf(call.state, repository, call.account);
  const canWrite = mayWrite(access);
  return {
    protected: rule !== undefined,
    required_approvals: rule?.requiredApprovals ?? 0,
    enable_status_check: rule?.statusCheck ?? false,
    status_check_contexts: rule === undefined ? [] : rule.contexts,
    user_can_push: mayPush(repository, name, call.account, canWrite),
    user_can_merge: mayMerge(repository, name, call.account, canWrite),
    effective_branch_protection_name: rule !== undefined && mayAdmin(access) ? rule.name : '',
  };
}
