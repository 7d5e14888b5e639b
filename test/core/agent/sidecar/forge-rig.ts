import type { SidecarOptions } from '../../../../core/agent/sidecar/sidecar.ts';
import { createSend } from '../../../../core/api/http.ts';
import { createMask, type Mask } from '../../../../core/mask.ts';
import type { EmbeddedForge } from '../../../../embedded-forge/main.ts';
import { type Person, type Seeder, seeder } from '../../../../embedded-forge/seed.ts';
import { startTestForge } from '../../../embedded.ts';
import { type Joined, joinSidecar } from './joined.ts';

/** The embedded forge with an issue, a pull request, and a sidecar that is joined to both as the role joins them. */
export interface ForgeRig extends Joined {
  forge: EmbeddedForge;
  seed: Seeder;
  owner: Person;
  bot: Person;
  stranger: Person;
  repository: string;
  /** The agent's issue, another one, and the agent's own pull request. */
  issue: number;
  other: number;
  pull: number;
  mask: Mask;
  bodyOf(number: number): Promise<string>;
  commentsOf(number: number): Promise<string[]>;
}

export async function openForgeRig(given: Partial<SidecarOptions> = {}): Promise<ForgeRig> {
  const forge = await startTestForge();
  const seed = seeder(forge.url, forge.adminToken);
  const scopes = ['write:repository', 'write:issue', 'write:user', 'write:organization'];
  const owner = await seed.createUser('owner', scopes);
  const bot = await seed.createUser('bot', [
    'read:repository',
    'write:issue',
    'read:user',
    'read:organization',
  ]);
  const stranger = await seed.createUser('stranger', scopes);
  const repository = await seed.createRepository(owner, 'project');
  await seed.addCollaborator(owner, repository, bot.login, 'write');
  const issue = await seed.createIssue(owner, repository, { title: 'Mend it', body: 'It is broken.' });
  const other = await seed.createIssue(owner, repository, { title: 'Another', body: 'Leave it.' });
  await seed.putFile(owner, repository, 'a.txt', 'a', { from: 'main', name: 'work' });
  const pull = await seed.openPull(owner, repository, {
    head: 'work',
    base: 'main',
    title: 'Mended',
    body: 'By people.',
  });
  const mask = createMask();
  mask.add(bot.token);
  const http = createSend({ url: forge.url, token: bot.token, mask, deadline: Date.now() + 600_000 });
  const joined = await joinSidecar(http, {
    scope: { repository, issue, pulls: [pull] },
    mask,
    mayWrite: (login) => [owner.login, bot.login].includes(login),
    ...given,
  });
  const read = async <T>(where: string): Promise<T> =>
    (await seed.api('GET', `/repos/${repository}/${where}`, undefined, owner.token)).body as T;
  return {
    forge,
    seed,
    owner,
    bot,
    stranger,
    repository,
    issue,
    other,
    pull,
    ...joined,
    mask,
    bodyOf: async (number) => (await read<{ body: string }>(`issues/${number}`)).body,
    commentsOf: async (number) =>
      (await read<{ body: string }[]>(`issues/${number}/comments`)).map(({ body }) => body),
    async close() {
      await joined.close();
      http.close();
      await forge.close();
    },
  };
}
