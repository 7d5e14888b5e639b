import { namesLogin } from '../../../../core/accounts.ts';
import type { SidecarOptions } from '../../../../core/agent/sidecar/sidecar.ts';
import { createSend } from '../../../../core/api/http.ts';
import { listWriters } from '../../../../core/forge/people.ts';
import { githubAsForge } from '../../../../core/github/as-forge.ts';
import { githubService } from '../../../../core/github/call.ts';
import { createMask } from '../../../../core/mask.ts';
import type { EmbeddedGithub } from '../../../../embedded-github/main.ts';
import type { Account, Issue, Repository } from '../../../../embedded-github/shapes.ts';
import { startTestGithub } from '../../../embedded.ts';
import { type Joined, joinSidecar } from './joined.ts';

type Person = Account & { token: string };

/** The embedded GitHub with an issue, a pull request, and a sidecar that is joined to both as a dispatch joins them. */
export interface GithubRig extends Joined {
  github: EmbeddedGithub;
  repository: string;
  place: Repository;
  owner: Person;
  bot: Person;
  stranger: Person;
  issue: Issue;
  other: Issue;
  pull: Issue;
  /** How long the connection waited, each time. */
  pauses: number[];
}

/** `now`: of the connection's clock. */
export async function openGithubRig(
  given: Partial<SidecarOptions> = {},
  now: () => number = Date.now,
): Promise<GithubRig> {
  const github = await startTestGithub();
  const owner = github.addUser('owner');
  const bot = github.addUser('bot');
  const stranger = github.addUser('stranger');
  const place = github.addRepository(owner, 'project', { rights: new Map([[bot.login, 'write']]) });
  const issue = github.addIssue(place, owner, { title: 'Mend it', body: 'It is broken.' });
  const other = github.addIssue(place, owner, { title: 'Another', body: 'Leave it.' });
  const pull = github.addPull(place, owner, {
    title: 'Mended',
    body: 'By people.',
    head: 'work',
    sha: 'a'.repeat(40),
  });
  const mask = createMask();
  mask.add(bot.token);
  const pauses: number[] = [];
  const http = createSend({
    url: github.url,
    service: githubService,
    token: bot.token,
    mask,
    deadline: now() + 600_000,
    clock: now,
    pause: async (ms) => void pauses.push(ms),
  });
  const send = githubAsForge(http);
  const repository = 'owner/project';
  const writers = (await listWriters(send, repository)).map(({ login }) => login);
  const joined = await joinSidecar(send, {
    scope: { repository, issue: issue.number, pulls: [pull.number] },
    mask,
    mayWrite: (login) => namesLogin(writers, login),
    ...given,
  });
  github.requests.splice(0);
  return {
    ...joined,
    github,
    repository,
    place,
    owner,
    bot,
    stranger,
    issue,
    other,
    pull,
    pauses,
    async close() {
      await joined.close();
      http.close();
      await github.close();
    },
  };
}
