import { sameRepository } from '../accounts.ts';
import { ifThere } from '../api/errors.ts';
import type { Kept } from '../api/once.ts';
import { once } from '../api/once.ts';
import type { Send } from '../api/send.ts';
import { findBranch } from '../forge/branches.ts';
import { commitsBetween } from '../forge/commits.ts';
import { labelsFor, labelsNamed } from '../forge/labels.ts';
import { getRepository } from '../forge/repositories.ts';
import { createSnapshot, type Snapshot } from '../forge/snapshot.ts';
import { type Formula, formulaFolder, parseFormula } from '../vault/formula.ts';
import { readBeside } from '../vault/read-candidate.ts';
import { readWorkflow } from '../vault/workflow-file.ts';
import { whyNotStart } from '../woodpecker/pipelines.ts';
import type { Payload } from './payload.ts';
import type { RunFacts } from './record.ts';

/** What the forge says, now, of what a payload is about. */
export interface World {
  /** Why it cannot be done as it stands; empty where it can. */
  faults: string[];
  /** Of a ci-run: what would run. */
  run: RunFacts | null;
  /** Of an issue-create: its labels by their ids. */
  labels: { id: number; name: string }[];
}

interface Servers {
  send: Send;
  woodpecker?: Send;
  kept: Kept;
}

/** What the ops repo says of privileged workflows. */
export interface Formulas {
  repository: string;
  commit: string;
}

const none: World = { faults: [], run: null, labels: [] };

/**
 * Looks at everything that a payload names. `shown`: the run that people were shown; without it what stands there now is what they
 * will be shown.
 */
export async function readWorld(
  servers: Servers,
  given: {
    payload: Payload;
    backend: RunFacts['backend'];
    workflows: string[];
    formulas: Formulas;
    shown: RunFacts | null;
  },
): Promise<World> {
  const { payload } = given;
  switch (payload.type) {
    case 'issue-create':
      return readIssueWorld(servers, payload);
    case 'pr-create':
      return readPullWorld(servers, payload);
    case 'ci-run':
      return given.backend === 'forgejo-workflow'
        ? readRunWorld(servers, payload, given)
        : readPipelineWorld(servers, payload, given);
  }
}

async function readIssueWorld(
  { send, kept }: Servers,
  { repo, labels }: Extract<Payload, { type: 'issue-create' }>,
): Promise<World> {
  const found = await ifThere(getRepository(send, repo));
  if (found === undefined) return wrong(`there is no repository ${repo} that this account may see`);
  // Where issues are switched off the list of labels proves nothing.
  if (!found.has_issues || found.archived) return wrong(`${repo} takes no issues`);
  if (labels.length === 0) return none;
  const known = await labelsFor({ send, kept }, repo, labels);
  const unread = known.isUnread
    ? ' (if the owner is an organisation: its labels need a token with the scope read:organization)'
    : '';
  const chosen = labels.map((name) => ({ name, ids: labelsNamed(known, name) }));
  const faults = chosen.flatMap(({ name, ids }) =>
    ids.length === 0
      ? [`${repo} has no label ${name}${unread}`]
      : ids.length > 1
        ? [`${repo} has two labels ${name}`]
        : [],
  );
  return {
    ...none,
    faults,
    labels: chosen.flatMap(({ name, ids }) => ids.slice(0, 1).map(({ id }) => ({ id, name }))),
  };
}

async function readPullWorld(
  { send }: Servers,
  { repo, head, base }: Extract<Payload, { type: 'pr-create' }>,
): Promise<World> {
  const found = await Promise.all([head, base].map((name) => findBranch(send, repo, name)));
  return wrong(
    ...[head, base].flatMap((name, index) =>
      found[index] === undefined ? [`${repo} has no branch ${name}`] : [],
    ),
  );
}

function wrong(...faults: string[]): World {
  return { ...none, faults };
}

type Run = Extract<Payload, { type: 'ci-run' }>;

async function readRunWorld(
  servers: Servers,
  { repo, branch, workflow, inputs }: Run,
  { formulas, shown }: { formulas: Formulas; shown: RunFacts | null },
): Promise<World> {
  const { send, kept } = servers;
  if (workflow === null) return wrong('"workflow" is missing');
  const head = (await findBranch(send, repo, branch))?.commit.id;
  if (head === undefined) return wrong(`${repo} has no branch ${branch}`);
  const commit = shown?.commit ?? head;
  if (commit !== head && !(await isContained(send, repo, commit, head)))
    return wrong(`${branch} of ${repo} no longer contains ${commit}, which was shown`);
  const snapshot = createSnapshot(send, repo, kept);
  const found = await workflowAt(snapshot, commit, workflow);
  if (found === undefined) return wrong(`there is no workflow ${workflow} at ${commit} of ${repo}`);
  const isStillThere = commit === head || (await workflowAt(snapshot, head, workflow)) !== undefined;
  const facts = readWorkflow(found.file, found.sha, found.bytes);
  const declared = facts.inputs ?? [];
  const undeclared = Object.keys(inputs).filter((name) => !declared.includes(name));
  const named = await formulasFor(servers, formulas, repo);
  return {
    labels: [],
    run: {
      backend: 'forgejo-workflow',
      commit,
      file: found.file,
      blob: found.sha,
      takesNonce: declared.includes('nonce'),
    },
    faults: [
      ...named.faults,
      ...(isStillThere ? [] : [`there is no workflow ${workflow} on ${branch} of ${repo} any more`]),
      ...(named.formulas.some(
        ({ run }) =>
          run.backend === 'forgejo-workflow' && run.workflow.toLowerCase() === workflow.toLowerCase(),
      )
        ? [`a formula of the vault names the workflow ${workflow}: it is started through the vault only`]
        : []),
      // A forge drops them without a word.
      ...(undeclared.length === 0
        ? []
        : [`the workflow ${workflow} does not declare these inputs: ${undeclared.join(', ')}`]),
      ...(Object.hasOwn(inputs, 'nonce') ? ['the input nonce is given by this role itself'] : []),
    ],
  };
}

