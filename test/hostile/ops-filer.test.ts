import { symlinkSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { idleAmong, mostCalls } from '../../scripts/bench/growth-filing.ts';
import { startFaultProxy } from '../faults/proxy.ts';
import { entries, filerScopes, type Story, sprintDocument, startStory } from '../story.ts';

let story: Story;
beforeEach(async () => {
  story = await startStory();
});
afterEach(async () => {
  await story.close();
});

/** Issues that were filed: all but the vision, and what a test made itself. */
async function filed(): Promise<string[]> {
  return (await story.issues())
    .filter(({ author }) => author === 'filer')
    .map(({ number, title, state }) => `#${number} ${title} ${state}`);
}

function writes(calls: string[]): string[] {
  return calls.filter((call) => !call.startsWith('GET'));
}

describe('filing', () => {
  it('files entries in dependency order with labels, numbers, dependencies, digest and marker, once', async () => {
    story.document('x.md', sprintDocument(story.vision, entries('b: a', 'a')));

    const first = await story.run();
    const second = await story.run();

    const [vision, a, b] = await story.issues();
    expect(first.code).toBe(0);
    expect(vision?.labels).toEqual(['in-progress', 'vision']);
    expect(a).toMatchObject({ title: 'Title of a', labels: ['backlog'], author: 'filer' });
    expect(a?.body).toMatch(
      /^What a is about\.\n\n<!-- filed: sha256:[0-9a-f]{64} -->\n<!-- decomposed-from: #1, sprint: x, id: a -->$/,
    );
    expect(b?.body).toMatch(
      /^What b is about\.\n\n## Depends on\n- #2\n\n<!-- filed: sha256:[0-9a-f]{64} -->\n<!-- decomposed-from: #1, sprint: x, id: b -->$/,
    );
    expect((await story.seed.api('GET', `/repos/${story.project}/issues/3/dependencies`)).body).toMatchObject(
      [{ number: 2 }],
    );
    expect(second).toMatchObject({ code: 0, report: { outcome: 'unchanged' } });
    expect(writes(second.calls)).toEqual([]);
    expect(second.lines).toHaveLength(3);
  });

  it('reads the documents through the API where there is no checkout', async () => {
    await story.seed.putFile(
      story.owner,
      story.ops,
      'sprints/x.md',
      sprintDocument(story.vision, entries('a')),
    );

    const ran = await story.run({ CI_REPO: story.project, PLUGIN_OPS_REPO: story.ops });

    expect(ran.code).toBe(0);
    expect(await filed()).toEqual(['#2 Title of a open']);
  });

  it('does not cost more calls through the API for what is finished, but for documents and issues in bulk', async () => {
    const [few, many] = [await idleAmong(3), await idleAmong(60)];

    for (const growth of [few, many]) {
      expect(growth.code).toBe(0);
      expect(growth.calls.filter((call) => !call.startsWith('GET'))).toEqual([]);
      expect(growth.calls.length).toBeLessThanOrEqual(mostCalls(growth));
    }
    // Its only dependency is on a closed issue, and keeps nothing open.
    expect(many.calls.filter((call) => call.endsWith('/dependencies'))).toEqual([]);
    // One more for the second 45 documents, one for the second 50 issues.
    expect(many.calls.length - few.calls.length).toBe(2);
  });

  it('reads at most seven times when there is nothing to do, for one document or many', async () => {
    await story.seed.api('PATCH', `/repos/${story.project}`, {
      internal_tracker: { enable_issue_dependencies: false },
    });
    for (let index = 0; index < 10; index += 1)
      story.document(`d${index}.md`, sprintDocument(story.vision, entries(`a${index}`)));
    await story.run();

    const again = await story.run();

    // One of them asks whether the role is paused.
    expect(again.calls).toHaveLength(7);
    expect(writes(again.calls)).toEqual([]);
  });

  it('of eight entries takes seventeen calls among five hundred strangers’ issues', async () => {
    await story.seed.api('PATCH', `/repos/${story.project}`, {
      internal_tracker: { enable_issue_dependencies: false },
    });
    for (let index = 0; index < 500; index += 1)
      await story.seed.createIssue(story.owner, story.project, { title: `other ${index}` });
    story.document('x.md', sprintDocument(story.vision, entries('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h')));

    const ran = await story.run();

    // Whether it is paused, five reads, the head of the ops repo, one label, eight issues, and one look at what was filed.
    expect(ran.calls).toHaveLength(17);
  });

  it('writes nothing in a dry run, and says what it would do', async () => {
    story.document('x.md', sprintDocument(story.vision, entries('a')));

    const ran = await story.run({ PLUGIN_DRY_RUN: 'true' });

    expect(ran).toMatchObject({ code: 0, report: { outcome: 'planned' } });
    expect(ran.text).toContain('1 issue to label, 1 issue to create (dry run)');
    expect(writes(ran.calls)).toEqual([]);
  });
});

describe('lists that cannot be believed', () => {
  it.each([7, 30])('are read whole from a server that caps pages at %i', async (max) => {
    await story.close();
    story = await startStory({ paging: { max } });
    story.document(
      'x.md',
      sprintDocument(story.vision, entries(...Array.from({ length: 40 }, (_, index) => `e${index}`))),
    );
    await story.run();

    const again = await story.run();

    expect(again.report?.outcome).toBe('unchanged');
    expect(await filed()).toHaveLength(40);
  });
});

describe('several runs at the same moment', () => {
  it.each([2, 8])(
    '%i of them leave exactly one open issue per entry, and close the others with a link',
    async (count) => {
      story.document('x.md', sprintDocument(story.vision, entries('a', 'b: a', 'c: b')));

      const ran = await Promise.all(Array.from({ length: count }, () => story.run()));
      const last = await story.run();

      const issues = (await story.issues()).filter(({ author }) => author === 'filer');
      const open = issues.filter(({ state }) => state === 'open');
      expect(open.map(({ title }) => title).sort()).toEqual(['Title of a', 'Title of b', 'Title of c']);
      for (const extra of issues.filter(({ state }) => state === 'closed'))
        expect((await story.comments(extra.number)).join()).toMatch(/Duplicate of #\d+/);
      const b = open.find(({ title }) => title === 'Title of b');
      const a = open.find(({ title }) => title === 'Title of a');
      expect(b?.body).toContain(`## Depends on\n- #${a?.number}\n`);
      expect(last).toMatchObject({ code: 0 });
      expect(ran.every(({ code }) => code === 0)).toBe(true);
    },
  );
});

describe('strangers', () => {
  it('with a copied marker change nothing: the entry is filed all the same', async () => {
    const stranger = await story.seed.createUser('stranger', ['write:issue']);
    await story.seed.createIssue(stranger, story.project, {
      title: 'mine',
      body: '<!-- decomposed-from: #1, sprint: x, id: a -->',
    });
    story.document('x.md', sprintDocument(story.vision, entries('a')));

    await story.run();

    expect(await filed()).toEqual(['#3 Title of a open']);
  });
});

describe('closing visions', () => {
  it('closes a vision when all its entries are closed, comment first, and names the rejected', async () => {
    await story.seed.createLabel(story.owner, story.project, 'wontfix');
    story.document('x.md', sprintDocument(story.vision, entries('a', 'b')));
    await story.run();
    await story.seed.api('POST', `/repos/${story.project}/issues/3/labels`, { labels: ['wontfix'] });
    for (const number of [2, 3]) await story.seed.closeIssue(story.owner, story.project, number);

    const ran = await story.run();
    const again = await story.run();

    const [vision] = await story.issues();
    expect(ran.code).toBe(0);
    expect(vision).toMatchObject({ state: 'closed', labels: ['vision'] });
    expect(await story.comments(story.vision)).toEqual([
      expect.stringMatching(/Done:\n\n- #2 Title of a\n\nClosed without being done:\n\n- #3 Title of b/),
    ]);
    expect(writes(ran.calls).map((call) => call.split(' ').slice(0, 2).join(' '))).toEqual([
      `POST /repos/${story.project}/issues/1/comments`,
      expect.stringContaining('DELETE'),
      `PATCH /repos/${story.project}/issues/1`,
    ]);
    expect(writes(again.calls)).toEqual([]);
  });

  it('of #1 does not touch #12, and the other way round', async () => {
    for (let index = 2; index < 12; index += 1)
      await story.seed.createIssue(story.owner, story.project, { title: 'other' });
    const twelve = await story.seed.createIssue(story.owner, story.project, {
      title: 'Twelve',
      labels: [story.labels.vision ?? 0],
    });
    story.document('one.md', sprintDocument(story.vision, entries('a')));
    story.document('twelve.md', sprintDocument(twelve, entries('a')));
    await story.run();
    await story.seed.closeIssue(story.owner, story.project, 13);

    await story.run();

    const states = Object.fromEntries((await story.issues()).map(({ number, state }) => [number, state]));
    expect([states[1], states[12]]).toEqual(['closed', 'open']);
  });

  it('does not believe a stranger’s closed issue with a marker, nor three of five', async () => {
    const stranger = await story.seed.createUser('stranger', ['write:issue']);
    story.document('x.md', sprintDocument(story.vision, entries('a', 'b', 'c')));
    await story.run();
    for (const number of [2, 3]) await story.seed.closeIssue(story.owner, story.project, number);
    const copy = await story.seed.createIssue(stranger, story.project, {
      title: 'c',
      body: '<!-- decomposed-from: #1, sprint: x, id: c -->',
    });
    await story.seed.closeIssue(stranger, story.project, copy);

    await story.run();

    expect((await story.issues())[0]?.state).toBe('open');
  });

  it('leaves a vision open that somebody reopened', async () => {
    story.document('x.md', sprintDocument(story.vision, entries('a')));
    await story.run();
    await story.seed.closeIssue(story.owner, story.project, 2);
    await story.run();
    await story.seed.api('PATCH', `/repos/${story.project}/issues/1`, { state: 'open' });

    const ran = await story.run();

    expect((await story.issues())[0]?.state).toBe('open');
    expect(ran.text).toContain('somebody reopened it after we closed it');
    expect(ran.code).toBe(0);
  });

  it('waits while another document that may be about the same vision has faults', async () => {
    story.document('x.md', sprintDocument(story.vision, entries('a')));
    await story.run();
    await story.seed.closeIssue(story.owner, story.project, 2);
    story.document('y.md', sprintDocument(story.vision, '- id: z'));

    const ran = await story.run();

    expect(ran.code).toBe(1);
    expect((await story.issues())[0]?.state).toBe('open');
  });
});

describe('labels', () => {
  it('on page two, and an organisation’s, are found', async () => {
    for (let index = 0; index < 60; index += 1)
      await story.seed.createLabel(story.owner, story.project, `l${index}`);
    story.document('x.md', sprintDocument(story.vision, entries('a').replace('backlog', 'l59')));

    await story.run();

    expect((await story.issues())[1]?.labels).toEqual(['l59']);
  });

  it('that are missing are a refusal before the first write', async () => {
    story.document('x.md', sprintDocument(story.vision, entries('a', 'b').replace('backlog', 'nope')));

    const ran = await story.run();

    expect(ran).toMatchObject({ code: 1, report: { outcome: 'refused' } });
    expect(ran.text).toContain(
      'sprints/x.md:9:3: entry a: no label "nope"; there are: "backlog", "in-progress", "vision"',
    );
    expect(writes(ran.calls)).toEqual([]);
  });

  it('that are missing are created where that is wanted, once by two runs', async () => {
    story.document('x.md', sprintDocument(story.vision, entries('a').replace('backlog', 'new-one')));

    await Promise.all([
      story.run({ PLUGIN_CREATE_MISSING_LABELS: 'true' }),
      story.run({ PLUGIN_CREATE_MISSING_LABELS: 'true' }),
    ]);

    const { body } = await story.seed.api('GET', `/repos/${story.project}/labels`);
    expect((body as { name: string }[]).filter(({ name }) => name === 'new-one')).toHaveLength(1);
  });

  it('that the account may not set stop the run before anything is filed', async () => {
    await story.seed.addCollaborator(story.owner, story.project, 'filer', 'read');
    story.document('x.md', sprintDocument(story.vision, entries('a', 'b')));

    const ran = await story.run();

    expect(ran.code).toBe(1);
    expect(await filed()).toEqual([]);
    expect(ran.text).toContain(`Give the token's account write access to ${story.project}`);
  });

  it('that are dropped in silence stop the run after the first issue', async () => {
    await story.seed.api('POST', `/repos/${story.project}/issues/1/labels`, { labels: ['in-progress'] });
    await story.seed.addCollaborator(story.owner, story.project, 'filer', 'read');
    story.document('x.md', sprintDocument(story.vision, entries('a', 'b')));

    const ran = await story.run();

    expect(ran.code).toBe(1);
    expect(await filed()).toHaveLength(1);
    expect(ran.text).toContain('#2 was created without "backlog"');
  });
});

describe('documents that change', () => {
  it('are followed only where wanted, and never over somebody’s edit', async () => {
    story.document('x.md', sprintDocument(story.vision, entries('a', 'b')));
    await story.run();
    await story.seed.api('PATCH', `/repos/${story.project}/issues/3`, {
      body: `${(await story.issues())[2]?.body.replace('about', 'really about')}`,
    });
    story.document('x.md', sprintDocument(story.vision, entries('a', 'b').replaceAll('What', 'All that')));

    const kept = await story.run();
    const updated = await story.run({ PLUGIN_ON_EDIT: 'update' });
    const again = await story.run({ PLUGIN_ON_EDIT: 'update' });

    expect(kept).toMatchObject({ code: 0, report: { outcome: 'unchanged' } });
    expect(kept.text).toContain('#2 is not as sprints/x.md:9 has it');
    expect(kept.text).toContain('#3 was edited on the forge');
    const [, a, b] = await story.issues();
    expect(a?.body).toContain('All that a is about.');
    expect(b?.body).toContain('What b is really about.');
    expect(updated.code).toBe(0);
    expect(writes(again.calls)).toEqual([]);
  });

  it('are not followed by an old checkout, which still files what is new', async () => {
    story.document('x.md', sprintDocument(story.vision, entries('a')));
    await story.run();
    story.document('x.md', sprintDocument(story.vision, entries('a', 'b').replaceAll('What', 'All that')));

    const ran = await story.run({
      PLUGIN_ON_EDIT: 'update',
      CI_COMMIT_SHA: '0123456789012345678901234567890123456789',
    });

    const [, a, b] = await story.issues();
    expect(a?.body).toContain('What a');
    expect(b?.body).toContain('All that b');
    expect(ran.code).toBe(0);
  });

  it('are only validated on a pull request and on another branch', async () => {
    story.document('x.md', sprintDocument(story.vision, entries('a')));

    const pull = await story.run({
      CI_PIPELINE_EVENT: 'pull_request',
      PLUGIN_FORGE_TOKEN: '',
      PLUGIN_FORGE_LOGIN: '',
    });
    const branch = await story.run({ CI_COMMIT_BRANCH: 'topic' });

    expect(pull).toMatchObject({ code: 0, calls: [] });
    expect(pull.text).toContain(
      '1 entry for vision #1, valid; not filed, because a pull request is not merged yet',
    );
    expect(branch.text).toContain('not filed, because the branch topic is not main');
    expect(await filed()).toEqual([]);
  });
});

describe('a pipeline of a tag or a release', () => {
  it.each<[string, Record<string, string>]>([
    ['of a tag on Woodpecker', { CI_PIPELINE_EVENT: 'tag', CI_COMMIT_BRANCH: '' }],
    ['of a release that names main', { CI_PIPELINE_EVENT: 'release', CI_COMMIT_BRANCH: 'main' }],
    [
      'of a tag on Forgejo',
      { CI: 'true', GITHUB_ACTIONS: 'true', GITHUB_REF: 'refs/tags/v1', GITHUB_EVENT_NAME: 'push' },
    ],
  ])('%s files nothing from a commit that is not the head of main', async (_, environment) => {
    story.document('x.md', sprintDocument(story.vision, entries('a')));
    const never = '0123456789012345678901234567890123456789';
    const forgejo = {
      GITHUB_SERVER_URL: story.forge.url,
      GITHUB_REPOSITORY: story.ops,
      GITHUB_WORKSPACE: story.workspace,
      'INPUT_FORGE-TOKEN': story.filer.token,
      'INPUT_FORGE-LOGIN': 'filer',
      'INPUT_PROJECT-REPO': story.project,
      'INPUT_OPS-BRANCH': 'main',
    };

    const ran = await story.run({
      ...forgejo,
      ...environment,
      CI_COMMIT_SHA: never,
      GITHUB_SHA: never,
    });

    expect(ran.text).toContain('not filed, because this pipeline is of no branch');
    expect(ran.code).toBe(0);
    expect(await filed()).toEqual([]);
  });

  it('files where the tag is on the head of main', async () => {
    story.document('x.md', sprintDocument(story.vision, entries('a')));

    await story.run({ CI_PIPELINE_EVENT: 'tag', CI_COMMIT_BRANCH: '' });

    expect(await filed()).toEqual(['#2 Title of a open']);
  });
});

describe('a pull request without a checkout', () => {
  const faulty = (text: string): string => text.replace('title:', 'titel:');

  it('is read through the API at its own commit, without a token, and nothing is written', async () => {
    const text = sprintDocument(story.vision, entries('a'));
    await story.seed.putFile(story.owner, story.ops, 'sprints/x.md', text);
    const commit = await story.seed.putFile(story.owner, story.ops, 'sprints/x.md', faulty(text), {
      from: 'main',
      name: 'topic',
    });

    const ran = await story.run({
      CI_PIPELINE_EVENT: 'pull_request',
      CI_COMMIT_SHA: commit,
      CI_WORKSPACE: path.join(story.workspace, 'nothing'),
      PLUGIN_FORGE_TOKEN: '',
      PLUGIN_FORGE_LOGIN: '',
      PLUGIN_RESULT_FILE: '',
    });

    expect(ran.code).toBe(1);
    expect(ran.text).toContain('sprints/x.md:10:3: unknown field "titel"');
    expect(writes(ran.calls)).toEqual([]);
  });

  it('says what to do where the forge does not show its commit', async () => {
    const ran = await story.run({
      CI_PIPELINE_EVENT: 'pull_request',
      CI_COMMIT_SHA: '0123456789012345678901234567890123456789',
      CI_WORKSPACE: path.join(story.workspace, 'nothing'),
      PLUGIN_RESULT_FILE: '',
    });

    expect(ran.code).toBe(1);
    expect(ran.text).toContain("the forge does not have the pull request's commit yet");
    expect(ran.text).toContain('Let this step run where the pull request was cloned');
  });
});

describe('labels that exclude each other', () => {
  const exclusive = async (...names: string[]): Promise<number[]> => {
    const ids: number[] = [];
    for (const name of names) {
      const { body } = await story.seed.api(
        'POST',
        `/repos/${story.project}/labels`,
        { name, color: '#336699', exclusive: true },
        story.owner.token,
      );
      ids.push((body as { id: number }).id);
    }
    return ids;
  };

  it('on one entry are a fault at its place, before anything is written', async () => {
    await exclusive('prio/high', 'prio/low');
    story.document(
      'x.md',
      sprintDocument(story.vision, entries('a').replace('[backlog]', '[prio/high, prio/low]')),
    );

    const ran = await story.run();

    expect(ran.code).toBe(1);
    expect(ran.text).toContain(
      'sprints/x.md:9:3: entry a: the labels "prio/high" and "prio/low" exclude each other',
    );
    expect(writes(ran.calls)).toEqual([]);
  });

  it('as vision and in progress are refused: the vision would no longer be one', async () => {
    const [vision = 0] = await exclusive('state/vision', 'state/doing');
    await story.seed.api(
      'PUT',
      `/repos/${story.project}/issues/${story.vision}/labels`,
      { labels: [vision] },
      story.owner.token,
    );
    story.document('x.md', sprintDocument(story.vision, entries('a')));

    const ran = await story.run({
      PLUGIN_VISION_LABEL: 'state/vision',
      PLUGIN_IN_PROGRESS_LABEL: 'state/doing',
    });

    expect(ran.code).toBe(1);
    expect(ran.text).toContain('the labels "state/vision" and "state/doing" exclude each other');
    expect(writes(ran.calls)).toEqual([]);
  });

  it('and one that comes off the vision is said', async () => {
    const [ready = 0] = await exclusive('state/ready', 'state/doing');
    await story.seed.api(
      'POST',
      `/repos/${story.project}/issues/${story.vision}/labels`,
      { labels: [ready] },
      story.owner.token,
    );
    story.document('x.md', sprintDocument(story.vision, entries('a')));

    const ran = await story.run({ PLUGIN_IN_PROGRESS_LABEL: 'state/doing' });

    expect(ran.text).toContain('it excludes "state/ready", which comes off');
    expect((await story.issues())[0]?.labels).toEqual(['state/doing', 'vision']);
  });
});

describe('whose token it is', () => {
  it('is asked, and a token of somebody else is refused', async () => {
    story.document('x.md', sprintDocument(story.vision, entries('a')));

    const ran = await story.run({ PLUGIN_FORGE_TOKEN: story.owner.token });

    expect(ran.code).toBe(1);
    expect(ran.text).toContain('forge-token belongs to owner, but forge-login says filer.');
    expect(writes(ran.calls)).toEqual([]);
  });

  it('missing is a refusal that names every missing setting', async () => {
    const ran = await story.run({ PLUGIN_FORGE_TOKEN: '', PLUGIN_PROJECT_REPO: '' });

    expect(ran).toMatchObject({ code: 1, calls: [] });
    expect(ran.text).toContain('2 settings are not right');
  });

  it('unknown to the forge is one sentence, without the token', async () => {
    const ran = await story.run({ PLUGIN_FORGE_TOKEN: '0123456789abcdef0123456789abcdef01234567' });

    expect(ran.text).toContain('The forge does not know the token: create a new one for the account');
    expect(ran.text).not.toContain('0123456789abcdef');
  });

  it.each(filerScopes)('without the scope %s says which one is missing', async (missing) => {
    const basic = `Basic ${Buffer.from(`filer:${story.filer.password}`).toString('base64')}`;
    const response = await fetch(`${story.forge.url}/api/v1/users/filer/tokens`, {
      method: 'POST',
      headers: { authorization: basic },
      body: JSON.stringify({ name: missing, scopes: filerScopes.filter((scope) => scope !== missing) }),
    });
    const { sha1 } = (await response.json()) as { sha1: string };
    story.document('x.md', sprintDocument(story.vision, entries('a')));

    const ran = await story.run({ PLUGIN_FORGE_TOKEN: sha1 });

    expect(ran.code).toBe(1);
    expect(ran.text).toContain(`Create a token that also has the scope ${missing}`);
  });
});

describe('secrets', () => {
  it('in a document are a fault with its place, and never reach the forge or the log', async () => {
    const inside = Buffer.from(`x${story.filer.token}`).toString('base64');
    story.document('x.md', sprintDocument(story.vision, entries('a').replace('What', `${inside} What`)));
    story.document('y.md', sprintDocument(story.vision, entries('b')));

    const ran = await story.run();

    expect(ran.code).toBe(1);
    expect(ran.text).toMatch(/sprints\/x\.md:14:\d+: a secret that this run knows stands here/);
    expect(await filed()).toEqual(['#2 Title of b open']);
    expect(JSON.stringify(story.forge.requests)).not.toContain(inside.slice(2, -4));
    expect(ran.text + JSON.stringify(ran.report)).not.toContain(story.filer.token);
  });
});

describe('what a document could do to a log', () => {
  it('is shown, not done', async () => {
    story.document(
      'x.md',
      sprintDocument(
        story.vision,
        '- id: a\n  title: "::set-output name=x::y \u202e evil"\n  labels: [backlog]\n  body: x',
      ),
    );

    const ran = await story.run();

    expect(ran.text).toContain('"::set-output name=x::y \\u{202e} evil"');
    expect(ran.lines.some((line) => line.startsWith('::'))).toBe(false);
  });
});

describe('names of Node’s own', () => {
  it('are ordinary ids', async () => {
    story.document('x.md', sprintDocument(story.vision, entries('constructor', 'toString: constructor')));

    expect((await story.run()).code).toBe(0);
    expect((await story.run()).report?.outcome).toBe('unchanged');
    expect(await filed()).toHaveLength(2);
  });
});

describe('repositories that only look empty', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['issues are switched off', { has_issues: false }, 'Issues are switched off in owner/project.'],
    ['the repository is archived', { archived: true }, 'owner/project is archived'],
  ])('are refused when %s', async (_, change, message) => {
    await story.seed.api('PATCH', `/repos/${story.project}`, change);
    story.document('x.md', sprintDocument(story.vision, entries('a')));

    const ran = await story.run();

    expect(ran.code).toBe(1);
    expect(ran.text).toContain(message);
    expect(writes(ran.calls)).toEqual([]);
  });

  it('are refused when they cannot be seen', async () => {
    const ran = await story.run({ PLUGIN_PROJECT_REPO: 'owner/nothing' });

    expect(ran.text).toContain('Check that owner/nothing is right');
  });
});

