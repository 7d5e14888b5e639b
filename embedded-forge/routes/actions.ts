import { parse } from 'yaml';
import { findInTree, readBlob, resolveCommit } from '../git.ts';
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
  type State,
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
    prettyref: run.ref.replace(/^refs\/(heads|tags)\//, ''),
    is_ref_deleted: false,
    commit_sha: run.commit,
    is_fork_pull_request: false,
    need_approval: false,
    approved_by: 0,
    event: '',
    event_payload: JSON.stringify({
      inputs: run.inputs,
      ref: run.ref,
      repository: repositoryShape(call, repository),
      sender,
      workflow: run.workflow,
    }),
    trigger_event: run.event,
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
  jobs?: Record<string, { needs?: string | string[]; 'runs-on'?: string | string[] } | null>;
}

/** The whole name of a tag or a branch that is called so, the tag first; a commit, whole or in part, is called what it is. */
async function wholeRef(repository: Repository, name: string): Promise<string> {
  for (const ref of name.startsWith('refs/') ? [name] : [`refs/tags/${name}`, `refs/heads/${name}`])
    if ((await resolveCommit(repository.folder, ref)) !== undefined) return ref;
  return name;
}

/** A workflow's file as it stands at a branch, a tag or a commit, in either folder that the forge looks in. */
async function workflowOf(
  repository: Repository,
  ref: string,
  name: string,
): Promise<{ path: string; commit: string; workflow: Workflow } | undefined> {
  const commit = await resolveCommit(repository.folder, ref);
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
  const ref = await wholeRef(repository, text(call.body.ref));
  const found = await workflowOf(repository, ref, call.params.name ?? '');
  // A missing branch, a commit that is not there, and one without such a workflow are all errors of the server.
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
    ref,
    commit: found.commit,
    jobs: Object.entries(found.workflow.jobs ?? {}).map(([name, job]) => ({
      id: nextId(call.state, 'job'),
      name,
      needs: job?.needs === undefined ? null : [job.needs].flat(),
      runsOn: [job?.['runs-on'] ?? []].flat(),
    })),
    event: 'workflow_dispatch',
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
    body: { id: run.id, run_number: run.number, jobs: run.jobs.map(({ name }) => name) },
  };
}

function jobShape(repository: Repository, run: Run, job: Run['jobs'][number]): unknown {
  return {
    id: job.id,
    run_id: run.id,
    attempt: 1,
    handle: `job-${job.id}`,
    repo_id: repository.id,
    owner_id: repository.owner,
    name: job.name,
    needs: job.needs,
    runs_on: job.runsOn,
    task_id: 0,
    status: job.status ?? (job.needs !== null && run.status === 'waiting' ? 'blocked' : run.status),
  };
}

/** A log, or the last bytes of it where these are asked for; an empty one has no parts. */
function logAnswer(log: Buffer, range = ''): Answer {
  const [, last] = /^bytes=-(\d+)$/.exec(range) ?? [];
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'accept-ranges': 'bytes' };
  if (last === undefined || log.length === 0) return { status: 200, body: log, headers };
  const from = Math.max(0, log.length - Number(last));
  return {
    status: 206,
    body: log.subarray(from),
    headers: { ...headers, 'content-range': `bytes ${from}-${log.length - 1}/${log.length}` },
  };
}

/** A run as a runner would have left it, for a test that needs one: what its jobs printed and how they ended. */
export interface FinishedRun {
  workflow: string;
  commit: string;
  event?: string;
  status: Run['status'];
  jobs: { name: string; status: Run['status']; log?: string }[];
}

/** Puts a run that is over among those of a repository. */
export function addFinishedRun(state: State, repository: Repository, given: FinishedRun): Run {
  const at = timestamp(state);
  const run: Run = {
    event: 'push',
    ...given,
    id: nextId(state, 'run'),
    number: repository.runs.length + 1,
    ref: `refs/heads/${repository.defaultBranch}`,
    jobs: given.jobs.map((job) => ({ ...job, id: nextId(state, 'job'), needs: null, runsOn: ['docker'] })),
    by: repository.owner,
    inputs: {},
    created: at,
    started: at,
    stopped: at,
  };
  repository.runs.push(run);
  return run;
}

function onRun(work: (call: Call, repository: Repository, run: Run) => Answer): Route['handle'] {
  return (call, repository) => {
    const run = repository.runs.find(({ id }) => String(id) === call.params.id);
    return run === undefined ? notFound(call) : work(call, repository, run);
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
      if (!repository.hasActions) return notFound(call);
      const found = [...repository.runs]
        .reverse()
        .filter(({ status }) => !call.query.has('status') || call.query.getAll('status').includes(status))
        .filter(({ commit }) => ['', commit].includes(call.query.get('head_sha') ?? ''));
      const page = paged(call, found, (run) => shapeOf(call, repository, run), runs, { count: false });
      return ok({ workflow_runs: page.body, total_count: found.length });
    },
  },
  {
    method: 'GET',
    route: `${runs}/{id}`,
    scope: 'repository',
    handle: onRun((call, repository, run) => ok(shapeOf(call, repository, run))),
  },
  {
    method: 'GET',
    route: `${runs}/{id}/jobs`,
    scope: 'repository',
    handle: onRun((_, repository, run) => ok(run.jobs.map((job) => jobShape(repository, run, job)))),
  },
  {
    // One that is over stays what it was, and the answer is the same.
    method: 'POST',
    route: `${runs}/{id}/cancel`,
    scope: 'repository',
    handle: onRun((call, repository, run) => {
      if (!mayWrite(accessOf(call.state, repository, call.account)))
        return failure(call, 403, 'user should have a permission to write to a repo');
      if (run.stopped === null) {
        run.status = 'cancelled';
        run.stopped = timestamp(call.state);
      }
      return { status: 204 };
    }),
  },
  {
    // Of a job that a test says ran.
    method: 'GET',
    route: '/repos/{owner}/{repo}/actions/jobs/{id}/logs',
    scope: 'repository',
    handle: (call, repository) => {
      const job = repository.runs.flatMap(({ jobs }) => jobs).find(({ id }) => String(id) === call.params.id);
      if (job === undefined) return notFound(call);
      return job.log === undefined
        ? failure(call, 404, 'job has not been executed yet')
        : logAnswer(Buffer.from(job.log, 'utf8'), call.range);
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
      // What a secret holds, no call ever tells; only a runner is given it.
      const value = String(call.body.data ?? '');
      repository.secrets.set(name, { created: timestamp(call.state), value });
      return { status: isNew ? 201 : 204 };
    }),
  },
  {
    method: 'GET',
    route: secrets,
    scope: 'repository',
    handle: forAdmins((call, repository) =>
      paged(call, [...repository.secrets], ([name, { created }]) => ({ name, created_at: created }), secrets),
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
