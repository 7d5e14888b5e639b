import type { Formula } from '../../core/ops/formula.ts';
import type { Rule } from '../../core/ops/policy.ts';
import type { AskedAction } from '../../core/ops/vault-action.ts';
import type { Candidate } from './read.ts';
import { inputsFor } from './text.ts';

/** Where the workflow and its formula disagree: an input that is not declared is dropped by the forge without a word. */
export function workflowFaults(formula: Formula, { workflow }: Candidate, asked: AskedAction): string[] {
  const { run } = formula;
  if (run.backend === 'woodpecker-pipeline')
    return ['its formula runs as a Woodpecker pipeline, which this version cannot start yet'];
  if (workflow === null) return [`there is no workflow ${run.workflow} on the branch it is to run on`];
  const given = Object.keys(
    inputsFor(
      {
        ...asked,
        inputs:
          formula.inputs === undefined
            ? {}
            : Object.fromEntries(Object.keys(formula.inputs).map((name) => [name, ''])),
      },
      '',
    ),
  );
  const dropped = given.filter((name) => !workflow.inputs.includes(name));
  const listed = formula.secrets.map((name) => name.toUpperCase());
  const unlisted = workflow.secrets.filter((name) => !listed.includes(name));
  const unbound = listed.filter((name) => !workflow.secrets.includes(name));
  return [
    ...(dropped.length === 0
      ? []
      : [
          `workflow ${run.workflow} does not declare the inputs ${dropped.join(', ')}, so they would be dropped`,
        ]),
    ...(unlisted.length === 0
      ? []
      : [`workflow ${run.workflow} uses secrets that its formula does not list: ${unlisted.join(', ')}`]),
    ...(unbound.length === 0
      ? []
      : [`workflow ${run.workflow} does not use secrets that its formula lists: ${unbound.join(', ')}`]),
  ];
}

/** Who could read the secrets without being somebody who may say yes to their use. */
export function exposedTo(rule: Rule, { pushers, rights }: Candidate, own: string): string[] {
  const { approvers } = rule;
  if (approvers === 'write') return [];
  const { admins } = rights;
  const allowed = [
    own,
    ...(approvers === 'admin'
      ? Array.isArray(admins)
        ? admins
        : []
      : approvers.flatMap((entry) => {
          const team = rights.teams[entry];
          return entry.startsWith('@') ? (Array.isArray(team) ? team : []) : [entry];
        })),
  ].map((login) => login.toLowerCase());
  return pushers.filter((login) => !allowed.includes(login.toLowerCase()));
}
