import { afterEach, describe, expect, it } from 'vitest';
import { escalationInit } from '../../cli/escalation-init/role.ts';
import { propose } from '../../cli/propose/role.ts';
import { allScopes, type Person } from '../../embedded-forge/seed.ts';
import { runCommand } from '../command.ts';
import { type Escalating, startEscalating } from '../escalating.ts';

let crew: Escalating;
afterEach(() => crew.close());

describe('forgecrew propose', () => {
  const asAgent = (more: Record<string, string> = {}): ReturnType<typeof runCommand> =>
    runCommand(propose, crew.agent.token, {
      'forge-url': crew.forge.url,
      repository: crew.project,
      issue: String(crew.issue),
      type: 'issue-create',
      payload: '{"title":"Mend the roof","body":"```\\nIt leaks.\\n```"}',
      ...more,
    });

  it('writes a comment that becomes a proposal, once, however often the pipeline runs', async () => {
    crew = await startEscalating();
    const label = await crew.seed.createLabel(crew.owner, crew.project, 'crew/claude');
    await crew.seed.api(
      'POST',
      `/repos/${crew.project}/issues/${crew.issue}/labels`,
      { labels: [label] },
      crew.ada.token,
    );

    const first = await asAgent();
    const second = await asAgent();
    await crew.run();

    expect([first.code, second.code]).toEqual([0, 0]);
    expect(second.text).toContain('it is proposed on #1 already');
    const shown = await crew.proposals();
    expect(shown).toHaveLength(1);
    expect(shown[0]?.body).toContain('- Title: `Mend the roof`');
    expect(shown[0]?.body).toContain('Asked for by `ada`, proposed by `agent`.');
  });

  it('of two ids makes two comments, and of two payloads as well', async () => {
    crew = await startEscalating();

    for (const more of [{ id: '1' }, { id: '2' }, { id: '2' }, { payload: '{"title":"x"}' }, {}])
      await asAgent(more as Record<string, string>);

    const blocks = (await crew.comments()).filter(({ body }) => body.includes('forgecrew-proposal'));
    expect(blocks).toHaveLength(4);
  });

  it('refuses what no proposal can be, and writes nothing', async () => {
    crew = await startEscalating();

    const { code, text } = await asAgent({ payload: '{"title":"a","title":"b"}' });

    expect(code).toBe(1);
    expect(text).toContain('the key "title" stands twice in one object');
    expect(await crew.comments()).toEqual([]);
  });
});

describe('forgecrew escalation-init', () => {
  const init = (by: Person, repository: string): ReturnType<typeof runCommand> =>
    runCommand(escalationInit, by.token, { 'forge-url': crew.forge.url, 'record-repo': repository });
  const settingsOf = async (repository: string): Promise<unknown> =>
    (await crew.seed.api('GET', `/repos/${repository}`)).body;

  it('makes a private repository without CI that the role works with, and is done when it is there', async () => {
    crew = await startEscalating();
    const maker = await crew.seed.createUser('maker', allScopes);

    const first = await init(maker, 'maker/records');
    const second = await init(maker, 'maker/records');

    expect([first.code, second.code]).toEqual([0, 0]);
    expect(await settingsOf('maker/records')).toMatchObject({ private: true, has_actions: false });
    expect(second.text).toContain('maker/records is private and without Actions');
    await crew.seed.addCollaborator(crew.owner, crew.project, 'maker', 'write');
    await crew.seed.addCollaborator(crew.owner, crew.ops, 'maker', 'read');
    const { code } = await crew.run('', {
      PLUGIN_FORGE_TOKEN: maker.token,
      PLUGIN_FORGE_LOGIN: 'maker',
      PLUGIN_RECORD_REPO: 'maker/records',
    });
    expect(code).toBe(0);
  });

  it('makes none that another account would own, and leaves one alone that is not as it has to be', async () => {
    crew = await startEscalating();
    await crew.seed.createRepository(crew.ada, 'open');
    await crew.seed.api('PATCH', '/repos/crew/records', { has_actions: true }, crew.crew.token);

    const others = await init(crew.crew, 'ada/records');
    const open = await init(crew.ada, 'ada/open');
    const running = await init(crew.crew, crew.records);

    expect([others.code, open.code, running.code]).toEqual([1, 1, 1]);
    expect(others.text).toContain('only the account of the role may write to its records');
    expect(open.text).toContain('is there and is not private');
    expect(running.text).toContain('has Actions switched on');
    expect(await settingsOf('ada/open')).toMatchObject({ private: false });
  });
});
