import type { TextFile } from '../../core/forge/contents.ts';
import type { ReadContext, State } from '../../core/role.ts';
import type { ValuesOf } from '../../core/settings.ts';
import type { settings } from './settings.ts';

export type DashboardSettings = ValuesOf<typeof settings>;
export type Context = ReadContext<typeof settings, DashboardState>;

export type DashboardState = InertState | LiveState;

/** On a pull request's own pipeline nobody is asked, and nothing is written. */
interface InertState extends State {
  kind: 'inert';
}

/** Everything that a dashboard is made of, and the dashboard as it stands. */
export interface LiveState extends State {
  kind: 'live';
  repository: string;
  branch: string;
  seen: Seen;
  /** The issue of ours; `null` where there is none yet. */
  issue: { number: number; isOpen: boolean; body: string; assignees: string[] } | null;
  page: { text: TextFile; picture: TextFile; isDeclined: boolean } | null;
}

/** Where something was read. What is read in a private repository is not shown in a public one. */
export type Place = 'ops' | 'project' | 'records' | 'proposals' | 'state';

export interface Seen {
  forgeUrl: string;
  repositories: Record<Place, string>;
  /** Whether the dashboard itself is public, and which places are not. */
  isPublic: boolean;
  private: Place[];
  /** Who may write, by login, without bots. */
  people: { ops: string[]; project: string[] };
  /** Whom the policy of the vault names, where it names people for every tier that wants an approval; otherwise `null`. */
  approvers: string[] | null;
  bots: string[];
  /** Issues and pull requests of the project. */
  work: Work[];
  /** Open pull requests of the ops repo. `questions`: open design questions of a pitch. */
  opsPulls: { number: number; title: string; head: string; created: string | null; questions: string[] }[];
  /** Requests to people: `vault/pending/*.md`. */
  pending: { path: string; text: string }[];
  /** Merged actions whose ids are not spent. */
  actions: { id: string; file: string; human: string | null }[];
  running: { id: string; at: string; url: string | null }[];
  /** Vault actions that did not end well, or were turned down. */
  failed: { id: string; at: string; how: string; url: string | null }[];
  tree: string | null;
  /** Newest day of evidence, by domain. */
  evidence: { domain: string; day: string }[];
  /** `thread`: where people click; without a comment as long as none was seen. */
  proposals: {
    id: string;
    type: string;
    at: string;
    thread: { repository: string; number: number; comment: number | null };
  }[];
  /** Agents at work. */
  agents: (KnownAgent & { started: string; url: string | null })[];
  /** Agents that wait for what people or checks say, and those that are not woken any more. */
  frozen: (KnownAgent & { newest: AgentRun | null; exhausted: { why: string; at: string } | null })[];
  runs: AgentRun[];
  expected: { name: string; withinMs: number; last: string | null }[];
  /** Pipelines of the ops repo whose newest run on its branch ended red, with that run. */
  red: { name: string; at: string; url: string | null }[];
  leftOut: string[];
}

/** An issue or pull request of the project. */
export interface Work {
  number: number;
  kind: 'issue' | 'pull';
  title: string;
  author: string | null;
  labels: string[];
  isOpen: boolean;
  created: string;
  /** The vision that it was filed for, where its marker counts. */
  vision: number | null;
}

/** An agent with an issue, as its own records have it. */
export interface KnownAgent {
  agent: string;
  repository: string;
  issue: number;
  /** The pull request that came of it. */
  pull: number | null;
}

/** One run of an agent that has ended. */
export interface AgentRun {
  agent: string;
  repository: string;
  issue: number;
  ended: string;
  outcome: string;
  cost: number | null;
}
