import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { AgentForge } from '../../../../core/agent/sidecar/agent-forge.ts';
import {
  type AgentChange,
  type AgentResult,
  createForgejoAgentForge,
} from '../../../../core/agent/sidecar/forgejo-agent-forge.ts';
import { scopedSend } from '../../../../core/agent/sidecar/scoped-send.ts';
import { openSidecar, type Sidecar, type SidecarOptions } from '../../../../core/agent/sidecar/sidecar.ts';
import { createSend } from '../../../../core/api/http.ts';
import type { ApiRequest, Send } from '../../../../core/api/send.ts';
import { applyPlan } from '../../../../core/apply.ts';
import type { Change } from '../../../../core/change.ts';
import { getOwnUser } from '../../../../core/forge/users.ts';
import { createMask, type Mask } from '../../../../core/mask.ts';
import type { Result } from '../../../../core/report.ts';
import type { EmbeddedForge } from '../../../../embedded-forge/main.ts';
import { type Person, type Seeder, seeder } from '../../../../embedded-forge/seed.ts';
import { startTestForge } from '../../../embedded.ts';

/** The embedded forge with an issue, a pull request, and a sidecar that is joined to both as the role joins them. */
export interface ForgeRig {
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
  agentForge: AgentForge;
  sidecar: Sidecar;
  door: string;
  mask: Mask;
  said: string[];
  /** Every request of the sidecar, in their order. */
  asked: ApiRequest[];
  bodyOf(number: number): Promise<string>;
  commentsOf(number: number): Promise<string[]>;
  close(): Promise<void>;
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
  const door = mkdtempSync(path.join(tmpdir(), 'forgecrew-door-'));
  const mask = createMask();
  mask.add(bot.token);
  const said: string[] = [];
  const asked: ApiRequest[] = [];
  const say = (line: string): void => {
    said.push(line);
  };
  const http = createSend({ url: forge.url, token: bot.token, mask, deadline: Date.now() + 600_000 });
  const account = await getOwnUser(http);
  const recorded: Send = (request) => {
    asked.push(request);
    return http(request);
  };
  const scope = { repository, issue, pulls: [pull] };
  const send = scopedSend(recorded, scope);
  const write = async (agentChanges: AgentChange[]): Promise<AgentResult[]> => {
    // Held to be changes of the flow, as they are.
    const changes: Change[] = agentChanges;
    const results: Result[] = [];
    const ask = (): never => {
      throw new Error('there is no model');
    };
    await applyPlan(changes, { context: { send, account, workspace: '/', ask }, mask, results, say });
    return results;
  };
  const agentForge = createForgejoAgentForge({
    repository,
    send,
    write,
    pullOf: async () => pull,
    run: 'run-1',
  });
  const sidecar = await openSidecar({
    door,
    forge: agentForge,
    scope,
    mask,
    say,
    now: () => new Date('2026-01-02T03:04:05Z'),
    mayWrite: (login) => [owner.login, bot.login].includes(login),
    strangers: false,
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
    agentForge,
    sidecar,
    door,
    mask,
    said,
    asked,
    bodyOf: async (number) => (await read<{ body: string }>(`issues/${number}`)).body,
    commentsOf: async (number) =>
      (await read<{ body: string }[]>(`issues/${number}/comments`)).map(({ body }) => body),
    async close() {
      await sidecar.close();
      http.close();
      rmSync(door, { recursive: true, force: true });
      await forge.close();
    },
  };
}
