import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { AgentForge } from '../../../../core/agent/sidecar/agent-forge.ts';
import {
  type AgentChange,
  type AgentResult,
  createAgentForge,
} from '../../../../core/agent/sidecar/api-agent-forge.ts';
import type { Scope } from '../../../../core/agent/sidecar/scope.ts';
import { scopedSend } from '../../../../core/agent/sidecar/scoped-send.ts';
import { openSidecar, type Sidecar, type SidecarOptions } from '../../../../core/agent/sidecar/sidecar.ts';
import { tools } from '../../../../core/agent/sidecar/tools.ts';
import type { ApiRequest, Send } from '../../../../core/api/send.ts';
import { applyPlan } from '../../../../core/apply.ts';
import type { Change } from '../../../../core/change.ts';
import { getOwnUser } from '../../../../core/forge/users.ts';
import type { Mask } from '../../../../core/mask.ts';
import type { Result } from '../../../../core/report.ts';
import type { Client } from './client.ts';

/** A sidecar that is joined to a host as the role joins it. */
export interface Joined {
  agentForge: AgentForge;
  sidecar: Sidecar;
  door: string;
  said: string[];
  /** Every request of the sidecar, in their order. */
  asked: ApiRequest[];
  close(): Promise<void>;
}

export async function joinSidecar(
  http: Send,
  {
    scope,
    mask,
    ...given
  }: { scope: Scope; mask: Mask } & Partial<SidecarOptions> & Pick<SidecarOptions, 'mayWrite'>,
): Promise<Joined> {
  const door = mkdtempSync(path.join(tmpdir(), 'forgecrew-door-'));
  const said: string[] = [];
  const asked: ApiRequest[] = [];
  const say = (line: string): void => {
    said.push(line);
  };
  const account = await getOwnUser(http);
  const recorded: Send = (request) => {
    asked.push(request);
    return http(request);
  };
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
  const agentForge = createAgentForge({
    repository: scope.repository,
    send,
    write,
    pullOf: async () => scope.pulls[0] ?? null,
    run: 'run-1',
  });
  const sidecar = await openSidecar({
    door,
    forge: agentForge,
    scope,
    mask,
    say,
    now: () => new Date('2026-01-02T03:04:05Z'),
    strangers: false,
    ...given,
  });
  return {
    agentForge,
    sidecar,
    door,
    said,
    asked,
    async close() {
      await sidecar.close();
      rmSync(door, { recursive: true, force: true });
    },
  };
}

/** Calls every tool, for each of these numbers. */
export async function callEverything(client: Client, numbers: (number | undefined)[]): Promise<void> {
  for (const number of numbers)
    for (const tool of tools)
      await client.call(
        tool.name,
        tool.name === 'signal_done'
          ? { status: 'success', summary: 'x' }
          : tool.name === 'propose_action'
            ? { type: 'issue-create', payload: '{"title":"x"}' }
            : {
                ...(number === undefined ? {} : { number }),
                ...(tool.required.includes('body') ? { body: 'x' } : {}),
              },
      );
}
