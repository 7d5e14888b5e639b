import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type {
  AgentComment,
  AgentForge,
  AgentIssue,
  AgentPull,
} from '../../../../core/agent/sidecar/agent-forge.ts';
import { openSidecar, type Sidecar, type SidecarOptions } from '../../../../core/agent/sidecar/sidecar.ts';
import { createMask, type Mask } from '../../../../core/mask.ts';
import { type Client, connect } from './client.ts';

/** A forge of plain data that remembers what was written. */
export interface PlainForge extends AgentForge {
  issues: Map<number, AgentIssue>;
  pulls: Map<number, AgentPull>;
  comments: Map<number, AgentComment[]>;
  written: { kind: 'comment' | 'description'; number: number; text: string }[];
}

export function plainForge(): PlainForge {
  const found = <T>(item: T | undefined): T => {
    if (item === undefined) throw new Error('not there');
    return item;
  };
  const forge: PlainForge = {
    issues: new Map([
      [5, { number: 5, title: 'Mend it', body: 'It is broken.', state: 'open', user: 'owner' }],
    ]),
    pulls: new Map([
      [7, { number: 7, title: 'Mended', body: 'Like so.', state: 'open', merged: false, user: 'bot' }],
    ]),
    comments: new Map(),
    written: [],
    readIssue: async (number) => found(forge.issues.get(number)),
    readPull: async (number) => found(forge.pulls.get(number)),
    readComments: async (number) => forge.comments.get(number) ?? [],
    async postComment(number, text) {
      forge.written.push({ kind: 'comment', number, text });
      return `comment on #${number} written`;
    },
    async updateDescription(number, text) {
      forge.written.push({ kind: 'description', number, text });
      return `description of #${number} brought up to date`;
    },
    isOrgMember: async () => false,
    pullForIssue: async () => null,
    isPullOpen: async () => true,
  };
  return forge;
}

export interface Rig {
  sidecar: Sidecar;
  forge: PlainForge;
  mask: Mask;
  said: string[];
  door: string;
  connect(): Promise<Client>;
  close(): Promise<void>;
}

/** A sidecar in a folder of its own, with a plain forge, for issue 5 and pull request 7. */
export async function openRig(given: Partial<SidecarOptions> = {}): Promise<Rig> {
  const door = mkdtempSync(path.join(tmpdir(), 'forgecrew-door-'));
  const forge = plainForge();
  const mask = createMask();
  const said: string[] = [];
  const sidecar = await openSidecar({
    door,
    forge,
    mask,
    say: (line) => said.push(line),
    now: () => new Date('2026-01-02T03:04:05Z'),
    mayWrite: (login) => login === 'owner',
    strangers: false,
    ...given,
    scope: given.scope ?? { repository: 'owner/project', issue: 5, pulls: [7] },
    limits: { linesPerSecond: 1_000_000, ...given.limits },
  });
  const clients: Client[] = [];
  return {
    sidecar,
    forge,
    mask,
    said,
    door,
    async connect() {
      const client = await connect(sidecar.socket);
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) client.end();
      await sidecar.close();
      rmSync(door, { recursive: true, force: true });
    },
  };
}
