import { agentsFolder } from '../../core/agent/manifest.ts';
import { crewFile } from '../../core/crew-file.ts';
import { escalationPolicyFile } from '../../core/escalation/policy.ts';
import { formulaFolder } from '../../core/vault/formula.ts';
import { policyFile } from '../../core/vault/policy.ts';
import { version } from '../../core/version.ts';
import { examplePolicy } from './examples.ts';
import { botsOf, staffOf } from './posts.ts';
import { type FactorySettings, loginsOf } from './settings.ts';

// What stands in the two repositories of a factory: pure.

export interface WantedFile {
  path: string;
  content: string;
  /** What it is for, as a sentence for people. */
  does: string;
  /** Any of these paths, or anything below them, is as good: people may have it elsewhere. */
  unless: string[];
}

/** Labels of issues, in the project repo; those of agents come with their manifests. */
export const projectLabels = [
  'vision',
  'backlog',
  'in-progress',
  'blocked',
  'priority',
  'underspecified',
  'rejected',
  'bug-report',
  'tech-debt',
];
/** Labels of pull requests, in the ops repo. */
export const opsLabels = ['vault-approved'];

export function agentLabel(agent: string): string {
  return `crew:${agent}`;
}

const opsFolders: Record<string, string> = {
  sprints: 'Sprint documents: what is merged here is filed as issues.',
  'vault/actions': 'Requests to run a formula.',
  [formulaFolder]: 'What may be run, and with which secrets.',
  'vault/pending': 'Requests that wait for a person.',
  'evidence/engagement': 'What visitors did, a file for each day.',
  'evidence/evolution': 'How the project changed.',
  'evidence/holdout': 'What was tried on data that nobody had seen.',
  'evidence/red-team': 'What attackers found.',
  'evidence/user-test': 'What users found.',
  'evidence/process': 'How the factory itself works.',
  knowledge: 'What was learned, for people and agents.',
  [agentsFolder]: 'Agents, one file each.',
  escalation: 'What was put before people.',
};

function file(path: string, does: string, content: string, unless: string[] = [path]): WantedFile {
  return { path, does, content, unless };
}

/** The policy; `approvers` are all who can push, where they are known: high is refused while somebody can who may not approve it. */
function policyText(approvers: readonly string[]): string {
  if (approvers.length === 0) return examplePolicy;
  const names = approvers.map((login) => JSON.stringify(login)).join(', ');
  return `${examplePolicy}
[rules.high]
approvals = 1
approvers = [${names}]   # everybody who can push: whoever can reaches the secrets of CI
`;
}

/** What the ops repo holds beside its pipelines. */
export function opsFiles(given: FactorySettings, approvers: readonly string[] = []): WantedFile[] {
  const bots = botsOf(staffOf(given.roles, loginsOf(given)));
  return [
    file(
      crewFile,
      'What holds for all roles: who is a bot, and a pause.',
      `# What holds for all roles. \`pause = true\` stops them at their next run.\nversion = "${version}"\nbots = [${bots.map((login) => JSON.stringify(login)).join(', ')}]\n`,
    ),
    file(
      'prerequisites.md',
      'What has to be there before work can begin.',
      '# Prerequisites\n\nWhat has to be there before work can begin, one heading each.\n',
    ),
    file(
      'portfolio.md',
      'What the factory works on, and why.',
      '# Portfolio\n\nWhat this factory works on, and why.\n',
    ),
    file(
      'RESOURCES.md',
      'Machines, services and budgets.',
      '# Resources\n\nMachines, services and budgets that the factory may use.\n',
    ),
    file(policyFile, 'Which formula needs whose approval.', policyText(approvers)),
    ...(!given.roles.includes('escalation')
      ? []
      : [
          file(
            escalationPolicyFile,
            'What may be proposed in an issue, and whose click lets it happen.',
            `# What escalation may propose. Nothing else is allowed; actions/escalation/README.md shows what can stand here.\n[issue-create]\nrepositories = [${JSON.stringify(given['project-repo'])}]\nlabels = ["backlog", "bug-report", "tech-debt"]\n`,
          ),
        ]),
    ...Object.entries(opsFolders).map(([folder, does]) => file(`${folder}/.gitkeep`, does, '', [folder])),
  ];
}

const templates = ['.forgejo', '.gitea', '.github'].flatMap((folder) => [
  `${folder}/issue_template`,
  `${folder}/ISSUE_TEMPLATE`,
]);

/** What the project repo holds. */
export function projectFiles(project: string): WantedFile[] {
  const name = project.split('/')[1] ?? project;
  return [
    file(
      'VISION.md',
      'What the project is for; architect-pitch shows it to a model.',
      `# Vision of ${name}\n\nWhat it is for, for whom, and what it will never be.\n`,
    ),
    file(
      'AGENTS.md',
      'What an agent has to know to work here.',
      `# Working on ${name}\n\nHow to build it, how to test it, and what not to touch.\n`,
    ),
    file(
      '.forgejo/issue_template/bug.md',
      'What a report of a bug has to say.',
      '---\nname: Bug\nabout: Something does not do what it should\nlabels:\n  - bug-report\n---\n\n## What happened\n\n## What should have happened\n\n## How to see it\n',
      templates,
    ),
    file(
      '.forgejo/issue_template/feature.md',
      'What a wish has to say.',
      '---\nname: Feature\nabout: Something it should do\nlabels:\n  - backlog\n---\n\n## What is wanted\n\n## Acceptance criteria\n\n- [ ] \n',
      templates,
    ),
  ];
}

/** Whether a path, or something below it, is among those of a repository. Hosts and people mind no capitals in such names. */
function isThere(path: string, paths: readonly string[]): boolean {
  const wanted = path.toLowerCase();
  return paths.some((item) => item.toLowerCase() === wanted || item.toLowerCase().startsWith(`${wanted}/`));
}

/** The files that a repository lacks. */
export function lacking<F extends WantedFile>(wanted: readonly F[], paths: readonly string[]): F[] {
  return wanted.filter(
    ({ path, unless }) => !isThere(path, paths) && !unless.some((item) => isThere(item, paths)),
  );
}
