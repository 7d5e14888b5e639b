import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Event, history, oracle } from '../histories.ts';
import { fuzzRuns } from '../thorough.ts';
import { startVault, type Vault } from '../vault.ts';

// Whole histories through the embedded forge, its API and git: what the role starts is what the oracle allows.

const histories = fuzzRuns(0.06);

const actionWith = (bytes: number): string =>
  `formula = "backup"\ncontext = "why"\nsecrets = ["BACKUP_KEY"]\ntimeout_minutes = ${bytes + 1}\n[inputs]\ntarget = "db"\n`;
const path = 'vault/actions/backup-1.toml';
const formulaFile = 'vault/formulas/backup.toml';
const policyWith = (tier: string, needed: number): string =>
  `[tiers]\nbackup = "${tier}"\n[rules.medium]\napprovals = ${needed}\n[rules.high]\napprovals = ${needed}\napprovers = "admin"\n`;

/** A vault whose clock goes on by a minute with each event, and on whose forge a history can be played. */
async function startPlay(
  needed: number,
): Promise<{ vault: Vault; play(events: Event[]): Promise<void>; goOnTo(moment: Date): void }> {
  let time = Date.now();
  const vault = await startVault(policyWith('medium', needed), { now: () => new Date(time) });
  const { seed, ops, owner } = vault;
  const api = async (method: string, where: string, body?: unknown, token?: string): Promise<unknown> => {
    const answer = await seed.api(method, `/repos/${ops}${where}`, body, token);
    if (answer.status > 299)
      throw new Error(`${method} ${where}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const at = async (file: string, branch: string): Promise<{ sha: string; text: string } | undefined> => {
    const { status, body } = await seed.api('GET', `/repos/${ops}/contents/${file}?ref=${branch}`);
    if (status !== 200) return undefined;
    const { sha, content } = body as { sha: string; content: string };
    return { sha, text: Buffer.from(content, 'base64').toString('utf8') };
  };
  /** Whether there was anything to change. */
  async function put(branch: string, file: string, text: string | null): Promise<boolean> {
    const there = await at(file, branch);
    if ((there?.text ?? null) === text) return false;
    await api(text === null ? 'DELETE' : there === undefined ? 'POST' : 'PUT', `/contents/${file}`, {
      branch,
      message: 'change',
      ...(there === undefined ? {} : { sha: there.sha }),
      ...(text === null ? {} : { content: Buffer.from(text).toString('base64') }),
    });
    return true;
  }
  const headOf = async (branch: string): Promise<string> =>
    ((await api('GET', `/branches/${branch}`)) as { commit: { id: string } }).commit.id;
  /** What of main matters, before each of its commits. */
  const past: { file: string; text: string | null }[][] = [];
  const held = async (): Promise<{ file: string; text: string | null }[]> =>
    Promise.all(
      [path, formulaFile, 'vault/policy.toml'].map(async (file) => ({
        file,
        text: (await at(file, 'main'))?.text ?? null,
      })),
    );
  const formula = (await at(formulaFile, 'main'))?.text ?? '';
  let count = 0;

  async function play(events: Event[]): Promise<void> {
    const tokens: Record<string, string> = {
      owner: owner.token,
      ada: vault.ada.token,
      asker: vault.asker.token,
    };
    for (const login of ['bob', 'reader', 'robot']) {
      const person = await seed.createUser(login, ['write:repository', 'read:user']);
      tokens[login] = person.token;
      if (login !== 'reader') await seed.addCollaborator(owner, ops, login, 'write');
    }
    await seed.addCollaborator(owner, ops, 'ada', 'admin');
    await api('POST', '/branches', { new_branch_name: 'elsewhere', old_ref_name: 'main' });
    let pull = 0;
    let branch = '';
    let commits: string[] = [];
    let merged = false;
    let reviews: number[] = [];
    /** Another one, made from main as it is. */
    async function open(): Promise<boolean> {
      count += 1;
      branch = `vault/backup-1-${count}`;
      await api('POST', '/branches', { new_branch_name: branch, old_ref_name: 'main' });
      // A pull request needs something to bring, which is not always the action.
      await put(branch, `sprints/${count}.md`, 'x');
      await put(branch, path, actionWith(0));
      pull = await seed.openPull(vault.asker, ops, { head: branch, base: 'main', title: 'x', body: '' });
      commits = [await headOf(branch)];
      merged = false;
      reviews = [];
      return true;
    }
    await open();
    past.push(await held());
    for (const item of events) {
      time += 60_000;
      if (item.do === 'rights') {
        if (item.who === 'owner') continue;
        if (item.level === 'none') await seed.api('DELETE', `/repos/${ops}/collaborators/${item.who}`);
        else await seed.addCollaborator(owner, ops, item.who, item.level);
      } else if (item.do === 'edit') {
        await put('main', path, actionWith(item.bytes));
        past.push(await held());
      } else if (item.do === 'remove') {
        await put('main', path, null);
        past.push(await held());
      } else if (item.do === 'formula') {
        await put('main', formulaFile, item.version === 0 ? formula : `${formula}# changed\n`);
        past.push(await held());
      } else if (item.do === 'policy') {
        await put('main', 'vault/policy.toml', policyWith(item.tier, needed));
        past.push(await held());
      } else if (item.do === 'turn') {
        await turn(past[Math.max(0, past.length - 1 - item.back)] ?? []);
        past.push(await held());
      } else if (item.do === 'reopen') {
        if (merged) await open();
      } else if (merged) continue;
      else if (item.do === 'push') {
        if (!(await put(branch, path, actionWith(item.bytes))))
          await put(branch, `sprints/push-${time}.md`, 'x');
        commits.push(await headOf(branch));
      } else if (item.do === 'retarget') {
        await api('PATCH', `/pulls/${pull}`, { base: 'elsewhere' });
        await api('PATCH', `/pulls/${pull}`, { base: 'main' });
      } else if (item.do === 'update') {
        const { status } = await seed.api('POST', `/repos/${ops}/pulls/${pull}/update?style=merge`);
        if (status === 200) {
          const now = await headOf(branch);
          // With nothing new on main there is no new commit, and what was said holds.
          if (now === commits.at(-1)) await put(branch, `sprints/update-${time}.md`, 'x');
          commits.push(await headOf(branch));
        }
      } else if (item.do === 'pending') {
        if (item.who !== 'asker')
          await seed.api('POST', `/repos/${ops}/pulls/${pull}/reviews`, { body: 'x' }, tokens[item.who]);
      } else if (item.do === 'review') {
        if (item.who === 'asker') continue;
        const { body } = await seed.api(
          'POST',
          `/repos/${ops}/pulls/${pull}/reviews`,
          {
            event: item.verdict,
            body: 'x',
            commit_id: commits.at(-1 - Math.min(item.of, commits.length - 1)),
          },
          tokens[item.who],
        );
        reviews.push((body as { id: number }).id);
      } else if (item.do === 'dismiss') {
        const found = reviews[item.nth];
        if (found !== undefined)
          await seed.api('POST', `/repos/${ops}/pulls/${pull}/reviews/${found}/dismissals`, { message: 'x' });
      } else if (item.do === 'merge') {
        const { status } = await seed.api(
          'POST',
          `/repos/${ops}/pulls/${pull}/merge`,
          { Do: item.style },
          owner.token,
        );
        merged = status === 200;
        if (merged) past.push(await held());
      }
    }
  }

  /** Somebody's pull request, which nobody approved, gives main the files of an earlier moment. */
  async function turn(files: { file: string; text: string | null }[]): Promise<void> {
    count += 1;
    const branch = `turn-${count}`;
    await api('POST', '/branches', { new_branch_name: branch, old_ref_name: 'main' });
    await put(branch, `sprints/${count}.md`, 'x');
    for (const { file, text } of files) await put(branch, file, text);
    const number = await seed.openPull(vault.asker, ops, {
      head: branch,
      base: 'main',
      title: 'x',
      body: '',
    });
    await seed.mergePull(owner, ops, number);
  }

  return {
    vault,
    play,
    goOnTo(moment) {
      time = moment.getTime();
    },
  };
}

