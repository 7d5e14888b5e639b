import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Change } from '../../../../core/change.ts';
import type { Role, State } from '../../../../core/role.ts';
import { execute } from '../../../../core/run.ts';
import { flowSettings } from '../../../../core/settings.ts';
import { openWorks, type Works } from '../../../../core/works.ts';
import { openWorkbench, programs, type Workbench } from './workbench.ts';

let bench: Workbench;
let commit = '';
beforeEach(async () => {
  bench = await openWorkbench();
  bench.write('b.txt', 'b\n');
  const taken = await bench.take();
  if (taken.kind !== 'taken') throw new Error(taken.kind);
  commit = taken.commit;
});
afterEach(() => bench.close());

const ref = 'refs/heads/crew/7-mend-it';

/** A run of a role that pushes what stands in our clone, and what came of it. */
async function run(
  over: Partial<Change<'push-commit'>> = {},
  rounds = 1,
): Promise<{ code: number; statuses: string[]; lines: string; opened: Works[] }> {
  const change: Change<'push-commit'> = {
    kind: 'push-commit',
    why: 'the agent is done',
    repository: 'crew/project',
    ref,
    commit,
    expects: null,
    from: 'work',
    ...over,
  };
  const opened: Works[] = [];
  const role: Role<typeof flowSettings, State, 'push-commit'> = {
    name: 'pusher',
    summary: '',
    settings: flowSettings,
    changes: ['push-commit'],
    needs: [{ where: 'the fork', access: 'write', scopes: ['write:repository'], why: '' }],
    rounds,
    whenPaused: () => 'ignore',
    works(options) {
      const works = openWorks(options);
      works.folders.set('work', bench.ours);
      opened.push(works);
      return works;
    },
    read: async ({ now }) => ({ now, account: { id: bench.crew.id, login: bench.crew.login } as never }),
    plan: () => [change],
  };
  const lines: string[] = [];
  const { code, report } = await execute(role, {
    environment: {
      CI: 'woodpecker',
      CI_PIPELINE_EVENT: 'cron',
      PATH: programs,
      PLUGIN_FORGE_URL: bench.forge.url,
      PLUGIN_FORGE_TOKEN: bench.crew.token,
    },
    args: [],
    workingDirectory: bench.folder,
    print: (line) => lines.push(line),
    now: () => new Date('2026-11-26T00:00:00Z'),
  });
  const statuses = (report?.rounds ?? []).flatMap(({ results }) => results.map(({ status }) => status));
  return { code, statuses, lines: lines.join('\n'), opened };
}

async function atFork(): Promise<string> {
  // Never by a call that waits: the forge answers from this very process.
  const args = ['ls-remote', '--', bench.git.urlOf('crew/project'), ref];
  return (await bench.git.run(null, { args, reach: 'forge' })).toString().slice(0, 40);
}

describe('a commit that a plan pushes', () => {
  it('is printed with the plan, arrives, and again is there already', async () => {
    const { code, statuses, lines, opened } = await run({}, 2);

    expect(code).toBe(0);
    expect(statuses).toEqual(['done', 'done']);
    expect(await atFork()).toBe(commit);
    expect(lines).toContain(`+ ${commit.slice(0, 10)} to crew/7-mend-it of crew/project`);
    expect(lines).toContain('stands at refs/heads/crew/7-mend-it of crew/project already');
    expect(opened).toHaveLength(1);
    expect(existsSync((await opened[0]?.git())?.folder ?? '')).toBe(false);
  });

  it('is left for the next look when somebody pushed first', async () => {
    const theirs = await bench.seed.putFile(bench.crew, 'crew/project', 'c.txt', 'c\n', {
      from: 'main',
      name: 'crew/7-mend-it',
    });

    const { statuses } = await run();

    expect(statuses).toEqual(['stale']);
    expect(await atFork()).toBe(theirs);
  });

  it('fails where our account may not push, with the remedy, and shows no token', async () => {
    const { code, statuses, lines } = await run({ repository: 'alice/project' });

    expect(code).toBe(1);
    expect(statuses).toEqual(['failed']);
    expect(lines).toContain('write:repository');
    expect(lines).not.toContain(bench.crew.token);
  });

  it('is of a repository that this run has', async () => {
    const { code, lines } = await run({ from: 'elsewhere' });

    expect(code).toBe(1);
    expect(lines).toContain('elsewhere is no repository on this machine');
  });
});
