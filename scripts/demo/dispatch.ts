// `npm run demo -- dispatch`: two headless workers on two issues at the same time, a claim that conflicts, an overlap that is real,
// one merged by squash and reaped, the other one kept because its work is in no other place.
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { readRegistry } from '../../cli/dispatch/registry.ts';
import { possibleIsolation } from '../../core/agent/cell/possible-isolation.ts';
import { UserError } from '../../core/errors.ts';
import { allScopes } from '../../embedded-forge/seed.ts';
import { chapter, note, paint, root, runRole, type Stage } from './stage.ts';

const programText = readFileSync(path.join(root, 'scripts/demo/dispatch.program.cjs'), 'utf8');

export async function dispatch({ url, seed, scratch, named }: Stage): Promise<void> {
  const { best, tried } = await possibleIsolation({ first: 70_000, count: 256 });
  if (best === 'none')
    throw new UserError(
      `A worker cannot be isolated on this machine. ${tried.map(({ isolation, why }) => `${isolation}: ${why}`).join(' ')}`,
      'Run the demo as root, or where bubblewrap works.',
    );
  chapter('Create a project with two issues, and a machine of a person with a clone of it');
  const ada = await seed.createUser(named('ada'), allScopes);
  const project = await seed.createRepository(ada, 'project');
  await seed.putFile(ada, project, 'menu.txt', 'Bread\nSoup of the day\nCoffee\n');
  const first = await seed.createIssue(ada, project, { title: 'Put Borscht on the menu', body: '' });
  const second = await seed.createIssue(ada, project, { title: 'Put Ramen on the menu', body: '' });
  const home = realpathSync(scratch);
  const basic = Buffer.from(`${ada.login}:${ada.token}`).toString('base64');
  const gitConfig = path.join(home, 'gitconfig');
  writeFileSync(
    gitConfig,
    `[user]\n\tname = Ada\n\temail = ada@example.test\n[http "${url}/"]\n\textraHeader = Authorization: Basic ${basic}\n`,
  );
  const environment = {
    HOME: home,
    XDG_CONFIG_HOME: path.join(home, 'config'),
    GIT_CONFIG_GLOBAL: gitConfig,
    FORGECREW_FORGE_TOKEN: ada.token,
  };
  const checkout = path.join(home, 'src', project);
  mkdirSync(path.dirname(checkout), { recursive: true });
  const git = async (args: string[], folder = checkout): Promise<void> =>
    void (await promisify(execFile)('git', args, {
      cwd: folder,
      env: { PATH: process.env.PATH, ...environment },
    }));
  await git(['clone', '--quiet', `${url}/${project}.git`, checkout], home);
  const configuration = `forge = "${url}"
allowed-owners = ["forge:${ada.login}"]
repo-path = "~/src/{owner}/{repo}"
log-root = "~/dispatches"
default-agent = "cook"
`;
  const folder = path.join(home, 'config/forgecrew');
  mkdirSync(path.join(folder, 'agents'), { recursive: true });
  writeFileSync(path.join(folder, 'config.toml'), configuration);
  writeFileSync(
    path.join(folder, 'agents/cook.toml'),
    `enabled = true\nengine = "command"\ncommand = ["node", "-e", ${JSON.stringify(programText)}]\nrepositories = ["${project}"]\nprompt = "You write the menu."\n`,
  );
  for (const line of configuration.trim().split('\n')) console.log(`   ${paint('2', '│')} ${line}`);
  const said: string[] = [];
  const run = async (...args: string[]): Promise<number | null> => {
    note(paint('1', `$ forgecrew dispatch ${args.join(' ')}`));
    said.length = 0;
    return runRole(
      process.execPath,
      [path.join(root, 'dist/forgecrew/index.js'), 'dispatch', ...args],
      environment,
      checkout,
      (line) => {
        said.push(line);
        console.log(`   ${paint('2', '│')} ${line}`);
      },
    );
  };
  const entries = () => readRegistry(path.join(home, 'dispatches')).entries;
  const until = async (holds: () => boolean): Promise<void> => {
    for (let tries = 0; !holds(); tries += 1) {
      if (tries > 600) throw new Error('a worker did not come so far in two minutes');
      await wait(200);
    }
  };

  chapter('Send a worker at the first issue; it claims a file and works on');
  const begun = await run('headless', `${project}#${first}`);
  await until(() => entries()[0]?.paths_claimed.length === 1);
  await run('list', '--offline');
  const conflicts = await run('conflicts', 'menu.txt');

  chapter('The same issue again is refused: it says who has it');
  const again = await run('headless', `${project}#${first}`);

  chapter('A second worker on the second issue may not claim the file; it goes on all the same');
  await run('headless', `${project}#${second}`);
  await until(() => entries()[1]?.outcome === 'success');
  await run('logs', `${project}#${second}`);
  const isRefused = said.some((line) => line.includes('menu.txt is taken'));

  chapter('The first one ends; both branches are compared, as a merge would');
  await seed.api('POST', `/repos/${project}/issues/${first}/comments`, { body: 'Go on' }, ada.token);
  await until(() => entries()[0]?.outcome === 'success');
  const overlap = await run('overlap');

  chapter(`${ada.login} pushes the first branch, and merges it by squash`);
  const [done] = entries();
  await git(['push', '--quiet', 'origin', done?.branch ?? ''], done?.worktree ?? '');
  const pull = await seed.openPull(ada, project, {
    head: done?.branch ?? '',
    base: 'main',
    title: 'Borscht',
  });
  await seed.mergePull(ada, project, pull, 'squash');
  await run('list', '--all');

  chapter('Reap: the merged one goes, the other one stays because its work is in no other place');
  await run('reap', '--dry-run');
  const reaped = await run('reap');
  const [one, other] = entries();
  const isRight = one?.reaped_at != null && other?.reaped_at === null;

  if (
    begun !== 0 ||
    conflicts !== 1 ||
    again !== 2 ||
    !isRefused ||
    overlap !== 1 ||
    reaped !== 0 ||
    !isRight
  ) {
    process.exitCode = 1;
    note(paint('1;31', 'Something is not as it should be.'));
  } else note(paint('1;32', 'The merged worktree is gone, and nothing else.'));
}
