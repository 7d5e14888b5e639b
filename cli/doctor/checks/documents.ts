import { namesLogin } from '../../../core/accounts.ts';
import { agentsFolder } from '../../../core/agent/manifest.ts';
import { crewFile, parseCrewFile } from '../../../core/crew-file.ts';
import { formatFault } from '../../../core/errors.ts';
import { escalationPolicyFile, parseEscalationPolicy } from '../../../core/escalation/policy.ts';
import { formulaFolder, parseFormula } from '../../../core/vault/formula.ts';
import { parsePolicy, policyFile } from '../../../core/vault/policy.ts';
import { workflowFiles } from '../../../core/vault/workflow.ts';
import { readWorkflow } from '../../../core/vault/workflow-file.ts';
import { lacking, opsFiles, projectFiles } from '../../factory/layout.ts';
import { botsOf, staffOf } from '../../factory/posts.ts';
import { loginsOf } from '../../factory/settings.ts';
import { broken, type Finding, finding, ok, type Trouble, unchecked } from '../finding.ts';
import type { DoctorSettings, DoctorState } from '../state.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What stands in the two repositories, and whether it can be read. */
export function documentChecks(settings: DoctorSettings, state: DoctorState): Finding[] {
  const { 'ops-repo': ops, 'project-repo': project, roles } = settings;
  const who = `whoever merges to main of ${ops}`;
  const bots = botsOf(staffOf(roles, loginsOf(settings)));
  const layout = (name: string, wanted: ReturnType<typeof opsFiles>, side: DoctorState['ops']): Finding[] =>
    wanted.map(({ path, unless }) =>
      finding(`file.${path}`, `${name} has ${path}`, side.paths, (paths) =>
        lacking([{ path, unless, content: '', does: '' }], paths).length === 0
          ? undefined
          : {
              what: `${name} has no ${path.replace(/\/\.gitkeep$/, '')}`,
              who: `whoever merges to main of ${name}`,
              mend: 'forgecrew init --apply adds it',
            },
      ),
    );
  return [
    ...layout(ops, opsFiles(settings), state.ops),
    ...layout(project, projectFiles(project), state.project),
    ...crewChecks(bots, who, state),
    ...renameChecks(who, state),
    ...(roles.includes('vault-dispatch')
      ? [...policyChecks(who, state), ...formulaChecks(settings, who, state)]
      : []),
    ...(roles.includes('escalation') ? [escalationPolicyCheck(who, state)] : []),
    ...agentChecks(who, state),
  ];
}

function crewChecks(bots: string[], who: string, { ops }: DoctorState): Finding[] {
  const { texts } = ops;
  if (texts.kind === 'unknown') return [unchecked('crew.readable', crewFile, texts.why)];
  const text = texts.value.get(crewFile);
  if (text === undefined) return [];
  const parsed = parseCrewFile(crewFile, bytes(text));
  if (!parsed.ok)
    return [
      broken(
        'crew.readable',
        `${crewFile} cannot be read, so every role ends red: ${parsed.faults.map(formatFault).join('; ')}`,
        {
          who,
          mend: `mend it; forgecrew lint ${crewFile} checks it`,
        },
      ),
    ];
  const { paused, bots: named } = parsed.document;
  const missing = bots.filter((login) => !namesLogin(named, login));
  return [
    ok('crew.readable', `${crewFile} can be read`),
    paused === undefined
      ? ok('crew.pause', 'the roles are not paused')
      : broken('crew.pause', `the roles are paused: ${paused}`, {
          who,
          mend: `take pause out of ${crewFile}`,
        }),
    missing.length === 0
      ? ok('crew.bots', `${crewFile} names the accounts of roles as bots`)
      : broken(
          'crew.bots',
          `${crewFile} does not name ${missing.join(', ')} as bots: their word could count as a person's`,
          {
            who,
            mend: `add them to bots in ${crewFile}`,
          },
        ),
  ];
}

/** Old names of repositories: no call with one is answered, and a new repository of that name would be taken for the old one. */
function renameChecks(who: string, { others }: DoctorState): Finding[] {
  return [...others].flatMap(([name, { repository }]) =>
    repository.kind === 'unknown' && repository.renamedTo !== undefined
      ? [
          broken(
            `renamed.${name}`,
            `documents of the ops repo name ${name}, which is called ${repository.renamedTo} now`,
            {
              who,
              mend: `write ${repository.renamedTo} in its place in ${crewFile} and in ${agentsFolder}/; docs/operations.md, "After something was renamed", lists what else names it`,
            },
          ),
        ]
      : [],
  );
}

