import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Committing, day, evidenceFile, line, startCommitting } from '../engagement.ts';

let story: Committing;
afterEach(() => story.close());

const branch = `evidence/engagement-${day}`;

/** The log of one day, with so many page views. */
function logOf(date: string, views = 1): void {
  const lines = Array.from({ length: views }, (_, nth) => line('/a', `::${nth + 1}`, `${date}T00:10:00Z`));
  writeFileSync(story.at('access.log'), lines.join(''));
}

/** What the pull request of this number changes. */
async function filesOf(number: number): Promise<string[]> {
  const { body } = await story.seed.api('GET', `/repos/${story.ops}/pulls/${number}/files`);
  return (body as { filename: string }[]).map(({ filename }) => filename).sort();
}

const pageFiles = ['evidence/engagement/README.md', 'evidence/engagement/visitors.svg'];
const [of18, of19, of20] = ['2026-11-18', '2026-11-19', day].map(
  (date) => `evidence/engagement/${date}.json`,
);

describe('an account that may only read', () => {
  beforeEach(async () => {
    story = await startCommitting({ access: 'read' });
  });

  it('proposes the evidence with its page from a fork of its own, says so first, and then has nothing to do', async () => {
    const ran = await story.commit();
    const again = await story.commit();

    expect(ran.code).toBe(0);
    expect(ran.text.split('\n')[1]).toContain(
      'bot may not push to owner/ops: the evidence goes to a pull request',
    );
    expect(await story.pulls('all')).toMatchObject([
      {
        number: 1,
        state: 'open',
        title: 'evidence: engagement of 2026-11-20',
        head: { label: branch, repo: { full_name: 'bot/ops' } },
      },
    ]);
    expect(await filesOf(1)).toEqual([of20, ...pageFiles]);
    expect(again.text).toContain('Nothing to do: pull request #1 is as it should be');
  });

  it('asks with one pull request that takes in each day until it is merged, and then with a new one', async () => {
    for (const date of ['2026-11-18', '2026-11-19', day]) {
      logOf(date);
      expect((await story.commit({ date })).code).toBe(0);
    }

    expect(await story.pulls('all')).toMatchObject([
      { number: 1, title: 'evidence: engagement of 2026-11-18' },
    ]);
    expect(await filesOf(1)).toEqual([of18, of19, of20, ...pageFiles]);
    await story.seed.mergePull(story.owner, story.ops, 1);
    for (const date of ['2026-11-18', '2026-11-19', day])
      expect(await story.textOf('evidence/engagement/README.md')).toContain(
        `| [${date}](${date}.json) | 1 | 1 |`,
      );
    expect((await story.commit()).text).toContain('Nothing to do');
    logOf('2026-11-21');
    expect((await story.commit({ date: '2026-11-21' })).code).toBe(0);
    expect(await story.pulls()).toMatchObject([{ number: 2, title: 'evidence: engagement of 2026-11-21' }]);
    expect(await filesOf(2)).toEqual(['evidence/engagement/2026-11-21.json', ...pageFiles]);
  });

  it('takes a close for an answer about every day that was asked for, and asks for the next one', async () => {
    for (const date of ['2026-11-18', '2026-11-19']) {
      logOf(date);
      await story.commit({ date });
    }
    await story.seed.api('PATCH', `/repos/${story.ops}/pulls/1`, { state: 'closed' });

    const held = await story.commit({ date: '2026-11-19' });
    logOf(day);
    const next = await story.commit();

    expect(held.text).toContain('pull request #1 was closed without being merged');
    expect(held.text.split('\n').at(-1)).toBe(
      'Nothing to do. What a person should know is marked with ! above.',
    );
    expect(next.code).toBe(0);
    expect(await story.pulls()).toMatchObject([{ number: 2, title: 'evidence: engagement of 2026-11-20' }]);
    expect(await filesOf(2)).toEqual([of20, ...pageFiles]);
  });

  it('never replaces the evidence of a whole day in its pull request by less of it', async () => {
    logOf('2026-11-18', 2);
    await story.commit({ date: '2026-11-18' });
    logOf('2026-11-19', 2);
    await story.commit({ date: '2026-11-19' });
    logOf('2026-11-19', 1);

    expect(await story.commit({ date: '2026-11-19' })).toMatchObject({
      code: 1,
      text: expect.stringContaining('is on record with 2 requests of a whole day'),
    });
  });

  it('says that a day can be observed whose evidence waits in its pull request', async () => {
    const missing = await story.commit({ mode: 'verify-observable' });
    await story.commit();
    const waiting = await story.commit({ mode: 'verify-observable' });

    expect(missing).toMatchObject({ code: 1, text: expect.stringContaining('is missing') });
    expect(waiting).toMatchObject({
      code: 0,
      text: expect.stringContaining('observable: evidence of 1 day'),
    });
  });

  it('with `direct` is red, and says what to do', async () => {
    expect(await story.commit({ commit: 'direct' })).toMatchObject({
      code: 1,
      text: expect.stringContaining('commit: auto'),
    });
  });

  it('four runs at once leave one pull request', async () => {
    const ran = await Promise.all(Array.from({ length: 4 }, () => story.commit()));

    expect(ran.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(await story.pulls('all')).toHaveLength(1);
  });
});

describe('committing', () => {
  beforeEach(async () => {
    story = await startCommitting();
  });

  it('of a whole day is never replaced by less of it: the log was rotated since', async () => {
    writeFileSync(story.at('access.log'), line('/a', '::1') + line('/b', '::2'));
    await story.commit();
    const whole = await story.textOf(evidenceFile);
    writeFileSync(story.at('access.log'), line('/c', '::1', '2026-11-21T00:10:00Z'));

    const rotated = await story.commit();
    const { body } = await story.seed.api('GET', `/repos/${story.ops}/contents/${evidenceFile}`);
    const { sha } = body as { sha: string };
    await story.seed.api('DELETE', `/repos/${story.ops}/contents/${evidenceFile}`, {
      sha,
      message: 'count it anew',
    });
    const anew = await story.commit();

    expect(rotated).toMatchObject({
      code: 1,
      text: expect.stringContaining('is on record with 2 requests of a whole day, and the log holds 0'),
    });
    expect(whole).toContain('"total_requests": 2');
    expect(anew.code).toBe(0);
    expect(JSON.parse((await story.textOf(evidenceFile)) ?? '')).toMatchObject({ total_requests: 0 });
  });

  it('that is not over is replaced by whatever is counted later', async () => {
    writeFileSync(
      story.at('access.log'),
      line('/a', '::1', '2026-11-21T00:10:00Z') + line('/b', '::1', '2026-11-21T00:20:00Z'),
    );
    await story.commit({ date: '2026-11-21' });
    writeFileSync(story.at('access.log'), line('/b', '::1', '2026-11-21T00:20:00Z'));

    expect(await story.commit({ date: '2026-11-21' })).toMatchObject({
      code: 0,
      text: expect.stringContaining('1 commit made'),
    });
  });

  it('goes to the ops branch once, as one commit with its page, and is repaired when somebody changed it', async () => {
    expect(await story.commit()).toMatchObject({ code: 0, text: expect.stringContaining('1 commit made') });
    const before = (await story.seed.api('GET', `/repos/${story.ops}/commits?limit=50`)).body as unknown[];
    expect(before).toHaveLength(2);
    expect(await story.commit()).toMatchObject({ code: 0, text: expect.stringContaining('Nothing to do') });
    await story.seed.putFile(story.owner, story.ops, evidenceFile, '{}');
    expect(await story.commit()).toMatchObject({ code: 0, text: expect.stringContaining('1 commit made') });

    expect(JSON.parse((await story.textOf(evidenceFile)) ?? '')).toMatchObject({ page_views: 1 });
    expect(await story.textOf('evidence/engagement/README.md')).toContain(
      '| [2026-11-20](2026-11-20.json) | 1 | 1 |',
    );
    expect(await story.textOf('evidence/engagement/visitors.svg')).toContain('1 page view, 1 visitor');
  });

  it('keeps the page of the last days, whatever stands in a file among them', async () => {
    await story.seed.putFile(story.owner, story.ops, 'evidence/engagement/2026-11-18.json', 'not json');
    await story.run({ source: 'access.log', 'evidence-file': 'old.json', date: '2026-11-19' });
    await story.seed.putFile(
      story.owner,
      story.ops,
      'evidence/engagement/2026-11-19.json',
      readFileSync(story.at('old.json'), 'utf8'),
    );

    await story.commit();

    const days = ((await story.textOf('evidence/engagement/README.md')) ?? '')
      .split('\n')
      .filter((row) => row.startsWith('| [2026'));
    expect(days.map((row) => row.slice(0, 40))).toEqual([
      '| [2026-11-20](2026-11-20.json) | 1 | 1 ',
      '| [2026-11-19](2026-11-19.json) | 0 | 0 ',
      '| [2026-11-18](2026-11-18.json) | could ',
    ]);
  });

  it('shows nothing of a visitor as markup on the page', async () => {
    writeFileSync(story.at('access.log'), line('/<img src=x onerror=1>|[a](http://evil)/`@owner`#1', '::1'));

    await story.commit();

    const page = (await story.textOf('evidence/engagement/README.md')) ?? '';
    expect(page).toContain('| `/<img src=x onerror=1>¦[a](http://evil)/´@owner´` (1) |');
    expect(page.split('`')).toHaveLength(3);
  });

  it('on a protected main opens one pull request for the day, keeps it up to date, and says so first', async () => {
    await story.protect();

    const first = await story.commit();
    const again = await story.commit();
    writeFileSync(story.at('access.log'), line('/a', '::1') + line('/b', '::2'));
    const updated = await story.commit();

    expect(first.code).toBe(0);
    expect(first.text.split('\n')[1]).toContain('main of owner/ops is protected');
    expect(first.text).toContain('evidence/engagement/ is not exempt: the evidence goes to a pull request');
    expect(again.text).toContain('Nothing to do: pull request #1 is as it should be');
    expect(again.text.split('\n')[1]).toContain('goes to a pull request');
    expect(updated.code).toBe(0);
    expect(await story.pulls('all')).toMatchObject([
      { number: 1, state: 'open', title: 'evidence: engagement of 2026-11-20', head: { ref: branch } },
    ]);
    expect(JSON.parse((await story.textOf(evidenceFile, branch)) ?? '')).toMatchObject({ page_views: 2 });
    const { body } = await story.seed.api('GET', `/repos/${story.ops}/pulls/1/files`);
    expect((body as { filename: string }[]).map(({ filename }) => filename).sort()).toEqual([
      evidenceFile,
      'evidence/engagement/README.md',
      'evidence/engagement/visitors.svg',
    ]);
    expect(await story.textOf('evidence/engagement/README.md', branch)).toContain(
      '| [2026-11-20](2026-11-20.json) | 2 | 2 |',
    );
    expect(await story.textOf('evidence/engagement/visitors.svg', branch)).toContain('2 page views');
    expect(await story.textOf(evidenceFile)).toBeUndefined();
  });

  it('on a protected main goes on with the pull request that is open, whichever day it is of', async () => {
    await story.protect();
    await story.commit();
    logOf('2026-11-19');
    const later = await story.commit({ date: '2026-11-19' });

    expect(later.code).toBe(0);
    expect(await story.pulls('all')).toHaveLength(1);
    expect(await filesOf(1)).toEqual([of19, of20, ...pageFiles]);
  });

  it('leaves the page of a second pull request to the first, where an older forgecrew opened one for each day', async () => {
    await story.protect();
    await story.commit();
    await story.seed.putFile(story.bot, story.ops, of19 ?? '', '{}', {
      from: 'main',
      name: 'evidence/engagement-2026-11-19',
    });
    await story.seed.openPull(story.bot, story.ops, {
      head: 'evidence/engagement-2026-11-19',
      base: 'main',
      title: 'evidence: engagement of 2026-11-19',
    });
    logOf('2026-11-19');

    const ran = await story.commit({ date: '2026-11-19' });

    expect(ran.code).toBe(0);
    expect(ran.text).toContain(
      'evidence/engagement/README.md and its chart wait: pull request #1 changes them as well',
    );
    expect(await filesOf(2)).toEqual([of19]);
    await story.seed.mergePull(story.owner, story.ops, 1);
    await story.seed.mergePull(story.owner, story.ops, 2);
    expect(await story.textOf(of19 ?? '')).toContain('"page_views": 1');
  });

  it('on a protected main adds the page to a pull request that was opened without it', async () => {
    await story.protect();
    const ran = await story.run({ source: 'access.log' });
    const evidence = `${JSON.stringify(ran.evidence, null, 2)}\n`;
    await story.seed.putFile(story.bot, story.ops, evidenceFile, evidence, { from: 'main', name: branch });
    await story.commit();

    expect(await story.pulls()).toHaveLength(1);
    expect(await story.textOf('evidence/engagement/README.md', branch)).toContain('2026-11-20');
  });

  it('on a protected main that exempts the folder commits all of it there, as one commit', async () => {
    await story.protect({ unprotected_file_patterns: 'evidence/**' });

    const ran = await story.commit();

    expect(ran.code).toBe(0);
    expect(await story.textOf(evidenceFile)).toContain('"page_views": 1');
    expect(await story.textOf('evidence/engagement/README.md')).toContain('2026-11-20');
    expect((await story.seed.api('GET', `/repos/${story.ops}/commits?limit=50`)).body).toHaveLength(2);
    expect(await story.pulls('all')).toEqual([]);
    expect(await story.commit()).toMatchObject({ code: 0, text: expect.stringContaining('Nothing to do') });
  });

  it('where only the evidence itself is exempt, the page is left out, which is said', async () => {
    await story.protect({ unprotected_file_patterns: 'evidence/engagement/*.json' });

    const ran = await story.commit();

    expect(ran.code).toBe(0);
    expect(await story.textOf(evidenceFile)).toContain('"page_views": 1');
    expect(await story.textOf('evidence/engagement/README.md')).toBeUndefined();
    expect(ran.text).toContain('evidence/engagement/README.md and its chart are left as they are');
    expect(ran.text).toContain('exempt evidence/engagement/** as a whole');
    expect(await story.pulls('all')).toEqual([]);
  });

  it('with `direct` a protected main is red, and says what to do', async () => {
    await story.protect();

    const ran = await story.commit({ commit: 'direct' });

    expect(ran.code).toBe(1);
    expect(ran.text).toContain('user cannot commit to repo');
    expect(ran.text).toContain('The branch is protected');
    expect(ran.text).toContain('open a pull request instead');
  });

  it('with `pull` opens a pull request even where it could commit, and goes on after a crash between the two', async () => {
    await story.seed.putFile(story.bot, story.ops, evidenceFile, '{}', { from: 'main', name: branch });

    const ran = await story.commit({ commit: 'pull' });

    expect(ran.code).toBe(0);
    expect(ran.text.split('\n')[1]).toContain('The evidence goes to a pull request into main');
    expect(await story.pulls()).toHaveLength(1);
    expect(JSON.parse((await story.textOf(evidenceFile, branch)) ?? '')).toMatchObject({ page_views: 1 });
  });

  it('leaves a pull request alone that somebody closed, and says so', async () => {
    await story.commit({ commit: 'pull' });
    await story.seed.api('PATCH', `/repos/${story.ops}/pulls/1`, { state: 'closed' });
    writeFileSync(story.at('access.log'), line('/a', '::1') + line('/b', '::2'));

    const ran = await story.commit({ commit: 'pull' });

    expect(ran.code).toBe(0);
    expect(ran.text).toContain('pull request #1 was closed without being merged');
    expect(await story.pulls('all')).toHaveLength(1);
  });

  it('opens another one when the first was merged and there is newer evidence', async () => {
    await story.commit({ commit: 'pull' });
    await story.seed.mergePull(story.owner, story.ops, 1);
    expect(await story.commit({ commit: 'pull' })).toMatchObject({
      code: 0,
      text: expect.stringContaining('Nothing to do'),
    });
    writeFileSync(story.at('access.log'), line('/a', '::1') + line('/b', '::2'));

    expect((await story.commit({ commit: 'pull' })).code).toBe(0);

    expect(await story.pulls()).toMatchObject([{ number: 2 }]);
    expect(JSON.parse((await story.textOf(evidenceFile, branch)) ?? '')).toMatchObject({ page_views: 2 });
  });

  it('eight runs at once leave one commit of the evidence, and one pull request where it takes one', async () => {
    const direct = await Promise.all(Array.from({ length: 8 }, () => story.commit()));
    expect(direct.map(({ code }) => code)).toEqual(Array.from({ length: 8 }, () => 0));
    expect(await story.textOf(evidenceFile)).toContain('"page_views": 1');
    await story.protect();
    writeFileSync(story.at('access.log'), line('/a', '::1') + line('/b', '::2'));

    const proposed = await Promise.all(Array.from({ length: 8 }, () => story.commit()));

    expect(proposed.map(({ code }) => code)).toEqual(Array.from({ length: 8 }, () => 0));
    expect(await story.pulls('all')).toHaveLength(1);
  });

  it('on a pull request only says what it would count, without any token', async () => {
    const ran = await story.start({
      CI: 'woodpecker',
      CI_WORKSPACE: story.at(''),
      CI_FORGE_URL: story.forge.url,
      CI_REPO: story.ops,
      CI_PIPELINE_EVENT: 'pull_request',
      PLUGIN_SOURCE: 'access.log',
    });

    expect(ran.code).toBe(0);
    expect(ran.text).toContain('1 page view by 1 visitor); on a pull request nothing is written');
  });

  it('without what it needs says so, before the log is read', async () => {
    expect(await story.run({ source: 'access.log', commit: 'direct' })).toMatchObject({
      code: 1,
      text: expect.stringContaining('forge-url, forge-token, ops-repo: missing. commit: direct needs it'),
    });
  });

  it('with the automatic token refuses before any work', async () => {
    const ran = await story.start({
      GITHUB_ACTIONS: 'true',
      GITHUB_SERVER_URL: story.forge.url,
      GITHUB_REPOSITORY: story.ops,
      GITHUB_TOKEN: 'automatic-token-of-this-run',
      GITHUB_WORKSPACE: story.at(''),
      'INPUT_FORGE-TOKEN': 'automatic-token-of-this-run',
      INPUT_SOURCE: 'access.log',
    });

    expect(ran.code).toBe(1);
    expect(ran.text).toContain('is the automatic Actions token');
    expect(story.forge.requests.filter(({ path: asked }) => asked.includes('contents'))).toEqual([]);
  });
});
