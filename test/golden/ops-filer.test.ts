import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { story as readable } from '../compiled.ts';
import { entries, type Ran, type Story, sprintDocument, startStory } from '../story.ts';

const compiled = existsSync(fileURLToPath(new URL('../../dist/ops-filer/index.js', import.meta.url)));

/** What differs from run to run is named instead. */
function told(ran: Ran): string {
  return readable({
    ...ran,
    lines: ran.lines.map((line) => line.replace(/result-\d+/, 'result')),
    calls: ran.calls.map((call) =>
      call
        .replace(/page=1&limit=50/, '…')
        .replace(/^GET \/repos\/owner\/ops\/branches\/main \d+$/, 'GET /repos/owner/ops/branches/main 200'),
    ),
  });
}

describe.skipIf(!compiled)('the compiled ops-filer', () => {
  let story: Story;
  beforeEach(async () => {
    story = await startStory();
  });
  afterEach(() => story.close());

  it('files a merged sprint, then has nothing to do, then closes the vision: as a Woodpecker plugin', async () => {
    story.document('x.md', sprintDocument(story.vision, entries('a', 'b: a')));

    const first = await story.runCompiled();
    const second = await story.runCompiled();
    for (const number of [2, 3]) await story.seed.closeIssue(story.owner, story.project, number);
    const third = await story.runCompiled();

    expect([first, second, third].map(told).join('\n')).toMatchSnapshot();
  });

  it('refuses a faulty document with its place, files the good one, and ends red', async () => {
    story.document('bad.md', sprintDocument(story.vision, '- id: z\n  tittle: Z'));
    story.document('x.md', sprintDocument(story.vision, entries('a')));

    expect(told(await story.runCompiled())).toMatchSnapshot();
  });

  it('says what it needs when it is given nothing', async () => {
    expect(
      told(
        await story.runCompiled({
          PLUGIN_FORGE_TOKEN: '',
          PLUGIN_FORGE_LOGIN: '',
          PLUGIN_PROJECT_REPO: '',
          PLUGIN_DRYRUN: 'true',
        }),
      ),
    ).toMatchSnapshot();
  });

  it('runs as a Forgejo Action: groups, masks, outputs', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-actions-'));
    const output = path.join(folder, 'output');
    writeFileSync(output, '');
    writeFileSync(
      path.join(folder, 'event.json'),
      JSON.stringify({ repository: { default_branch: 'main' } }),
    );
    story.document('x.md', sprintDocument(story.vision, entries('a')));

    const ran = await story.runCompiled({
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_EVENT_NAME: 'push',
      GITHUB_EVENT_PATH: path.join(folder, 'event.json'),
      GITHUB_OUTPUT: output,
      GITHUB_REF: 'refs/heads/main',
      GITHUB_REPOSITORY: story.ops,
      GITHUB_SERVER_URL: story.forge.url,
      GITHUB_WORKSPACE: story.workspace,
      RUNNER_TEMP: folder,
      GITHUB_TOKEN: 'automatic',
      'INPUT_FORGE-TOKEN': story.filer.token,
      'INPUT_FORGE-LOGIN': 'filer',
      'INPUT_PROJECT-REPO': story.project,
      'INPUT_RESULT-FILE': '',
    });

    expect(ran.code).toBe(0);
    // The mask command comes before everything else, and is the only place where the token stands.
    expect(ran.lines[0]).toBe(`::add-mask::${story.filer.token}`);
    expect(ran.lines.slice(1).join('\n')).not.toContain(story.filer.token);
    expect(ran.lines.filter((line) => line.startsWith('::'))).toEqual([
      `::add-mask::${story.filer.token}`,
      '::group::Plan: 1 issue to label, 1 issue to create',
      '::endgroup::',
    ]);
    const outputs = readFileSync(output, 'utf8');
    const [, , file = ''] =
      /^outcome<<(ghadelimiter_[\w-]+)\nchanged\n\1\nresult-file<<ghadelimiter_[\w-]+\n(\S+\.json)\nghadelimiter_[\w-]+\n$/.exec(
        outputs,
      ) ?? [];
    expect(path.dirname(file)).toBe(folder);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ outcome: 'changed', role: 'ops-filer' });
    // What the runner repeats below the last line of the role.
    expect(outputs.length).toBeLessThan(500);
    rmSync(folder, { recursive: true });
  });
});
