import { afterEach, describe, expect, it } from 'vitest';
import { startTrees, type Trees, today } from '../../trees.ts';

let trees: Trees;
afterEach(() => trees.close());

const tree = `# Prerequisite Tree
<!-- Last updated: 2026-04-15 -->

## Objective: First
- [ ] One (#1 — backlog)
- [x] Two (#2 — closed)
Status: READY

## Objective: Second — waits
- [ ] Three (#3 — backlog, depends on #1)
Status: BLOCKED — a person wrote this

## --- FIRST MILESTONE: IN PROGRESS ---
`;

const after = `# Prerequisite Tree
<!-- Last updated: ${today} -->

## Objective: First
- [x] One (#1 — closed)
- [x] Two (#2 — closed)
Status: DONE

## Objective: Second — waits
- [ ] Three (#3 — backlog)
Status: READY — a person wrote this

## --- FIRST MILESTONE: IN PROGRESS ---
`;

describe('a run of prerequisites', () => {
  it('commits what differs, names what became free, and then has nothing to do', async () => {
    trees = await startTrees();
    await trees.issues(['closed', 'backlog'], ['closed'], ['backlog']);
    await trees.write(tree);

    const first = await trees.run();
    const second = await trees.run();

    expect(first.lines.join('\n')).toContain('"Second — waits" became free.');
    expect(first.code).toBe(0);
    expect(await trees.textOf()).toBe(after);
    expect(second.lines.at(-1)).toContain('Nothing to do');
    expect(second.calls.filter((call) => !call.startsWith('GET'))).toEqual([]);
  });

  it('leaves open, and lists, what was closed without being done', async () => {
    trees = await startTrees();
    await trees.issues(['closed', 'wontfix']);
    const text = '## Objective: One\n- [ ] a (#1)\nStatus: READY\n';
    await trees.write(text);

    const { lines } = await trees.run();

    expect(await trees.textOf()).toBe(text);
    expect(lines.join('\n')).toContain('#1 was closed without being done');
  });

  it('prints the plan and changes nothing in a dry run', async () => {
    trees = await startTrees();
    await trees.issues(['closed', 'backlog'], ['closed'], ['backlog']);
    await trees.write(tree);

    const { code, lines, calls } = await trees.run({ PLUGIN_DRY_RUN: 'true' });

    expect(code).toBe(0);
    expect(lines.join('\n')).toContain('line 5: is done');
    expect(calls.filter((call) => !call.startsWith('GET'))).toEqual([]);
    expect(await trees.textOf()).toBe(tree);
  });

  it('keeps one pull request where main is protected, with what the document says made harmless', async () => {
    trees = await startTrees();
    await trees.issues(['closed'], ['backlog']);
    await trees.write(
      '## Objective: <img src=x> @owner closes #2\n- [ ] b\n- [ ] a (#2 — backlog, depends on #1)\nStatus: BLOCKED\n',
    );
    await trees.protect();

    const first = await trees.run();
    const second = await trees.run();

    const { body } = await trees.seed.api('GET', `/repos/${trees.ops}/pulls?state=all`);
    const [pull] = body as { title: string; body: string; state: string }[];
    expect(first.code).toBe(0);
    expect(body).toHaveLength(1);
    expect(/(?<!\\)<img|@owner|#2/.test(pull?.body ?? '')).toBe(false);
    expect(pull?.body).toContain('Became free:');
    expect(second.code).toBe(0);
  });

  it('does not propose again what somebody turned down, and proposes what is different', async () => {
    trees = await startTrees({ access: 'read' });
    await trees.issues(['closed'], ['backlog']);
    await trees.write('## Objective: One\n- [ ] a (#1)\n- [ ] b (#2)\nStatus: READY\n');
    await trees.run();
    await trees.seed.api('PATCH', `/repos/${trees.ops}/pulls/1`, { state: 'closed' });

    await trees.run();
    const { body: still } = await trees.seed.api('GET', `/repos/${trees.ops}/pulls?state=all`);
    await trees.seed.closeIssue(trees.owner, trees.project, 2);
    await trees.run();
    const { body: again } = await trees.seed.api('GET', `/repos/${trees.ops}/pulls?state=all`);

    expect(still).toHaveLength(1);
    expect(again).toHaveLength(2);
  });

  it('asks as little among many pull requests of ours that are closed as among few', async () => {
    const asked = async (finished: number): Promise<string[]> => {
      trees = await startTrees({ access: 'read' });
      await trees.turnedDown(Array.from({ length: finished }, (_, nth) => `other/${nth}`));
      await trees.issues(['closed'], ['backlog']);
      await trees.write('## Objective: One\n- [ ] a (#1)\n- [ ] b (#2)\nStatus: READY\n');
      await trees.run();
      const { code, calls } = await trees.run();
      expect(code).toBe(0);
      expect(calls.filter((call) => !call.startsWith('GET'))).toEqual([]);
      return calls;
    };

    const few = await asked(2);
    await trees.close();
    const many = await asked(120);

    expect(many).toHaveLength(few.length);
  });

  it('takes away the branch of a pull request that is too old to be listed before it proposes again', async () => {
    trees = await startTrees({ access: 'read' });
    const others = Array.from({ length: 55 }, (_, nth) => `other/${nth}`);
    await trees.turnedDown(['prerequisites/update', ...others]);
    await trees.issues(['closed'], ['backlog']);
    await trees.write('## Objective: One\n- [ ] a (#1)\n- [ ] b (#2)\nStatus: READY\n');

    const { code, calls } = await trees.run();

    expect(code).toBe(0);
    expect(calls.filter((call) => !call.startsWith('GET'))).toEqual([
      'DELETE /repos/keeper/ops/branches/prerequisites/update 204',
      'POST /repos/keeper/ops/sync_fork/main 204',
      'PUT /repos/keeper/ops/contents/prerequisites.md 200',
      'POST /repos/owner/ops/pulls 201',
    ]);
  });
});
