import { randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type AgentRig, startAgents } from './agent.ts';
import { runStep, type StepRan } from './workflow-step.ts';

/** A run of the workflow as the forge shows it. */
export interface ShownRun {
  id: number;
  status: string;
  commit_sha: string;
  inputs: Record<string, string>;
}

/** Agents on a forge whose CI runs the workflow of the example for many agents; a test plays the runner. */
export interface FanRig extends AgentRig {
  /** What a step of a run is started with: of the job `fan-out`, unless the overrides say otherwise. */
  step(overrides?: Record<string, string>): Record<string, string>;
  /** The job that starts runs. */
  fanOut(overrides?: Record<string, string>): Promise<StepRan>;
  /** The job that works, of a run that was started; the run is over then. */
  work(run: ShownRun, overrides?: Record<string, string>): Promise<StepRan>;
  /** Runs of the workflow, oldest first. */
  runs(): Promise<ShownRun[]>;
  /** Starts the workflow as somebody may who writes to the ops repo. */
  dispatch(inputs: Record<string, string>): Promise<number>;
  /** Names of files of the state repo below a folder. */
  stateFolder(folder: string): Promise<string[]>;
}

export const fanWorkflow = readFileSync(
  new URL('../actions/forge-agent/example-fan-out.yml', import.meta.url),
  'utf8',
);

export async function startFanning(): Promise<FanRig> {
  const rig = await startAgents();
  const { seed, owner, ops, forge, worker } = rig;
  const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-fan-'));
  // As the automatic token of a job: it may write to the repository of the workflow, and to no other.
  const job = await seed.createUser('job', ['write:repository', 'write:issue']);
  await seed.addCollaborator(owner, ops, job.login, 'write');
  await seed.putFile(owner, ops, '.forgejo/workflows/agents.yml', fanWorkflow);
  const step = (overrides: Record<string, string> = {}): Record<string, string> => {
    const { event = 'schedule', payload = '{"action":"schedule"}', ...rest } = overrides;
    const file = path.join(folder, `event-${randomInt(2 ** 40)}.json`);
    writeFileSync(file, payload);
    return {
      PATH: process.env.PATH ?? '',
      GITHUB_ACTIONS: 'true',
      GITHUB_SERVER_URL: forge.url,
      GITHUB_REPOSITORY: ops,
      GITHUB_RUN_ID: '9001',
      GITHUB_RUN_NUMBER: '9001',
      GITHUB_EVENT_NAME: event,
      GITHUB_EVENT_PATH: file,
      GITHUB_WORKFLOW_REF: `${ops}/.forgejo/workflows/agents.yml@refs/heads/main`,
      GITHUB_REF: 'refs/heads/main',
      GITHUB_WORKSPACE: folder,
      GITHUB_TOKEN: job.token,
      INPUT_MODE: 'fan-out',
      'INPUT_FORGE-TOKEN': worker.token,
      'INPUT_FORGE-LOGIN': worker.login,
      'INPUT_OPS-REPO': ops,
      ...rest,
    };
  };
  const runs = async (): Promise<ShownRun[]> => {
    const all: ShownRun[] = [];
    for (let page = 1; ; page += 1) {
      const { body } = await seed.api('GET', `/repos/${ops}/actions/runs?limit=50&page=${page}`);
      const { workflow_runs: some } = body as { workflow_runs: (ShownRun & { event_payload: string })[] };
      if (some.length === 0) return all.reverse();
      for (const { id, status, commit_sha, event_payload } of some)
        all.push({ id, status, commit_sha, inputs: JSON.parse(event_payload).inputs });
    }
  };
  return {
    ...rig,
    step,
    runs,
    fanOut: (overrides = {}) => runStep('forge-agent', step(overrides), { folder }),
    async work(run, overrides = {}) {
      forge.settleRun(run.id, 'running');
      const ran = await runStep(
        'forge-agent',
        step({
          event: 'workflow_dispatch',
          payload: JSON.stringify({ inputs: run.inputs }),
          GITHUB_RUN_ID: String(run.id),
          INPUT_MODE: 'work',
          INPUT_ISSUE: run.inputs.issue ?? '',
          'INPUT_PROJECT-REPO': run.inputs.repository ?? '',
          'INPUT_AGENT-FOLDER': rig.environment().PLUGIN_AGENT_FOLDER ?? '',
          ...overrides,
        }),
        { folder },
      );
      forge.settleRun(run.id, ran.code === 0 ? 'success' : 'failure');
      return ran;
    },
    async dispatch(inputs) {
      const { status, body } = await seed.api(
        'POST',
        `/repos/${ops}/actions/workflows/agents.yml/dispatches`,
        { ref: 'main', inputs, return_run_info: true },
        owner.token,
      );
      if (status !== 201) throw new Error(`dispatch: ${status} ${JSON.stringify(body)}`);
      return (body as { id: number }).id;
    },
    async stateFolder(name) {
      const { status, body } = await seed.api('GET', `/repos/${rig.state}/contents/${name}`);
      return status === 200 ? (body as { name: string }[]).map((item) => item.name) : [];
    },
    async close() {
      await rig.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
