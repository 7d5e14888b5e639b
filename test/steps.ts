import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setprivArguments } from '../core/agent/cell/launch.ts';
import { type AgentRig, startAgents } from './agent.ts';
import { compiledFile } from './compiled.ts';

/** No account has it, and no cell of other tests. */
export const stepUid = 79_100;

/** Pipelines whose agent is a step of its own, with another uid and one folder that all steps share. */
export interface StepsRig extends AgentRig {
  /** A pipeline with a workspace of its own, or one workflow of it where a matrix makes several. */
  pipeline(number?: number, workflow?: number): Pipeline;
}

export interface Pipeline {
  workspace: string;
  shared: string;
  environment(mode: string, more?: Record<string, string>): Record<string, string>;
  step(
    mode: 'prepare' | 'serve' | 'finish',
    more?: Record<string, string>,
    ago?: number,
  ): ReturnType<AgentRig['run']>;
  /** The same as a process of its own, as another user: what was compiled. */
  process(mode: 'prepare' | 'serve' | 'finish', uid: number): Promise<{ code: number | null; text: string }>;
  /** For how long its steps have waited, in milliseconds. */
  waited(): number;
  /** The step of the agent; does nothing where nothing was prepared, as the pipeline in the documents. */
  agent(
    more?: Record<string, string>,
    as?: 'user' | 'container',
  ): {
    child: ChildProcess | undefined;
    ended: Promise<{ code: number | null; text: string }>;
  };
  /** From the first step to the last. */
  whole(more?: Record<string, string>, as?: 'user' | 'container'): Promise<Whole>;
}

type Step = Awaited<ReturnType<AgentRig['run']>>;
export interface Whole {
  prepare: Step;
  serve: Step;
  agent: { code: number | null; text: string };
  finish: Step;
}

/** Root with processes and files of its own, and the workspace: what a step is in a container. */
function containerArguments(workspace: string): string[] {
  return [
    ...['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--die-with-parent'],
    ...['--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp', '--tmpfs', '/run'],
    ...['--bind', workspace, workspace, '--chdir', workspace],
  ];
}

/** What a process said, once it is over. */
function ended(child: ChildProcess): Promise<{ code: number | null; text: string }> {
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
  return new Promise((done) => child.once('close', (code) => done({ code, text })));
}

/** A folder is the agent's, as it is to whoever is root in a container that has mounted it. */
export function giveAway(folder: string): void {
  const facts = lstatSync(folder);
  if (!facts.isDirectory()) return;
  chownSync(folder, stepUid, stepUid);
  for (const name of readdirSync(folder)) {
    const file = path.join(folder, name);
    if (lstatSync(file).isDirectory()) giveAway(file);
    else if (lstatSync(file).isFile()) chownSync(file, stepUid, stepUid);
  }
}

export async function startSteps(): Promise<StepsRig> {
  const rig = await startAgents();
  const workspaces: string[] = [];
  const children: ChildProcess[] = [];
  const pipeline = (number = 7, workflow = 1): Pipeline => {
    const workspace = mkdtempSync(path.join(tmpdir(), 'forgecrew-steps-'));
    chmodSync(workspace, 0o755);
    workspaces.push(workspace);
    const shared = path.join(workspace, '.forgecrew');
    const environment: Pipeline['environment'] = (mode, more = {}) =>
      rig.environment({
        CI_WORKSPACE: workspace,
        CI_PIPELINE_NUMBER: String(number),
        CI_WORKFLOW_NAME: 'agents',
        CI_WORKFLOW_NUMBER: String(workflow),
        PLUGIN_MODE: mode,
        ...more,
      });
    let waited = 0;
    const own: Pipeline = {
      workspace,
      shared,
      environment,
      // Waiting takes no time here.
      step: (mode, more = {}, ago = 0) =>
        rig.run(environment(mode, more), ago, async (ms) => {
          waited += ms;
          rig.pass(ms / 1000);
        }),
      process(mode, uid) {
        // Its own user makes the shared folder there.
        chmodSync(workspace, 0o777);
        return ended(
          spawn(
            'setpriv',
            [...setprivArguments(uid, uid), '--', process.execPath, compiledFile('forge-agent')],
            { cwd: workspace, env: environment(mode), stdio: ['ignore', 'pipe', 'pipe'] },
          ),
        );
      },
      waited: () => waited,
      agent(more = {}, as = 'user') {
        const glue = path.join(shared, 'start.mjs');
        if (!existsSync(glue)) return { child: undefined, ended: Promise.resolve({ code: 0, text: '' }) };
        // What it can do to the folder, root of a container can.
        giveAway(shared);
        const program = [process.execPath, glue];
        const [command = '', ...args] =
          as === 'user'
            ? ['setpriv', ...setprivArguments(stepUid, stepUid), '--', ...program]
            : ['bwrap', ...containerArguments(workspace), '--', ...program];
        const child = spawn(command, args, {
          cwd: workspace,
          env: { PATH: process.env.PATH ?? '', CI: 'woodpecker', CI_WORKSPACE: workspace, ...more },
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        children.push(child);
        return { child, ended: ended(child) };
      },
      async whole(more = {}, as = 'user') {
        const prepare = await own.step('prepare', more);
        const serving = own.step('serve', more);
        const agent = await own.agent({}, as).ended;
        const finish = await own.step('finish', more);
        return { prepare, serve: await serving, agent, finish };
      },
    };
    return own;
  };
  return {
    ...rig,
    pipeline,
    async close() {
      for (const child of children) child.kill('SIGKILL');
      await rig.close();
      for (const folder of workspaces) rmSync(folder, { recursive: true, force: true });
    },
  };
}
