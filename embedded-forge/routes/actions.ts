import { parse } from 'yaml';
import { branchCommit, findInTree, readBlob } from '../git.ts';
import { type Answer, type Call, failure, notFound, ok, paged, type Route, text } from '../route.ts';
import { fullName, repositoryShape, userShape } from '../shapes.ts';
import {
  accessOf,
  accountById,
  mayAdmin,
  mayWrite,
  nextId,
  type Repository,
  type Run,
  timestamp,
} from '../state.ts';

const never = '1970-01-01T00:00:00Z';

function shapeOf(call: Call, repository: Repository, run: Run): unknown {
  const sender = userShape(call, accountById(call.state, run.by));
  return {
    id: run.id,
    title: run.workflow,
    repository: repositoryShape(call, repository),
    workflow_id: run.workflow.split('/').at(-1) ?? '',
    index_in_repo: run.number,
    trigger_user: sender,
    ScheduleID: 0,
    prettyref: run.branch,
    is_ref_deleted: false,
    commit_sha: run.commit,
    is_fork_pull_request: false,
    need_approval: false,
    approved_by: 0,
    event: '',
    event_payload: JSON.stringify({
      inputs: run.inputs,
      ref: `refs/heads/${run.branch}`,
      repository: repositoryShape(call, repository),
      sender,
      workflow: run.workflow,
    }),
    trigger_event: 'workflow_dispatch',
    status: run.status,
    started: run.started ?? never,
    stopped: run.stopped ?? never,
    created: run.created,
    updated: run.stopped ?? run.started ?? run.created,
    html_url: `${call.url}/${fullName(call, repository)}/actions/runs/${run.number}`,
  };
}

interface Workflow {
  on?: {
    workflow_dispatch?: { inputs?: Record<string, { required?: boolean; default?: unknown } | null> } | null;
  };
  jobs?: Record<string, unknown>;
}

/** A workflow's file on a branch, in either folder that the forge looks in. */
async function workflowOf(
  repository: Repository,
  branch: string,
  name: string,
): Promise<{ path: string; commit: string; workflow: Workflow } | undefined> {
  const commit = await branchCommit(repository.folder, branch);
  if (commit === undefined) return undefined;
  for (const folder of ['.forgejo/workflows', '.gitea/workflows', '.github/workflows']) {
    const item = findInTree(repository.folder, commit, `${folder}/${name}`);
    if (item?.type !== 'blob') continue;
    const workflow: unknown = parse((await readBlob(repository.folder, item.sha)).toString('utf8'));
    return { path: `${folder}/${name}`, commit, workflow: (workflow ?? {}) as Workflow };
  }
  return undefined;
}

async function dispatch(call: Call, repository: Repository): Promise<Answer> {
  const { account } = call;
  if (account === null || !mayWrite(accessOf(call.state, repository, account)))
    return failure(call, 403, 'user should have a permission to write to a repo');
  const branch = text(call.body.ref).replace(/^refs\/heads\//, '');
  const found = await workflowOf(repository, branch, call.params.name ?? '');
  // A missing workflow, a missing branch and a commit as ref are all errors of the server.
  if (found === undefined) return failure(call, 500, '');
  const given: Record<string, unknown> =
    typeof call.body.inputs === 'object' && call.body.inputs !== null
      ? (call.body.inputs as Record<string, unknown>)
      : {};
  const inputs: Record<string, string> = {};
  // Only declared inputs arrive; any other is dropped without a word.
  for (const [name, declared] of Object.entries(found.workflow.on?.workflow_dispatch?.inputs ?? {})) {
    const value = given[name] ?? declared?.default;
    if (value === undefined || value === '') {
      if (declared?.required === true) return failure(call, 400, `input required for '${name}'`);
      continue;
    }
    inputs[name] = String(value);
  }
  const run: Run = {
    id: nextId(call.state, 'run'),
    number: repository.runs.length + 1,
    workflow: found.path,
    branch,
    commit: found.commit,
    by: account.id,
    inputs,
    status: 'waiting',
    created: timestamp(call.state),
    started: null,
    stopped: null,
  };
  repository.runs.push(run);
  if (call.body.return_run_info !== true) return { status: 204 };
  return {
    status: 201,
    body: { id: run.id, run_number: run.number, jobs: Object.keys(found.workflow.jobs ?? {}) },
  };
}

function forAdmins(work: (call: Call, repository: Repository) => Answer): Route['handle'] {
  return (call, repository) =>
    mayAdmin(accessOf(call.state, repository, call.account))
      ? work(call, repository)
      : failure(call, 403, 'user should be the owner of the repo');
}

const runs = '/repos/{owner}/{repo}/actions/runs';
const secrets = '/repos/{owner}/{repo}/actions/secrets';

export const actionRoutes: Route[] = [
  {
    method: 'POST',
    route: '/repos/{owner}/{repo}/actions/workflows/{name}/dispatches',
    scope: 'repository',
    handle: dispatch,
  },
  {
    method: 'GET',
    route: runs,
    scope: 'repository',
    handle: (call, repository) => {
      const found = [...repository.runs]
        .reverse()
        .filter(({ status }) => !call.query.has('status') || call.query.getAll('status').includes(status));
      const page = paged(call, found, (run) => shapeOf(call, repository, run), runs, { count: false });
      return ok({ workflow_runs: page.body, total_count: found.length });
    },
  },
  {
    method: 'GET',
    route: `${runs}/{id}`,
    scope: 'repository',
    handle: (call, repository) => {
      const run = repository.runs.find(({ id }) => String(id) === call.params.id);
      return run === undefined ? notFound(call) : ok(shapeOf(call, repository, run));
    },
  },
  {
    method: 'PUT',
    route: `${secrets}/{name}`,
    scope: 'repository',
    handle: forAdmins((call, repository) => {
      const name = (call.params.name ?? '').toUpperCase();
      if (!/^[A-Z_][A-Z0-9_]*$/.test(name) || /^(?:FORGEJO|GITEA|GITHUB)_/.test(name))
        return failure(call, 400, 'invalid secret name');
      const isNew = !repository.secrets.has(name);
      // What a secret holds, nobody is ever told; it is not kept either.
      repository.secrets.set(name, timestamp(call.state));
      return { status: isNew ? 201 : 204 };
    }),
  },
  {
    method: 'GET',
    route: secrets,
    scope: 'repository',
    handle: forAdmins((call, repository) =>
      paged(call, [...repository.secrets], ([name, created]) => ({ name, created_at: created }), secrets),
    ),
  },
  {
    method: 'DELETE',
    route: `${secrets}/{name}`,
    scope: 'repository',
    handle: forAdmins((call, repository) =>
      repository.secrets.delete((call.params.name ?? '').toUpperCase()) ? { status: 204 } : notFound(call),
    ),
  },
];
