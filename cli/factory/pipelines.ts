import { parse } from 'yaml';
import { usualStateRepo } from '../../core/agent/entry.ts';
import { usualRecordRepo } from '../../core/escalation/record-repo.ts';
import { field, stepsOf } from '../../core/vault/gate-rules.ts';
import { version } from '../../core/version.ts';
import { examples, vaultExample } from './examples.ts';
import type { WantedFile } from './layout.ts';
import { pinExample } from './pins.ts';
import { type Staff, secretName, staffOf } from './posts.ts';
import { type FactorySettings, loginsOf, sourceOf, usualCheckout } from './settings.ts';

// Pipelines of a factory, made from the examples that the documents show, with the names of this one: pure.

export type Ci = 'forgejo' | 'woodpecker';

/** What pipelines are told of the factory that they are for. */
export interface Names {
  ci: Ci;
  ops: string;
  project: string;
  /** The branch that counts in the ops repo. */
  branch: string;
  /** What stands before `/actions/...` in `uses:`, or before `/plugins/...` in `image:`. */
  source: string;
  /** The commit that the tag of this version names there, where that is known. */
  commit: string | undefined;
  /** Where runners take `actions/checkout` from. */
  checkout: string;
  staff: readonly Staff[];
}

/** The names of a factory, with what is known of its ops repo's branch and of the version that it is pinned to. */
export function namesOf(
  given: FactorySettings,
  { branch = 'main', commit }: { branch: string | undefined; commit: string | undefined },
): Names {
  return {
    ci: given.ci,
    ops: given['ops-repo'],
    project: given['project-repo'],
    branch,
    source: sourceOf(given),
    commit,
    checkout: given['checkout-action'],
    staff: staffOf(given.roles, loginsOf(given)),
  };
}

/** An example with the names of this factory. Everything is replaced at once, so that no name is taken for another's. */
function named(
  example: string,
  { ci, ops, project, branch, source, staff, commit, checkout }: Names,
): string {
  const text = pinExample(example, { version, commit });
  const logins = new Map(staff.map(({ name, login }) => [name, login]));
  const anyLogin = [...logins.keys()].join('|');
  const pattern = new RegExp(
    [
      usualCheckout.replaceAll('.', '\\.'),
      'https://forge\\.example/owner/forgecrew(?=/actions/)',
      '/opt/forgecrew(?=/plugins/)',
      'owner/ops\\b',
      'owner/project\\b',
      'speaker/records\\b',
      'crew/forgecrew-state\\b',
      '(?<=branches: \\[|branch: )main\\b',
      // Neither a setting called so, nor a part of a longer name.
      ...(anyLogin === '' ? [] : [`(?<![\\w./-])(?:${anyLogin})(?![\\w:./-])`]),
    ].join('|'),
    'g',
  );
  return text.replace(pattern, (found, at: number) => {
    if (found === usualCheckout) return checkout;
    if (found.startsWith('https://') || found.startsWith('/opt/')) return source;
    if (found === 'owner/ops') return ops;
    if (found === 'owner/project') return project;
    if (found === 'speaker/records') return usualRecordRepo(logins.get('speaker') ?? 'speaker');
    if (found === 'crew/forgecrew-state') return usualStateRepo(logins.get('crew') ?? 'crew');
    if (found === 'main')
      return yamlText(/_branch: $/.test(text.slice(0, at)) ? branch : patternText(branch, ci));
    const login = logins.get(found) ?? found;
    // Several with commas and no blanks between them are one text.
    const isPart = text[at - 1] === ',' || /^,\S/.test(text.slice(at + found.length, at + found.length + 2));
    return isPart ? login : yamlText(login);
  });
}

/**
 * A branch's name as a filter takes it for that name alone: filters are patterns, and a few signs of theirs may stand in a name.
 * The rest of them git allows in none.
 */
function patternText(branch: string, ci: Ci): string {
  return ci === 'forgejo' ? branch.replace(/^!|\+/g, '\\$&') : branch.replace(/[{}]/g, '\\$&');
}

/** A name as YAML reads it as that name: one such as `1.10`, `0412` or `null` would be something else, and `@dev` no value at all. */
function yamlText(name: string): string {
  return /^[A-Za-z_][\w./-]*$/.test(name) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(name)
    ? name
    : JSON.stringify(name);
}

/** Where the model is in the example of a pipeline: nowhere. */
export const exampleModel = 'model.example';

export interface Pipeline extends WantedFile {
  role: string;
  /** `work`: with secrets. `check`: of pull requests, without. `gated`: of a formula. */
  purpose: 'work' | 'check' | 'gated';
}

/** Its place in the folder that the forge looks into: it looks into one only, and people may use another than ours. */
function placed(path: string, folder: string | undefined): string {
  return folder === undefined ? path : path.replace(/^\.forgejo\/workflows/, folder);
}