it(`over ${histories} random histories on a forge, what runs is what was approved`, async () => {
  let started = 0;
  await fc.assert(
    fc.asyncProperty(
      history(12),
      fc.integer({ min: 1, max: 2 }),
      fc.constantFrom(0, 6, 8),
      async (events, needed, days) => {
        const { vault, play, goOnTo } = await startPlay(needed);
        try {
          await vault.opened(() => play(events));
          const now = new Date(Date.now() + events.length * 60_000 + days * 86_400_000);
          goOnTo(now);
          await vault.run({ PLUGIN_BOTS: 'robot', PLUGIN_ACCEPT_EXPOSED_SECRETS: 'true' }, now);
          const runs = await vault.runs();
          started += runs.length;
          const possible = events.filter((item) => item.do !== 'rights' || item.who !== 'owner');
          expect(runs.length).toBe(oracle(possible, { needed, days }) ? 1 : 0);
        } finally {
          await vault.close();
        }
      },
    ),
    {
      numRuns: histories,
      examples: [
        [
          [
            { do: 'review', who: 'bob', verdict: 'APPROVED', of: 0 },
            { do: 'merge', style: 'merge' },
          ],
          1,
          0,
        ],
        [
          [
            { do: 'review', who: 'bob', verdict: 'APPROVED', of: 0 },
            { do: 'push', bytes: 2 },
            { do: 'merge', style: 'merge' },
          ],
          1,
          0,
        ],
        [
          [
            { do: 'review', who: 'bob', verdict: 'APPROVED', of: 0 },
            { do: 'merge', style: 'squash' },
            { do: 'remove' },
            { do: 'turn', back: 1 },
          ],
          1,
          0,
        ],
        [
          [
            { do: 'review', who: 'ada', verdict: 'APPROVED', of: 0 },
            { do: 'retarget' },
            { do: 'merge', style: 'merge' },
          ],
          1,
          0,
        ],
        [
          [
            { do: 'policy', tier: 'high' },
            { do: 'update' },
            { do: 'review', who: 'ada', verdict: 'APPROVED', of: 0 },
            { do: 'merge', style: 'rebase' },
            { do: 'policy', tier: 'medium' },
          ],
          1,
          6,
        ],
      ],
    },
  );
  expect(started).toBeGreaterThan(0);
});
