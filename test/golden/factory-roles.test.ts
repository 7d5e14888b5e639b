import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { type Boards, startBoards } from '../boards.ts';
import { compiledFile, story } from '../compiled.ts';
import { day, type Processes, processFile, startProcesses } from '../processes.ts';
import { startTrees, type Trees } from '../trees.ts';

let running: Trees | Processes | Boards | undefined;
afterEach(() => running?.close());

const tree = `# Prerequisite Tree
<!-- Last updated: 2026-04-15 -->

## Objective: First — it starts
- [ ] One (#1 — backlog)
- [x] Two (#2 — closed)
Status: READY

## Objective: Second — it stays up
- [ ] Three (#3 — backlog, depends on #1)
- [ ] Four, in another/repo#4
Status: BLOCKED

## --- FIRST MILESTONE: IN PROGRESS ---
`;

/** What differs from run to run is named instead. */
function steady(text: string): string {
  return text
    .replace(/\b[0-9a-f]{40}\b/g, '<id>')
    .replace(/Last updated: \d{4}-\d{2}-\d{2}/g, 'Last updated: <today>')
    .replace(/\bis \d+ hours ahead of the forge's/g, "is <hours> ahead of the forge's")
    .replace(/127\.0\.0\.1:\d+/g, '<forge>');
}

describe.skipIf(!existsSync(compiledFile('prerequisites')))('the compiled prerequisites', () => {
  it('commits what the forge says, then has nothing to do', async () => {
    const trees = await startTrees();
    running = trees;
    await trees.issues(['closed'], ['closed'], ['backlog']);
    await trees.write(tree);

    const first = await trees.runCompiled();
    const second = await trees.runCompiled();

    expect(
      steady([story(first), story(second), 'the document:', await trees.textOf()].join('\n')),
    ).toMatchSnapshot();
  });

  it('keeps one pull request from a fork, where its account may only read', async () => {
    const trees = await startTrees({ access: 'read' });
    running = trees;
    await trees.issues(['closed'], ['closed'], ['backlog']);
    await trees.write(tree);

    const first = await trees.runCompiled();
    const second = await trees.runCompiled();
    const { body } = await trees.seed.api('GET', `/repos/${trees.ops}/pulls?state=all`);
    const [pull] = body as { title: string; body: string }[];

    expect(
      steady([story(first), story(second), 'the pull request:', pull?.title, pull?.body].join('\n')).replace(
        /sha256:[0-9a-f]{64}/,
        'sha256:<digest>',
      ),
    ).toMatchSnapshot();
  });
});

describe.skipIf(!existsSync(compiledFile('collect-process-metrics')))(
  'the compiled collect-process-metrics',
  () => {
    it('commits the evidence of a day with its page and its chart, then has nothing to do', async () => {
      const processes = await startProcesses();
      running = processes;
      const { seed, owner, other, project } = processes;
      processes.at('2026-01-18T10:00:00Z');
      const issue = await seed.createIssue(owner, project, { title: 'a thing' });
      processes.at('2026-01-19T10:00:00Z');
      const pull = await processes.pull(owner, 'do it', `Closes #${issue}`);
      processes.at(`${day}T08:00:00Z`);
      await processes.review(other, pull, 'APPROVED');
      processes.at(`${day}T10:00:00Z`);
      await seed.mergePull(owner, project, pull);
      await seed.closeIssue(owner, project, issue);
      processes.at('2026-01-21T01:25:00Z');

      const first = await processes.runCompiled();
      const second = await processes.runCompiled();

      expect(
        steady(
          [
            story(first),
            story(second),
            'the evidence:',
            await processes.textOf(processFile),
            'the page:',
            await processes.textOf('evidence/process/README.md'),
            'the chart:',
            await processes.textOf('evidence/process/days.svg'),
          ].join('\n'),
        ),
      ).toMatchSnapshot();
    });
  },
);

describe.skipIf(!existsSync(compiledFile('dashboard')))('the compiled dashboard', () => {
  it('makes its issue and its page, then has nothing to do', async () => {
    const boards = await startBoards();
    running = boards;
    const vision = await boards.vision('People can log in');
    const done = await boards.part(vision, 'a');
    await boards.part(vision, 'b');
    await boards.seed.closeIssue(boards.owner, boards.project, done);
    await boards.put(
      'vault/pending/key.md',
      '# Give the bot a key\n\nWaiting since 2026-04-08.\n\n## Human action\n1. Press the button\n',
    );
    await boards.put(
      'prerequisites.md',
      '## Objective: Login\n- [ ] a (#1)\nStatus: BLOCKED — waits for a key\n',
    );
    const settings = { PLUGIN_PAGE: 'true', PLUGIN_ASSIGN: 'true' };

    const first = await boards.runCompiled(settings);
    const second = await boards.runCompiled(settings);

    const [board] = await boards.boards();
    expect(
      steady(
        [
          story(first),
          story(second),
          'the issue:',
          board?.body,
          'the picture:',
          await boards.textOf('dashboard.svg'),
        ].join('\n'),
      ),
    ).toMatchSnapshot();
  });
});