function policyChecks(who: string, { ops }: DoctorState): Finding[] {
  return [
    finding('vault.policy', `${policyFile} can be read`, ops.texts, (texts): Trouble => {
      const text = texts.get(policyFile);
      const parsed = text === undefined ? undefined : parsePolicy(policyFile, bytes(text));
      if (parsed?.ok === true) return undefined;
      return {
        what:
          parsed === undefined
            ? `there is no ${policyFile}: then everything is high, and high is refused`
            : `${policyFile} cannot be read, so nothing is started: ${parsed.faults.map(formatFault).join('; ')}`,
        who,
        mend: 'mend it between forgecrew policy open and forgecrew policy close',
      };
    }),
  ];
}

/** That there is one is looked at with the other files. */
function escalationPolicyCheck(who: string, { ops }: DoctorState): Finding {
  return finding('escalation.policy', `${escalationPolicyFile} can be read`, ops.texts, (texts): Trouble => {
    const text = texts.get(escalationPolicyFile);
    const parsed = text === undefined ? undefined : parseEscalationPolicy(escalationPolicyFile, bytes(text));
    return parsed === undefined || parsed.ok
      ? undefined
      : {
          what: `${escalationPolicyFile} cannot be read, so nothing is answered: ${parsed.faults.map(formatFault).join('; ')}`,
          who,
          mend: 'mend it between forgecrew policy open and forgecrew policy close',
        };
  });
}

function formulaChecks(
  { 'ops-repo': repository }: DoctorSettings,
  who: string,
  { ops }: DoctorState,
): Finding[] {
  const { texts } = ops;
  if (texts.kind === 'unknown') return [unchecked('formulas', 'formulas', texts.why)];
  return [...texts.value]
    .filter(([file]) => file.startsWith(`${formulaFolder}/`))
    .map(([file, text]) => {
      const id = `formula.${file.slice(formulaFolder.length + 1)}`;
      const parsed = parseFormula(file, bytes(text));
      const mend = 'mend it between forgecrew policy open and forgecrew policy close';
      if (!parsed.ok)
        return broken(id, `${file} cannot be read: ${parsed.faults.map(formatFault).join('; ')}`, {
          who,
          mend,
        });
      const formula = parsed.document;
      if (
        (formula.run.repo ?? repository).toLowerCase() !== repository.toLowerCase() ||
        formula.run.ref !== undefined
      )
        return unchecked(
          id,
          `the gate of ${file}`,
          'its workflow is in another repository or on another branch',
        );
      const place = workflowFiles(formula).find((name) => texts.value.has(name));
      if (place === undefined)
        return broken(id, `${file} runs ${formula.run.workflow}, and there is no such workflow`, {
          who,
          mend: `add ${workflowFiles(formula)[0]}`,
        });
      const facts = readWorkflow(place, '', bytes(texts.value.get(place) ?? ''));
      if (facts.faults.length > 0 || facts.gate.kind !== 'gated')
        return broken(
          id,
          `the gate of ${place} does not hold: ${facts.gate.kind === 'gated' ? facts.faults.join('; ') : facts.gate.why}`,
          { who, mend },
        );
      const other = facts.secrets.filter(
        (secret) => !formula.secrets.some((item) => item.toLowerCase() === secret.toLowerCase()),
      );
      return other.length === 0
        ? ok(id, `${file} runs ${place}, and its gate holds`)
        : broken(id, `${place} uses ${other.join(', ')}, which ${file} does not name`, { who, mend });
    });
}

function agentChecks(who: string, { agents }: DoctorState): Finding[] {
  if (agents.kind === 'unknown') return [unchecked('agents', 'manifests of agents', agents.why)];
  return agents.value.map((parsed) =>
    parsed.ok
      ? ok(`agent.${parsed.document.name}`, `${parsed.document.file} can be read`)
      : broken(
          `agent.${parsed.faults[0]?.file ?? ''}`,
          `an agent cannot be read: ${parsed.faults.map(formatFault).join('; ')}`,
          {
            who,
            mend: 'mend it; forgecrew lint checks it',
          },
        ),
  );
}