describe('a 500 that means "exists already"', () => {
  it('is told apart by reading again, also for a circle that a person made', async () => {
    story.document('x.md', sprintDocument(story.vision, entries('a', 'b: a')));
    await story.seed.api('PATCH', `/repos/${story.project}`, {
      internal_tracker: { enable_issue_dependencies: false },
    });
    await story.run();
    await story.seed.api('PATCH', `/repos/${story.project}`, {
      internal_tracker: { enable_issue_dependencies: true },
    });
    await story.seed.api('POST', `/repos/${story.project}/issues/2/dependencies`, {
      index: 3,
      owner: 'owner',
      repo: 'project',
    });

    const ran = await story.run();

    expect(ran.code).toBe(1);
    expect(ran.text).toContain(
      '#3 cannot depend on #2: the forge refused it, probably because #2 already depends on #3.',
    );
  });
});

describe('the automatic Actions token', () => {
  it('is refused in one sentence, before any work', async () => {
    const ran = await story.run({
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_TOKEN: 'automatic-token-1',
      GITHUB_SERVER_URL: story.forge.url,
      'INPUT_FORGE-TOKEN': 'automatic-token-1',
      'INPUT_FORGE-LOGIN': 'filer',
      'INPUT_PROJECT-REPO': story.project,
    });

    expect(ran).toMatchObject({ code: 1, calls: [] });
    expect(ran.text).toContain('forge-token is the automatic Actions token');
    expect(ran.text).toContain('write:issue');
  });
});

