import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { protect } from '../../cli/protect/role.ts';
import { runCommand } from '../command.ts';
import { entries, type Ran, type Story, sprintDocument, startStory } from '../story.ts';

// An account that may write issues, and only read code: what a team of an organisation can have, and what is recommended.

let story: Story;
const project = 'crew/project';
beforeEach(async () => {
  story = await startStory();
  const { api } = story.seed;
  const made = async (method: string, path: string, body?: unknown): Promise<{ id: number }> => {
    const answer = await api(method, path, body, story.owner.token);
    if (answer.status > 299)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as { id: number };
  };
  await made('POST', '/orgs', { username: 'crew' });
  for (const name of ['project', 'ops'])
    await made('POST', '/orgs/crew/repos', { name, auto_init: true, default_branch: 'main', private: true });
  const team = await made('POST', '/orgs/crew/teams', {
    name: 'filers',
    permission: 'read',
    includes_all_repositories: false,
    units_map: { 'repo.code': 'read', 'repo.issues': 'write', 'repo.pulls': 'read' },
  });
  await made('PUT', `/teams/${team.id}/members/filer`);
  for (const name of ['project', 'ops']) await made('PUT', `/teams/${team.id}/repos/crew/${name}`);
  for (const name of ['vision', 'in-progress', 'backlog'])
    await story.seed.createLabel(story.owner, project, name);
  const vision = await story.seed.createIssue(story.owner, project, { title: 'A goal', labels: [] });
  const labels = (await api('GET', `/repos/${project}/labels`, undefined, story.owner.token)).body as {
    id: number;
    name: string;
  }[];
  await made('POST', `/repos/${project}/issues/${vision}/labels`, {
    labels: labels.filter(({ name }) => name === 'vision').map(({ id }) => id),
  });
});
afterEach(() => story.close());

/** As the team's member, with the scopes that the role asks for and no more. */
const run = (): Promise<Ran> => story.run({ PLUGIN_PROJECT_REPO: project });
const issues = async (): Promise<
  { number: number; title: string; state: string; labels: { name: string }[] }[]
> =>
  (
    await story.seed.api(
      'GET',
      `/repos/${project}/issues?state=all&type=issues&sort=oldest`,
      undefined,
      story.owner.token,
    )
  ).body as { number: number; title: string; state: string; labels: { name: string }[] }[];

describe('ops-filer with an account that may write issues and nothing else', () => {
  it('files with labels and dependencies, once, and closes the vision when all are closed', async () => {
    story.document('x.md', sprintDocument(1, entries('b: a', 'a')));

    const first = await run();
    const second = await run();
    for (const { number } of (await issues())
      .filter(({ number }) => number > 1)
      .sort((one, other) => one.number - other.number))
      await story.seed.closeIssue(story.owner, project, number);
    const last = await run();

    expect([first.code, second.code, last.code]).toEqual([0, 0, 0]);
    expect(second.report?.outcome).toBe('unchanged');
    expect((await issues()).map(({ title, state }) => `${title} ${state}`).sort()).toEqual([
      'A goal closed',
      'Title of a closed',
      'Title of b closed',
    ]);
    for (const { title, labels } of await issues())
      expect(labels.map(({ name }) => name)).toEqual(title === 'A goal' ? ['vision'] : ['backlog']);
    const dependencies = await story.seed.api(
      'GET',
      `/repos/${project}/issues/3/dependencies`,
      undefined,
      story.owner.token,
    );
    expect(dependencies.body).toMatchObject([{ number: 2 }]);
  });
});

describe('forgecrew protect', () => {
  const look = (bots: string): Promise<{ code: number; text: string }> =>
    runCommand(protect, story.owner.token, {
      'forge-url': story.forge.url,
      'ops-repo': 'crew/ops',
      dispatcher: 'dispatcher',
      gatekeeper: 'gatekeeper',
      bots,
    });

  it('tells who may only write issues from who can push', async () => {
    const { text } = await look('');

    expect(text).toContain('who can push branches, and so read the secrets of its CI: owner\n');
    expect(text).toContain(
      'who can label, close and comment there, and neither push nor read secrets: filer\n',
    );
  });

  it('says of an agent that can push that it needs less', async () => {
    await story.seed.addCollaborator(story.owner, 'crew/ops', 'filer', 'write');

    const { text } = await look('filer');

    expect(text).toContain('posture: open, because filer can push.');
    expect(text).toContain('a team with issues on write and code on read');
    expect(text).not.toContain('who can label, close');
  });

  it('takes agents from the crew file as from --bots', async () => {
    await story.seed.addCollaborator(story.owner, 'crew/ops', 'filer', 'write');
    await story.seed.putFile(story.owner, 'crew/ops', 'forgecrew.toml', 'bots = ["filer"]\n');

    const { text } = await look('');

    expect(text).toContain('posture: open, because filer can push.');
  });
});
