// The part of Woodpecker's API that forgecrew uses, in one process: for the demo and the tests. Nothing is ever run.
// Read in server/api/{pipeline,repo,user}.go and server/model/{pipeline,workflow}.go of Woodpecker after 3.17.0.
import http from 'node:http';

export interface WoodpeckerUser {
  login: string;
  token: string;
}

export interface WoodpeckerRepository {
  id: number;
  /** As the forge has it: owner/name. */
  name: string;
  /** The one branch that is there; `main` when absent. */
  branch?: string;
  /** The head of that branch, where a test cares. */
  commit?: string;
  /** The workflows that take the event `manual`. */
  workflows: string[];
  /** Who may push, and so start pipelines. */
  pushers: string[];
  /** False where it was switched off there: it keeps its number, and nothing of it runs. */
  active?: boolean;
  /** What the forge has it as, where it was activated from there: known by that also when it was renamed, and never called otherwise. */
  forgeId?: number;
  /** Names of secrets with the events they are for; what they hold, `secretsFor` tells. */
  secrets?: { name: string; events: string[] }[];
  crons?: {
    id: number;
    name: string;
    schedule: string;
    branch: string;
    enabled: boolean;
    next_exec: number;
  }[];
}

export interface EmbeddedWoodpecker {
  url: string;
  /** Every request: method, path below `/api`, and the answer's status. */
  requests: { method: string; path: string; status: number }[];
  /** Calls that nothing here answers: a test that sees one here has found a gap. */
  unknownRoutes: string[];
  /** Every pipeline, oldest first. */
  pipelines: Pipeline[];
  /** Every repository that is active, or was. */
  repositories: WoodpeckerRepository[];
  /** What the secrets of a repository (owner/name) hold that are for an event, as its agent is given them. */
  secretsFor(repository: string, event: string): Record<string, string>;
  /** Moves a workflow of a pipeline on, as an agent would, and its pipeline with it. */
  settle(number: number, workflow: string, state: string): void;
  /** Puts a pipeline that is over into a repository (owner/name), with what its steps printed. */
  addFinished(repository: string, pipeline: FinishedPipeline): number;
  close(): Promise<void>;
}

interface Pipeline {
  repository: number;
  number: number;
  author: string;
  event: string;
  branch: string;
  status: string;
  created: number;
  commit?: string;
  errors?: { message: string; is_warning?: boolean }[];
  variables: Record<string, string>;
  workflows: { name: string; state: string; children?: Step[] }[];
}

interface Step {
  id: number;
  name: string;
  state: string;
  error?: string;
}

/** A pipeline as agents would have left it. */
export interface FinishedPipeline {
  commit: string;
  event?: string;
  status: string;
  errors?: { message: string; is_warning?: boolean }[];
  workflows: { name: string; state: string; steps: { name: string; state: string; lines?: string[] }[] }[];
}

interface Answer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

