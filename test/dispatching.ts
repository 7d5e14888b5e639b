import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type DispatchConfig, readConfig, secretsOf } from '../cli/dispatch/config.ts';
import { type DispatchRequest, orderFor } from '../cli/dispatch/dispatch.ts';
import type { DispatchEntry } from '../cli/dispatch/entry.ts';
import type { Asking } from '../cli/dispatch/hosts.ts';
import type { Launch } from '../cli/dispatch/order.ts';
import { launcher, supervisionOf } from '../cli/dispatch/process.ts';
import { readRegistry } from '../cli/dispatch/registry.ts';
import { type Supervision, supervise } from '../cli/dispatch/supervise.ts';
import { type AgentRig, startAgents } from './agent.ts';

/** What every scripted worker begins with. */
export const workerHead = `
const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const forge = (...args) => execFileSync('forge', args, { encoding: 'utf8' });
const git = (...args) => execFileSync('git', args, { encoding: 'utf8' });
const commit = (file, text) => {
  fs.mkdirSync(require('node:path').dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
  git('add', '--all');
  git('commit', '--quiet', '--message', 'Write ' + file);
};
`;

/** A worker that writes one file and says that it is done. */
export const writing = `${workerHead}commit('poem.txt', 'Roses are red.\\n'); forge('signal-done', 'success', '--summary', 'I wrote it.');`;

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const program = [process.execPath, path.join(root, 'scripts/start.mjs'), path.join(root, 'cli/main.ts')];

/** A forge, and a machine of a person with a clone of its project, a configuration and a scripted agent. */
export interface DispatchRig {
  rig: AgentRig;
  folder: string;
  checkout: string;
  environment: Record<string, string>;
  config(): DispatchConfig;
  /** Writes the configuration anew, with more lines. */
  configure(more?: string, owners?: string[]): void;
  /** Declares the agent `builder` of this machine; `program` is what it runs, by `node -e`. */
  declare(program: string, more?: string): void;
  /** Makes the state repo of the account. */
  makeStateRepo(): Promise<void>;
  issue(title?: string): Promise<number>;
  asking(): Asking;
  /** Carries a dispatch out in this process. */
  dispatch(
    request: Partial<DispatchRequest> & { reference: string },
    more?: Partial<Supervision> & { launch?: Launch },
  ): Promise<DispatchEntry>;
  /** The same in a process of its own, from the sources; resolves once its worker begins. */
  launch(request: Partial<DispatchRequest> & { reference: string }): Promise<DispatchEntry>;
  /** Runs the command line, from its sources. */
  cli(args: string[], folder?: string): Promise<{ code: number; text: string }>;
  /** Comes once something holds. */
  until(holds: () => boolean, what: string): Promise<void>;
  entries(): DispatchEntry[];
  /** What the records and logs of all dispatches say. */
  told(): string;
  git(args: string[], folder?: string): Promise<string>;
  close(): Promise<void>;
}

export async function startDispatching(): Promise<DispatchRig> {
  const rig = await startAgents();
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'forgecrew-dispatch-')));
  const [owner = '', project = ''] = rig.project.split('/');
  const checkout = path.join(folder, 'src', owner, project);
  const gitConfig = path.join(folder, 'gitconfig');
  const basic = Buffer.from(`${rig.owner.login}:${rig.owner.token}`).toString('base64');
  writeFileSync(
    gitConfig,
    `[user]\n\tname = Ada\n\temail = ada@example.test\n[init]\n\tdefaultBranch = main\n[http "${rig.forge.url}/"]\n\textraHeader = Authorization: Basic ${basic}\n`,
  );
  const environment = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    XDG_CONFIG_HOME: path.join(folder, 'config'),
    GIT_CONFIG_GLOBAL: gitConfig,
    GIT_CONFIG_NOSYSTEM: '1',
    FORGECREW_FORGE_TOKEN: rig.worker.token,
  };
  const home = path.join(folder, 'config/forgecrew');
  mkdirSync(path.join(home, 'agents'), { recursive: true });
  const run = promisify(execFile);
  const git = async (args: string[], where = checkout): Promise<string> =>
    (await run('git', args, { cwd: where, env: environment, encoding: 'utf8' })).stdout.replace(/\n$/, '');
  await rig.seed.putFile(rig.owner, rig.project, 'README.md', '# Project\n');
  mkdirSync(path.dirname(checkout), { recursive: true });
  await git(['clone', '--quiet', `${rig.forge.url}/${rig.project}.git`, checkout], folder);
  const own: DispatchRig = {
    rig,
    folder,
    checkout,
    environment,
    config: () => readConfig(environment).config,
    configure(more = '', owners = [`forge:${owner}`]) {
      writeFileSync(
        path.join(home, 'config.toml'),
        `forge = "${rig.forge.url}"\nallowed-owners = ${JSON.stringify(owners)}\nrepo-path = "~/src/{owner}/{repo}"\ndefault-agent = "builder"\n${more}`,
      );
    },
    declare(program, more = '') {
      const command = JSON.stringify(['node', '-e', program]);
      writeFileSync(
        path.join(home, 'agents/builder.toml'),
        `enabled = true\nengine = "command"\ncommand = ${command}\nrepositories = ["${rig.project}", "owner/elsewhere"]\nprompt = "Do it."\n${more}`,
      );
    },
    async makeStateRepo() {
      const { status } = await rig.seed.api(
        'POST',
        '/user/repos',
        { name: 'forgecrew-state', private: true, auto_init: true, default_branch: 'main' },
        rig.worker.token,
      );
      if (status !== 201) throw new Error(`state repo: ${status}`);
    },
    issue: (title = 'Write a poem') =>
      rig.seed.createIssue(rig.ada, rig.project, { title, body: 'In poem.txt.' }),
    asking: () => {
      const config = own.config();
      return { config, secrets: secretsOf(config, environment), environment };
    },
    async dispatch({ mode = 'headless', trustMe = false, ...request }, { launch, ...more } = {}) {
      const asking = own.asking();
      const order = await orderFor({ mode, trustMe, ...request }, asking);
      return supervise(order, {
        ...supervisionOf(asking.config, {
          secrets: asking.secrets,
          environment,
          begun: () => undefined,
          stopped: { isStopped: () => false },
          launch: launch ?? (() => Promise.reject(new Error('nothing is launched here'))),
        }),
        ...more,
      });
    },
    async launch({ mode = 'headless', trustMe = false, ...request }) {
      const asking = own.asking();
      const order = await orderFor({ mode, trustMe, ...request }, asking);
      return launcher(environment, program)(order, asking.secrets);
    },
    cli: (args, where = folder) =>
      new Promise((resolve) => {
        const [command = '', ...before] = program;
        execFile(command, [...before, ...args], { cwd: where, env: environment }, (error, out, err) =>
          resolve({ code: error === null ? 0 : Number(error.code), text: `${out}${err}` }),
        );
      }),
    async until(holds, what) {
      const until = Date.now() + 60_000;
      while (!holds()) {
        if (Date.now() > until) throw new Error(`it never came: ${what}\n${own.told()}`);
        await new Promise((done) => setTimeout(done, 20));
      }
    },
    entries: () => readRegistry(own.config().logRoot).entries,
    told: () =>
      own
        .entries()
        .map((entry) => `${JSON.stringify(entry)}\n${readFileSync(entry.log_path, 'utf8').slice(-4000)}`)
        .join('\n'),
    git,
    async close() {
      await rig.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  own.configure();
  own.declare(writing);
  return own;
}