describe('a checkout', () => {
  it('with a symbolic link among its documents is refused, so that no file of the machine is published', async () => {
    symlinkSync('/etc/hostname', path.join(story.workspace, 'sprints', 'x.md'));

    const ran = await story.run();

    expect(ran.code).toBe(1);
    expect(ran.text).toContain('sprints/x.md is a symbolic link');
  });

  it('without the folder is refused, because unread is not empty', async () => {
    const ran = await story.run({ PLUGIN_SPRINTS: 'nowhere', CI_REPO: '' });

    expect(ran.code).toBe(1);
    expect(ran.text).toContain('There is no folder nowhere in the checkout');
  });
});

describe('former identities', () => {
  it('count as ours, so that a new account files nothing twice', async () => {
    story.document('x.md', sprintDocument(story.vision, entries('a')));
    await story.run();
    const second = await story.seed.createUser('filer2', filerScopes);
    await story.seed.addCollaborator(story.owner, story.project, 'filer2', 'write');

    const ran = await story.run({
      PLUGIN_FORGE_TOKEN: second.token,
      PLUGIN_FORGE_LOGIN: 'filer2',
      PLUGIN_FORMER_IDENTITIES: 'filer',
    });

    expect(ran.report?.outcome).toBe('unchanged');
  });

  it('that the forge does not know are named, not mistaken for a missing repository', async () => {
    const ran = await story.run({ PLUGIN_FORMER_IDENTITIES: 'nobody-here' });

    expect(ran.code).toBe(1);
    expect(ran.text).toContain('The forge does not know nobody-here, whom former-identities names');
  });
});