/** Whether everything of a commit is part of a branch's head. */
async function isContained(send: Send, repo: string, commit: string, head: string): Promise<boolean> {
  const missing = await ifThere(commitsBetween(send, repo, head, commit));
  return missing !== undefined && missing.length === 0;
}

async function workflowAt(
  snapshot: Snapshot,
  commit: string,
  workflow: string,
): Promise<{ file: string; sha: string; bytes: Uint8Array } | undefined> {
  for (const folder of ['.forgejo/workflows', '.gitea/workflows', '.github/workflows']) {
    const file = `${folder}/${workflow}`;
    const found = await snapshot.fileAt(commit, file);
    if (found.kind === 'file') return { file, sha: found.sha, bytes: found.bytes };
  }
  return undefined;
}

async function readPipelineWorld(
  servers: Servers,
  { repo, branch, inputs }: Run,
  { formulas, shown, workflows }: { formulas: Formulas; shown: RunFacts | null; workflows: string[] },
): Promise<World> {
  const { send, woodpecker, kept } = servers;
  if (woodpecker === undefined)
    return wrong('it runs on Woodpecker, and woodpecker-url or woodpecker-token is not set');
  const commit = (await findBranch(send, repo, branch))?.commit.id;
  if (commit === undefined) return wrong(`${repo} has no branch ${branch}`);
  if (shown !== null && shown.commit !== commit)
    return wrong(
      `${branch} of ${repo} has moved since ${shown.commit} was shown, and Woodpecker starts its head`,
    );
  const named = await formulasFor(servers, formulas, repo);
  const starting = (await readBeside(createSnapshot(send, repo, kept), commit)).filter(
    ({ takesManual }) => takesManual,
  );
  const away = await once(kept, `may start ${repo}`, () => whyNotStart(woodpecker, repo));
  const allowed = workflows.map((name) => name.replace(/\.ya?ml$/, ''));
  const others = starting.filter(({ name }) => !allowed.includes(name)).map(({ name }) => name);
  return {
    labels: [],
    run: { backend: 'woodpecker-pipeline', commit, workflows: starting.map(({ name }) => name).sort() },
    faults: [
      ...named.faults,
      ...(away === undefined ? [] : [away]),
      ...(named.formulas.length === 0
        ? []
        : [`${repo} has workflows that formulas of the vault name, and Woodpecker starts all at once`]),
      ...(starting.length === 0 ? [`no workflow of ${repo} takes the event manual`] : []),
      ...(others.length === 0
        ? []
        : [`these workflows would start as well, and policy does not name them: ${others.join(', ')}`]),
      ...Object.keys(inputs).flatMap((name) =>
        name.includes('-') ? [`on Woodpecker inputs are variables, so ${name} needs underscores`] : [],
      ),
      ...(Object.hasOwn(inputs, 'nonce') ? ['the input nonce is given by this role itself'] : []),
    ],
  };
}

/** Formulas whose workflows run in a repository; a formula that cannot be read may name any. */
async function formulasFor(
  { send, kept }: Servers,
  { repository, commit }: Formulas,
  repo: string,
): Promise<{ formulas: Formula[]; faults: string[] }> {
  return once(kept, `formulas ${repository} ${commit} ${repo.toLowerCase()}`, async () => {
    const snapshot = createSnapshot(send, repository, kept);
    const entries = (await snapshot.folderAt(commit, formulaFolder)).filter(({ path }) =>
      path.endsWith('.toml'),
    );
    const formulas: Formula[] = [];
    const faults: string[] = [];
    for (const entry of entries) {
      const found = await snapshot.fileOf(entry);
      const file = `${formulaFolder}/${entry.path}`;
      const parsed = found.kind === 'file' ? parseFormula(file, found.bytes) : undefined;
      if (parsed?.ok !== true)
        faults.push(`${file} of the vault cannot be read, so what it names is not known`);
      else if (sameRepository(parsed.document.run.repo ?? repository, repo)) formulas.push(parsed.document);
    }
    return { formulas, faults };
  });
}