export async function startWoodpecker(given: {
  users: WoodpeckerUser[];
  repositories: WoodpeckerRepository[];
  /** What the forge calls a repository, by its id there: what is not among `repositories` can then be activated. */
  nameOf?: (forgeId: number) => Promise<string>;
  now?: () => Date;
}): Promise<EmbeddedWoodpecker> {
  const requests: EmbeddedWoodpecker['requests'] = [];
  const unknownRoutes: string[] = [];
  const pipelines: Pipeline[] = [];
  /** By repository and name. */
  const values = new Map<string, string>();
  const now = given.now ?? (() => new Date());
  /** What steps printed, by their ids. */
  const logs = new Map<number, string[]>();

  /** `workflows` is part of one pipeline, and of no list. */
  const shape = ({ repository: _, workflows, ...rest }: Pipeline, whole: boolean): object => ({
    ...rest,
    ...(whole ? { workflows } : {}),
  });

  /** Secrets and cron jobs, which whoever may push sees and sets. */
  function ofRepository(
    repository: WoodpeckerRepository,
    {
      method,
      what,
      name,
      page,
      body,
    }: { method: string; what: string; name: string | undefined; page: number; body: string },
  ): Answer | undefined {
    repository.secrets ??= [];
    repository.crons ??= [];
    const items: { name: string }[] = what === 'secrets' ? repository.secrets : repository.crons;
    if (method === 'GET') {
      const shown = page > 1 ? [] : items;
      // Seen: an empty list of secrets is null, and one of cron jobs is not.
      return { status: 200, body: what === 'secrets' && shown.length === 0 ? null : shown };
    }
    const asked = body === '' ? {} : (JSON.parse(body) as Record<string, unknown>);
    const found = items.find((item) => item.name === (name ?? asked.name));
    if (what === 'cron') {
      if (method !== 'POST') return undefined;
      if (found !== undefined) return { status: 409, body: 'cron with this exists for this repo already' };
      const made = {
        id: repository.crons.length + 1,
        name: String(asked.name),
        schedule: String(asked.schedule),
        branch: String(asked.branch),
        enabled: asked.enabled === true,
        next_exec: Math.floor(now().getTime() / 1000) + 600,
      };
      repository.crons.push(made);
      return { status: 200, body: made };
    }
    const events = Array.isArray(asked.events) ? asked.events.map(String) : [];
    if (method === 'POST') {
      if (events.length === 0) return { status: 422, body: 'Error inserting secret. invalid secret event' };
      if (found !== undefined) return { status: 500, body: 'Error inserting secret' };
      repository.secrets.push({ name: String(asked.name), events });
      values.set(`${repository.name} ${String(asked.name)}`, String(asked.value ?? ''));
      return { status: 200, body: { name: asked.name, events } };
    }
    if (found === undefined) return { status: 404, body: '' };
    Object.assign(found, { events });
    values.set(`${repository.name} ${found.name}`, String(asked.value ?? ''));
    return { status: 200, body: found };
  }

  async function activate(forgeId: number, login: string): Promise<Answer> {
    const name = await given.nameOf?.(forgeId);
    if (name === undefined) return { status: 500, body: 'Could not fetch repository from forge.' };
    const known = given.repositories.find((item) => item.name === name || item.forgeId === forgeId);
    if (known !== undefined && known.active !== false)
      return { status: 409, body: 'Repository is already active.' };
    if (known !== undefined) {
      known.active = true;
      return { status: 200, body: { id: known.id, full_name: name, active: true } };
    }
    const id = Math.max(0, ...given.repositories.map((item) => item.id)) + 1;
    given.repositories.push({ id, name, workflows: [], pushers: [login], forgeId });
    return { status: 200, body: { id, full_name: name, active: true } };
  }

  async function answer(method: string, url: URL, token: string | undefined, body: string): Promise<Answer> {
    const user = given.users.find((item) => `Bearer ${item.token}` === token);
    const path = url.pathname.replace(/^\/api/, '');
    if (method === 'GET' && path === '/user')
      return user === undefined
        ? { status: 401, body: '' }
        : { status: 200, body: { id: 1, login: user.login } };
    const log = /^\/repos\/(\d+)\/logs\/(\d+)\/(\d+)$/.exec(path);
    if (method === 'GET' && log !== null) return logAnswer(Number(log[1]), Number(log[2]), Number(log[3]));
    if (method === 'POST' && path === '/repos')
      return user === undefined
        ? { status: 401, body: '' }
        : activate(Number(url.searchParams.get('forge_remote_id')), user.login);
    const looked = /^\/repos\/lookup\/(.+)$/.exec(path)?.[1];
    const [, id, what, number, cancels] =
      /^\/repos\/(\d+)\/(pipelines|permissions|secrets|cron)(?:\/([\w-]+)(?:\/(cancel))?)?$/.exec(path) ?? [];
    if (looked === undefined && id === undefined) unknownRoutes.push(`${method} ${url.pathname}`);
    const repository = given.repositories.find((item) =>
      looked === undefined ? item.id === Number(id) : item.name === decodeURIComponent(looked),
    );
    if (repository === undefined) return { status: user === undefined ? 401 : 404, body: '' };
    // All of them are public here: whoever has no token at all may read.
    const push = user !== undefined && repository.pushers.includes(user.login);
    if (looked !== undefined)
      return {
        status: 200,
        body: { id: repository.id, full_name: repository.name, active: repository.active !== false },
      };
    if (what === 'permissions') return { status: 200, body: { pull: true, push, admin: false, synced: 0 } };
    if (what === 'secrets' || what === 'cron') {
      if (!push) return { status: user === undefined ? 401 : 404, body: '' };
      const page = Number(url.searchParams.get('page') ?? 1);
      const answered = ofRepository(repository, { method, what, name: number, page, body });
      if (answered === undefined) unknownRoutes.push(`${method} ${url.pathname}`);
      return answered ?? { status: 405 };
    }
    const own = pipelines.filter((item) => item.repository === repository.id);
    if (method === 'GET' && number !== undefined) {
      const found = own.find((item) => item.number === Number(number));
      return found === undefined ? { status: 404, body: '' } : { status: 200, body: shape(found, true) };
    }
    if (method === 'GET') {
      const size = Math.min(Number(url.searchParams.get('perPage') ?? 50), 50);
      const from = (Number(url.searchParams.get('page') ?? 1) - 1) * size;
      return {
        status: 200,
        body: own
          .toReversed()
          .slice(from, from + size)
          .map((item) => shape(item, false)),
      };
    }
    if (method !== 'POST') {
      unknownRoutes.push(`${method} ${url.pathname}`);
      return { status: 405 };
    }
    // Without the right it is as if it were not there.
    if (!push) return { status: user === undefined ? 401 : 404, body: '' };
    if (cancels !== undefined) {
      const found = own.find((item) => item.number === Number(number));
      if (found === undefined) return { status: 404, body: '' };
      if (!['pending', 'running'].includes(found.status))
        return { status: 400, body: 'Cannot cancel a non-running or non-pending or non-blocked pipeline' };
      found.status = 'killed';
      for (const workflow of found.workflows)
        if (['pending', 'running'].includes(workflow.state)) workflow.state = 'killed';
      return { status: 204 };
    }
    const asked = JSON.parse(body) as { branch: string; variables?: Record<string, string> };
    // Seen: it fails where it looks for who switched the repository on.
    if (repository.active === false) return { status: 500, body: '' };
    // As the branch's head cannot be read then.
    if (asked.branch !== (repository.branch ?? 'main')) return { status: 500, body: '' };
    if (repository.workflows.length === 0) return { status: 204, headers: { 'pipeline-filtered': 'true' } };
    const made: Pipeline = {
      repository: repository.id,
      number: own.length + 1,
      author: user.login,
      event: 'manual',
      branch: asked.branch,
      status: 'pending',
      created: Math.floor(now().getTime() / 1000),
      ...(repository.commit === undefined ? {} : { commit: repository.commit }),
      variables: asked.variables ?? {},
      workflows: repository.workflows.map((name) => ({ name, state: 'pending' })),
    };
    pipelines.push(made);
    return { status: 200, body: shape(made, true) };
  }

  /** One object for each line, with what was printed in base64; `null` where nothing was. */
  function logAnswer(repository: number, number: number, id: number): Answer {
    const own = pipelines.find((item) => item.repository === repository && item.number === number);
    const step = own?.workflows.flatMap(({ children }) => children ?? []).find((item) => item.id === id);
    if (step === undefined) return { status: 404, body: '' };
    const entries = (logs.get(id) ?? []).map((line, index) => ({
      id: index + 1,
      step_id: id,
      time: 0,
      line: index,
      data: line === '' ? null : Buffer.from(line, 'utf8').toString('base64'),
      type: 0,
    }));
    return { status: 200, body: entries.length === 0 ? null : entries };
  }

  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', async () => {
      const url = new URL(request.url ?? '/', 'http://127.0.0.1');
      const method = request.method ?? 'GET';
      const { status, body, headers } = await answer(
        method,
        url,
        request.headers.authorization,
        Buffer.concat(chunks).toString('utf8'),
      );
      requests.push({ method, path: url.pathname.replace(/^\/api/, '') + url.search, status });
      response.writeHead(status, {
        // With every answer, those that refuse as well.
        'x-woodpecker-version': '3.17.0',
        ...headers,
        ...(typeof body === 'object' ? { 'content-type': 'application/json; charset=utf-8' } : {}),
      });
      response.end(
        body === undefined ? undefined : typeof body === 'object' ? JSON.stringify(body) : String(body),
      );
    });
  });
  await new Promise<void>((done, failed) => {
    server.once('error', failed);
    server.listen(0, '127.0.0.1', done);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Woodpecker has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    unknownRoutes,
    pipelines,
    addFinished(name, finished) {
      const repository = given.repositories.find((item) => item.name === name);
      if (repository === undefined) throw new Error(`there is no ${name}`);
      const number = pipelines.filter((item) => item.repository === repository.id).length + 1;
      const workflows = finished.workflows.map(({ steps, ...workflow }) => ({
        ...workflow,
        children: steps.map(({ lines, ...step }) => {
          const id = logs.size + 1;
          logs.set(id, lines ?? []);
          return { ...step, id };
        }),
      }));
      pipelines.push({
        event: 'push',
        ...finished,
        repository: repository.id,
        number,
        author: repository.pushers[0] ?? '',
        branch: repository.branch ?? 'main',
        created: Math.floor(now().getTime() / 1000),
        variables: {},
        workflows,
      });
      return number;
    },
    repositories: given.repositories,
    secretsFor(name, event) {
      const found = given.repositories.find((item) => item.name === name)?.secrets ?? [];
      return Object.fromEntries(
        found
          .filter(({ events }) => events.includes(event))
          .map((secret) => [secret.name, values.get(`${name} ${secret.name}`) ?? '']),
      );
    },
    settle(number, workflow, state) {
      const pipeline = pipelines.find((item) => item.number === number);
      const found = pipeline?.workflows.find(({ name }) => name === workflow);
      if (pipeline === undefined || found === undefined)
        throw new Error(`there is no ${workflow} in ${number}`);
      found.state = state;
      const states = pipeline.workflows.map((item) => item.state);
      pipeline.status = states.some((item) => item === 'pending' || item === 'running')
        ? 'running'
        : (states.find((item) => item !== 'success') ?? 'success');
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
