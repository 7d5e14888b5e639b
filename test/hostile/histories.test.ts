import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Event, event, oracle } from '../histories.ts';
import { fuzzRuns } from '../thorough.ts';
import { startVault, type Vault } from '../vault.ts';

// Whole histories through the embedded forge, its API and git: what the role starts is what the oracle allows.

const histories = fuzzRuns(0.06);

const actionWith = (bytes: number): string =>
  `formula = "backup"\ncontext = "why"\nsecrets = ["BACKUP_KEY"]\ntimeout_minutes = ${bytes + 1}\n[inputs]\ntarget = "db"\n`;
const path = 'vault/actions/backup-1.toml';

/** Only what can happen on a forge: an owner stays one, and main has the file once it is merged. */
function possible(events: Event[]): Event[] {
  let merged = false;
  return events.filter((item) => {
    if (item.do === 'merge') {
      const first = !merged;
      merged = true;
      return first;
    }
    if (item.do === 'reopen' || (item.do === 'rights' && item.who === 'owner')) return false;
    return item.do === 'edit' ? merged : true;
  });
}

async function play(vault: Vault, events: Event[]): Promise<void> {
  const { seed, ops, owner } = vault;
  const people: Record<string, string> = {
    owner: owner.token,
    ada: vault.ada.token,
    asker: vault.asker.token,
  };
  for (const login of ['bob', 'reader', 'robot']) {
    const person = await seed.createUser(login, ['write:repository', 'read:user']);
    people[login] = person.token;
    if (login !== 'reader') await seed.addCollaborator(owner, ops, login, 'write');
  }
  await seed.addCollaborator(owner, ops, 'ada', 'admin');
  const pull = await vault.ask('backup-1', actionWith(0));
  const commits: string[] = [];
  async function headOf(branch: string): Promise<string> {
    const { body } = await seed.api('GET', `/repos/${ops}/branches/${branch}`);
    return (body as { commit: { id: string } }).commit.id;
  }
  async function put(branch: string, bytes: number): Promise<void> {
    const { body } = await seed.api('GET', `/repos/${ops}/contents/${path}?ref=${branch}`);
    const { status } = await seed.api('PUT', `/repos/${ops}/contents/${path}`, {
      branch,
      message: 'change',
      sha: (body as { sha: string }).sha,
      content: Buffer.from(actionWith(bytes)).toString('base64'),
    });
    expect(status).toBe(200);
  }
  commits.push(await headOf('vault/backup-1'));
  let merged = false;
  for (const item of events) {
    if (item.do === 'rights') {
      if (item.level === 'none') await seed.api('DELETE', `/repos/${ops}/collaborators/${item.who}`);
      else await seed.addCollaborator(owner, ops, item.who, item.level);
    } else if (item.do === 'edit') await put('main', item.bytes);
    else if (merged) continue;
    else if (item.do === 'push') {
      await put('vault/backup-1', item.bytes);
      commits.push(await headOf('vault/backup-1'));
    } else if (item.do === 'review') {
      await seed.api(
        'POST',
        `/repos/${ops}/pulls/${pull}/reviews`,
        { event: item.verdict, body: 'x', commit_id: commits.at(-1 - Math.min(item.of, commits.length - 1)) },
        people[item.who],
      );
    } else if (item.do === 'dismiss') {
      const { body } = await seed.api('GET', `/repos/${ops}/pulls/${pull}/reviews`);
      const found = (body as { id: number }[])[item.nth];
      if (found !== undefined)
        await seed.api('POST', `/repos/${ops}/pulls/${pull}/reviews/${found.id}/dismissals`, {
          message: 'x',
        });
    } else if (item.do === 'merge') {
      await seed.mergePull(owner, ops, pull);
      merged = true;
    }
  }
}

it(`over ${histories} random histories on a forge, what runs is what was approved`, async () => {
  let started = 0;
  await fc.assert(
    fc.asyncProperty(
      // A merge is added at the end: without one there is nothing to decide.
      fc
        .array(event, { minLength: 2, maxLength: 12 })
        .map((events) => possible([...events, { do: 'merge' }])),
      fc.integer({ min: 1, max: 2 }),
      async (events, needed) => {
        const vault = await startVault(`[tiers]\nbackup = "medium"\n[rules.medium]\napprovals = ${needed}\n`);
        try {
          await play(vault, events);
          await vault.run({ PLUGIN_BOTS: 'robot' });
          const runs = await vault.runs();
          started += runs.length;
          expect(runs.length).toBe(oracle(events, needed) ? 1 : 0);
        } finally {
          await vault.close();
        }
      },
    ),
    {
      numRuns: histories,
      examples: [
        [possible([{ do: 'review', who: 'bob', verdict: 'APPROVED', of: 0 }, { do: 'merge' }]), 1],
        [
          possible([
            { do: 'review', who: 'bob', verdict: 'APPROVED', of: 0 },
            { do: 'push', bytes: 2 },
            { do: 'merge' },
          ]),
          1,
        ],
      ],
    },
  );
  expect(started).toBeGreaterThan(0);
});