/** Where there are no agents nobody else proposes: an account of that name would be anybody's. */
function withoutProposers(text: string): string {
  return text.replace(/^ *# Agents and pipelines whose .*\n *proposers: .*\n/m, '');
}

/** What roles keep for themselves is shown where they work; where none of them does, nothing of it is said. */
function withStores(text: string, roles: ReadonlySet<string>): string {
  const has = { state: roles.has('forge-agent'), proposal: roles.has('escalation') };
  return text
    .replace(
      /^( *)# (state|proposal)([-_]repo: .*\n)/gm,
      (_, indent: string, name: 'state' | 'proposal', rest: string) =>
        has[name] ? `${indent}${name}${rest}` : '',
    )
    .replace(/^ *# Where agents work, and where escalation does: .*\n/m, (line) =>
      has.state || has.proposal ? line : '',
    );
}

/** The pipelines of some roles, and the formula with its gate that shows how the vault works. */
export function pipelinesOf(names: Names, folder: string | undefined): Pipeline[] {
  const roles = new Set(names.staff.flatMap((account) => account.roles));
  const ofRoles = examples
    .filter(
      ({ role, ci, purpose }) =>
        roles.has(role) && ci === names.ci && !(role === 'collect-engagement' && purpose === 'check'),
    )
    .map(
      ({ role, purpose, path, text }): Pipeline => ({
        role,
        purpose,
        path: placed(path, folder),
        content: named(withStores(roles.has('forge-agent') ? text : withoutProposers(text), roles), names),
        does:
          purpose === 'check' ? `Checks pull requests with ${role}, without a secret.` : `Starts ${role}.`,
        unless: [],
      }),
    );
  return ofRoles;
}

/** The example of a formula: it does nothing but say so, and needs no secret. */
export function formulaFiles(names: Names, folder: string | undefined): Pipeline[] {
  const isForgejo = names.ci === 'forgejo';
  const formula = vaultExample.formula
    .replace('secrets = ["BACKUP_KEY"]', 'secrets = []')
    .replace(/^backend = .*$/m, `backend = "${isForgejo ? 'forgejo-workflow' : 'woodpecker-pipeline'}"`)
    .replace(/^workflow = .*$/m, `workflow = "${isForgejo ? 'backup.yml' : 'backup'}"`);
  const workflow = (isForgejo ? vaultExample.forgejo : vaultExample.woodpecker)
    .replace(/^ *(?:environment:\n *)?KEY: .*\n/m, '')
    .replace(/\.\/backup "(\$\w+)"/, 'echo "here $1 would be backed up"');
  return [
    {
      role: 'vault-dispatch',
      purpose: 'gated',
      path: 'vault/formulas/backup.toml',
      content: formula,
      does: 'An example of a formula: it backs up nothing, and says so.',
      unless: [],
    },
    {
      role: 'vault-dispatch',
      purpose: 'gated',
      path: isForgejo ? placed('.forgejo/workflows/backup.yml', folder) : '.woodpecker/backup.yaml',
      content: named(workflow, names),
      does: 'What that formula runs, behind its gate.',
      unless: [],
    },
  ];
}

/** What stands in whole lines of comments is said to people, and done by nobody. */
export function withoutComments(text: string): string {
  return text.replace(/^\s*#.*$/gm, '');
}

/** Whether a pipeline's file starts a role, and for what. */
export function purposeIn(text: string, role: string): Pipeline['purpose'] | undefined {
  if (!new RegExp(`/${role}(?:[@:"'\\s]|$)`, 'm').test(withoutComments(text))) return undefined;
  if (/\bmode: gate\b/.test(text)) return 'gated';
  return /secrets\.|from_secret/.test(text) ? 'work' : 'check';
}

/** The cron jobs that a pipeline of Woodpecker waits for. Their times are those of the same role on Forgejo Actions. */
export function cronJobsOf({ role, content }: Pipeline): { name: string; schedule: string }[] {
  const when = stepsOf(field(parse(content), 'when'));
  const forgejo = examples.find(
    (item) => item.role === role && item.ci === 'forgejo' && item.purpose === 'work',
  );
  const schedule = String(
    field(stepsOf(field(field(parse(forgejo?.text ?? ''), 'on'), 'schedule'))[0], 'cron') ?? '*/30 * * * *',
  );
  return when.flatMap((item) => {
    const name = field(item, 'cron');
    return typeof name === 'string' ? [{ name, schedule }] : [];
  });
}

/** The secrets that a pipeline uses, as they are called on its host, and on Woodpecker the events that start it. */
export function secretsOf(
  { content }: Pick<Pipeline, 'content'>,
  ci: Ci,
): { names: string[]; events: string[] } {
  const bare = content.replace(/^\s*#.*$/gm, '').replace(/\s#.*$/gm, '');
  const pattern = ci === 'forgejo' ? /secrets\.([A-Za-z0-9_]+)/g : /from_secret: ([A-Za-z0-9_]+)/g;
  const names = [...new Set([...bare.matchAll(pattern)].map(([, name = '']) => name))];
  const events =
    ci === 'forgejo'
      ? []
      : stepsOf(field(parse(content), 'when')).map((item) => String(field(item, 'event')));
  return { names: names.map((name) => secretName(name, ci)), events: [...new Set(events)] };
}