describe('a write that is answered with something that nobody can read', () => {
  it.each([
    ['a web page', '<html><title>Sign in</title></html>', 'text/html'],
    ['other data', { what: 1 }, 'application/json'],
  ])('(%s) is told as unknown, and the next run finds out by reading', async (_, body, type) => {
    story.document('x.md', sprintDocument(story.vision, entries('a')));
    for (const isDone of [true, false]) {
      const proxy = await startFaultProxy(story.forge.url, undefined, (__, request) =>
        request === `POST /api/v1/repos/${story.project}/issues`
          ? { status: 201, body, headers: { 'content-type': type }, isDone }
          : undefined,
      );
      if (!isDone) story.document('y.md', sprintDocument(story.vision, entries('b')));

      const ran = await story.run({ CI_FORGE_URL: proxy.url });
      await proxy.close();

      expect(ran.code).toBe(1);
      expect(ran.text).toContain('unknown: ');
      expect(ran.text).toContain('whether it happened is unknown');
      expect(ran.text).not.toContain('defect');
      const [result] = ran.report?.rounds.at(-1)?.results.filter(({ status }) => status === 'unknown') ?? [];
      expect(result).toBeDefined();
      if (isDone) expect(await filed()).toEqual(['#2 Title of a open']);
      await story.run();
    }
    expect(await filed()).toEqual(['#2 Title of a open', '#3 Title of b open']);
  });
});
