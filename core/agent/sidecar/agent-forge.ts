// What an agent may want of a forge, and what the role asks around it. It names no forge: `api-agent-forge.ts` asks whichever
// answers as Forgejo's API does, and `core/github/as-forge.ts` lets GitHub do so.

export interface AgentIssue {
  number: number;
  title: string;
  body: string;
  state: string;
  /** Who wrote it; null where that account is gone. */
  user: string | null;
}

export interface AgentPull extends AgentIssue {
  merged: boolean;
}

export interface AgentComment {
  id: number;
  user: string | null;
  body: string;
}

/** Everything is in one repository unless it says otherwise. What fails is thrown, with a remedy where a person can mend it. */
export interface AgentForge {
  readIssue(number: number): Promise<AgentIssue>;
  readPull(number: number): Promise<AgentPull>;
  /** Oldest first. */
  readComments(number: number): Promise<AgentComment[]>;
  /** Answers in one sentence what came of it. The same text twice in one run is one comment. */
  postComment(number: number, body: string): Promise<string>;
  /** Puts our section of a description in place of what stood there; what people wrote around it stays. */
  updateDescription(number: number, section: string): Promise<string>;
  /** Throws where it cannot be known, which is not the same as no. */
  isOrgMember(org: string, login: string): Promise<boolean>;
  /** The number itself where it is a pull request, otherwise what the state says of it. */
  pullForIssue(number: number): Promise<number | null>;
  isPullOpen(number: number): Promise<boolean>;
}
