// How many calls vault-dispatch makes where many actions are finished: idle while five runs go on, while it starts one and five,
// and a look at five open requests.
import { claimsBranch, recordsBranch } from '../../core/vault/record.ts';
import { actionText, startVault, type Vault } from '../../test/vault.ts';
import type { Row } from './measure.ts';

const open = 5;

export interface VaultGrowth {
  /** Nothing is asked for and nothing runs. */
  resting: string[];
  reviewing: string[];
  starting: string[];
  following: string[];
}

/** An ops repo with so many finished actions, and what runs ask there from the first look at some requests to their runs. */
export async function vaultAmong(finished: number, open: number): Promise<VaultGrowth> {
  const vault = await startVault(undefined, { latencyMs: 0 });
  try {
    // As docs/vault.md sets it up: the role's account is no admin, and an admin's token is asked what only admins may see.
    await vault.seed.addCollaborator(vault.owner, vault.ops, vault.dispatcher.login, 'write');
    await finish(vault, finished);
    const resting = await quietly(vault, {});
    const ids = Array.from({ length: open }, (_, nth) => `open-${nth}`);
    const pulls: number[] = [];
    for (const id of ids) pulls.push(await vault.ask(id));
    await quietly(vault, { PLUGIN_MODE: 'review' });
    const reviewing = await quietly(vault, { PLUGIN_MODE: 'review' });
    for (const pull of pulls) await vault.approve(vault.ada, pull);
    for (const pull of pulls) await vault.seed.mergePull(vault.owner, vault.ops, pull);
    const starting = await quietly(vault, {});
    const started = (await vault.runs()).length;
    if (started !== open) throw new Error(`${started} runs were started, not ${open}`);
    return { resting, reviewing, starting, following: await quietly(vault, {}) };
  } finally {
    await vault.close();
  }
}

async function quietly(vault: Vault, overrides: Record<string, string>): Promise<string[]> {
  const { code, text, calls } = await vault.run({ PLUGIN_AUDIT_TOKEN: vault.owner.token, ...overrides });
  if (code !== 0) throw new Error(`a measured run failed:\n${text}`);
  return calls;
}

/** Actions with their records, as they stand when their runs have ended; of all these only the names are read. */
async function finish(vault: Vault, count: number): Promise<void> {
  const { seed, ops, owner, dispatcher, gatekeeper } = vault;
  const ids = Array.from({ length: count }, (_, nth) => `done-${nth}`);
  const commit = async (
    token: string,
    branch: string,
    files: [path: string, text: string][],
  ): Promise<void> => {
    const { status, body } = await seed.api(
      'POST',
      `/repos/${ops}/contents`,
      {
        branch,
        message: 'what is finished',
        files: files.map(([path, text]) => ({
          operation: 'create',
          path,
          content: Buffer.from(text, 'utf8').toString('base64'),
        })),
      },
      token,
    );
    if (status !== 201) throw new Error(`${branch}: ${status} ${JSON.stringify(body)}`);
  };
  await commit(
    owner.token,
    'main',
    ids.map((id) => [`vault/actions/${id}.toml`, actionText()]),
  );
  await commit(
    dispatcher.token,
    recordsBranch,
    ids.flatMap((id) =>
      ['fired', 'ended'].map((folder): [string, string] => [`${folder}/${id}.json`, '{}\n']),
    ),
  );
  await commit(
    gatekeeper.token,
    claimsBranch,
    ids.map((id) => [`claimed/${id}.json`, '{}\n']),
  );
}

/** An idle run, and what each start may add to one. */
const mostIdle = 12;
const mostMore = 12;

/** Calls for names of a tree beyond its first thousand. */
function furtherPages(calls: string[]): number {
  return calls.filter((call) => call.includes('/git/trees/') && call.includes('&page=')).length;
}

export async function vaultGrowth(sizes: number[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const size of sizes) {
    process.stderr.write(`vault-dispatch among ${size} finished actions ...\n`);
    const { resting, reviewing, starting, following } = await vaultAmong(size, open);
    const alone = (await vaultAmong(size, 1)).starting;
    const asked = [resting, reviewing, starting, following, alone]
      .map(asksTwice)
      .find((call) => call !== undefined);
    if (asked !== undefined) throw new Error(`a run asked more than once who may do what: ${asked}`);
    const among = `${size.toLocaleString('en')} finished actions`;
    const further = furtherPages(alone);
    const mostAlone = mostIdle + mostMore + further;
    const more = (starting.length - alone.length) / (open - 1);
    rows.push(
      {
        what: `vault-dispatch, ${among}: calls of a run that finds nothing to do`,
        measured: String(resting.length),
        limit: `at most ${mostIdle}`,
        holds: resting.length <= mostIdle,
      },
      {
        what: `vault-dispatch, ${among}, ${open} that run: calls of an idle run`,
        measured: String(following.length),
        limit: `at most ${mostIdle}`,
        holds: following.length <= mostIdle,
      },
      {
        what: `vault-dispatch, ${among}, one that is approved: calls of the run that starts it`,
        measured: String(alone.length),
        limit: `at most ${mostAlone}${further === 0 ? '' : ` (${further} of these for names beyond the first thousand of a tree)`}`,
        holds: alone.length <= mostAlone,
      },
      {
        what: `vault-dispatch, ${among}, ${open} that are approved: calls of the run that starts them, for each beyond the first`,
        measured: more.toFixed(1),
        limit: `at most ${mostMore}`,
        holds: more <= mostMore,
      },
      {
        what: `vault-dispatch with \`mode: review\`, ${among}, ${open} open requests: calls of an idle run`,
        measured: String(reviewing.length),
        limit: '',
        holds: true,
      },
    );
  }
  return rows;
}

/** A question about people that a run asked more than once. */
function asksTwice(calls: string[]): string | undefined {
  const ofPeople = calls.filter((call) => /\/(assignees|permission) /.test(call));
  return ofPeople.find((call, index) => ofPeople.indexOf(call) !== index);
}
