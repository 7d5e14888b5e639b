import type { Send } from '../../api/send.ts';
import { sha256 } from '../../canonical.ts';
import { UserError } from '../../errors.ts';
import { listComments } from '../../forge/comments.ts';
import { getIssue } from '../../forge/issues.ts';
import { isOrgMember } from '../../forge/people.ts';
import { getPull } from '../../forge/pulls.ts';
import type { AgentForge } from './agent-forge.ts';

/**
 * The changes that an agent can cause, as the flow's own kinds have them. Written out here, because what carries changes out
 * also starts agents, and the two would import each other.
 */
export type AgentChange =
  | { kind: 'comment'; why: string; repository: string; issue: number; text: string; sign: string }
  | {
      kind: 'update-sections';
      why: string;
      repository: string;
      issue: number;
      sections: { begin: string; end: string; content: string }[];
    };

/** How one change went, as the flow's apply says it. */
export interface AgentResult {
  status: string;
  said: string;
}

export interface AgentForgeOptions {
  /** As `owner/name`. */
  repository: string;
  /** For reads. Beside a running agent: one that `scopedSend` made. */
  send: Send;
  /** The flow's apply: prints nothing twice, searches for secrets, and tells how it went. */
  write: (changes: AgentChange[]) => Promise<AgentResult[]>;
  /** The pull request that the state names for an issue. */
  pullOf: (issue: number) => Promise<number | null>;
  /** What tells this run's comments from those of other runs: letters, digits, `.`, `:` and `-`. */
  run: string;
}

/** The lines around what an agent writes into a description. */
const sectionBegin = '<!-- forgecrew-agent:begin -->';
const sectionEnd = '<!-- forgecrew-agent:end -->';

/** A forge as an agent and its role use it. */
export function createAgentForge(options: AgentForgeOptions): AgentForge {
  const { repository, send, pullOf, run } = options;
  const write = async (change: AgentChange): Promise<string> => {
    const [result] = await options.write([change]);
    if (result === undefined) throw new Error(`nothing came of ${change.kind}`);
    if (result.status !== 'done') throw new UserError(result.said);
    return result.said;
  };
  return {
    async readIssue(number) {
      const { title, body, state, user } = await getIssue(send, repository, number);
      return { number, title, body, state, user: user?.login ?? null };
    },
    async readPull(number) {
      const { title, body, state, merged, user } = await getPull(send, repository, number);
      return { number, title, body, state, merged, user: user?.login ?? null };
    },
    async readComments(number) {
      const comments = await listComments(send, repository, number);
      return comments.map(({ id, body, user }) => ({ id, user: user?.login ?? null, body }));
    },
    postComment: (number, body) =>
      write({
        kind: 'comment',
        why: 'the agent said so',
        repository,
        issue: number,
        text: body,
        // By its text: an agent that heard nothing and says it again says it once.
        sign: `forge-agent ${run} ${sha256(body).slice(0, 16)}`,
      }),
    updateDescription: (number, section) =>
      write({
        kind: 'update-sections',
        why: 'the agent said so',
        repository,
        issue: number,
        sections: [{ begin: sectionBegin, end: sectionEnd, content: section }],
      }),
    isOrgMember: (org, login) => isOrgMember(send, org, login),
    async pullForIssue(number) {
      const { pull_request: pull } = await getIssue(send, repository, number);
      return pull == null ? pullOf(number) : number;
    },
    async isPullOpen(number) {
      return (await getPull(send, repository, number)).state === 'open';
    },
  };
}
