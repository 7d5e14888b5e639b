import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { possibleIsolation } from '../../../core/agent/cell/possible-isolation.ts';
import type { Person } from '../../../embedded-forge/seed.ts';
import { type AgentRig, startAgents } from '../../agent.ts';

// Labels of an organisation are none of its repositories' own lists, and the forge filters issues by none of them.

let rig: AgentRig;
let crew: Person;
const project = 'acme/project';
beforeEach(async () => {
  rig = await startAgents();
  crew = await rig.seed.createUser('org-crew', [
    'write:repository',
    'write:issue',
    'write:user',
    'read:organization',
  ]);
  await must('POST', '/orgs', { username: 'acme' });
  await must('POST', '/orgs/acme/repos', { name: 'project', auto_init: true, default_branch: 'main' });
  await rig.seed.addCollaborator(rig.owner, project, rig.ada.login, 'write');
  for (const { login } of [crew, rig.worker])
    await rig.seed.addCollaborator(rig.owner, project, login, 'write');
  await rig.seed.addCollaborator(rig.owner, rig.ops, crew.login, 'read');
  await rig.seed.putFile(
    rig.owner,
    rig.ops,
    'agents/builder.toml',
    `enabled = true\nengine = "command"\ncommand = ["node", "-e", "require('node:child_process').execFileSync('forge', ['signal-done', 'needs_person', '--summary', 'Which one?'])"]\nrepositories = ["${project}"]\nprompt = "Do it."\n`,
  );
});
afterEach(() => rig.close());

async function must<T>(method: string, where: string, body?: unknown): Promise<T> {
  const answer = await rig.seed.api(method, where, body, rig.owner.token);
  if (answer.status > 299) throw new Error(`${method} ${where}: ${answer.status}`);
  return answer.body as T;
}

async function ask(label: number): Promise<number> {
  const number = await rig.seed.createIssue(rig.ada, project, { title: 'Write a poem' });
  const { status } = await rig.seed.api(
    'POST',
    `/repos/${project}/issues/${number}/labels`,
    { labels: [label] },
    rig.ada.token,
  );
  if (status !== 200) throw new Error(`label: ${status}`);
  return number;
}

const labelOf = async (where: string, name: string): Promise<number> =>
  (await must<{ id: number }>('POST', `${where}/labels`, { name, color: '#112233' })).id;

const asCrew = (): Record<string, string> => ({
  PLUGIN_FORGE_TOKEN: crew.token,
  PLUGIN_FORGE_LOGIN: crew.login,
});

const { best } = await possibleIsolation({ first: 70_000, count: 256 });

describe.skipIf(best === 'none')("a label of the repository's organisation", () => {
  it('gives an issue to an agent, and is put on issues where it is the one that is wanted', async () => {
    const label = await labelOf('/orgs/acme', 'crew:builder');
    const blocked = await labelOf('/orgs/acme', 'blocked');
    await rig.seed.createIssue(rig.ada, project, { title: 'Without a label' });
    const issue = await ask(label);

    const { code, text } = await rig.run(asCrew());

    expect({ code, text }).toMatchObject({ code: 0 });
    const { labels } = await must<{ labels: { id: number; name: string }[] }>(
      'GET',
      `/repos/${project}/issues/${issue}`,
    );
    expect(labels.find(({ name }) => name === 'blocked')).toMatchObject({ id: blocked });
    const own = await must<{ name: string }[]>('GET', `/repos/${project}/labels`);
    expect(own.map(({ name }) => name)).not.toContain('blocked');
  });
});

describe('the labels of an organisation', () => {
  it('give an issue to an agent beside a label of the same name that the repository has itself', async () => {
    const own = await labelOf(`/repos/${project}`, 'crew:builder');
    const shared = await labelOf('/orgs/acme', 'crew:builder');
    await rig.run(asCrew());
    const issues = [await ask(own), await ask(shared)];

    const { text } = await rig.run({ ...asCrew(), PLUGIN_DRY_RUN: 'true' });
    await rig.seed.closeIssue(rig.owner, project, issues[0] ?? 0);
    const { text: then } = await rig.run({ ...asCrew(), PLUGIN_DRY_RUN: 'true' });

    expect(text).toContain(`${project}#${issues[0]} is given to builder by ada`);
    expect(then).toContain(`${project}#${issues[1]} is given to builder by ada`);
  });

  it('give an issue to an agent also where the repository has all that the role knows of its own', async () => {
    for (const name of ['crew:builder', 'in-progress', 'blocked', 'underspecified'])
      await labelOf(`/repos/${project}`, name);
    await rig.run(asCrew());
    const issue = await ask(await labelOf('/orgs/acme', 'crew:builder'));

    const { text } = await rig.run({ ...asCrew(), PLUGIN_DRY_RUN: 'true' });

    expect(text).toContain(`${project}#${issue} is given to builder by ada`);
  });

  it('that the token may not list are said to be so, where a label is missing', async () => {
    await rig.run();
    await ask(await labelOf('/orgs/acme', 'crew:builder'));

    const { code, text } = await rig.run({ PLUGIN_DRY_RUN: 'true' });

    expect(code).toBe(0);
    expect(text).toContain(
      `${project} has no label crew:builder of its own, by which an issue would be given to an agent`,
    );
    expect(text).toContain('give forge-token the scope read:organization');
  });
});
