import { actionTypes } from '../../escalation/payload.ts';

/** What a tool takes. Numbers are of issues and pull requests. */
type Parameter =
  | { type: 'number'; description: string }
  | { type: 'text'; description: string }
  | { type: 'word'; description: string; words: readonly string[] };

export interface Tool {
  name: ToolName;
  description: string;
  parameters: Record<string, Parameter>;
  required: readonly string[];
  /** What the command takes without naming it. */
  first: string;
}

export type ToolName =
  | 'read_issue'
  | 'read_pr'
  | 'read_comments'
  | 'post_comment'
  | 'update_description'
  | 'propose_action'
  | 'claim_paths'
  | 'dispatch_worker'
  | 'signal_done';

/** How an agent says that it is done. */
const signalStatuses = ['success', 'failure', 'needs_person', 'underspecified'] as const;
export type SignalStatus = (typeof signalStatuses)[number];

const number = {
  type: 'number',
  description: 'Number of the issue or pull request; without it, the issue you work on.',
} as const;

/** All tools there are: the protocol's list, the check of arguments and the command's help come from here. */
export const tools: readonly Tool[] = [
  {
    name: 'read_issue',
    description: 'Reads an issue of this repository: number, title, body, state.',
    parameters: { number },
    required: [],
    first: 'number',
  },
  {
    name: 'read_pr',
    description: 'Reads a pull request of this repository: number, title, body, state, merged.',
    parameters: { number },
    required: [],
    first: 'number',
  },
  {
    name: 'read_comments',
    description: 'Reads the comments of an issue or pull request of this repository: id, user, body.',
    parameters: { number },
    required: [],
    first: 'number',
  },
  {
    name: 'post_comment',
    description: 'Comments on the issue you work on, or on your own pull request. Markdown.',
    parameters: { number, body: { type: 'text', description: 'The comment.' } },
    required: ['body'],
    first: 'number',
  },
  {
    name: 'update_description',
    description:
      'Replaces your section in the description of the issue you work on, or of your own pull request. What people wrote stays.',
    parameters: { number, body: { type: 'text', description: 'All of your section, Markdown.' } },
    required: ['body'],
    first: 'number',
  },
  {
    name: 'propose_action',
    description:
      'Proposes something that you cannot do yourself. People are shown it in a comment on the issue you work on, and it happens once one of them approves it, if this project allows it. Propose only what the issue asks for, and do not wait for it.',
    parameters: {
      type: { type: 'word', description: 'What kind of action.', words: actionTypes },
      payload: {
        type: 'text',
        description:
          'JSON. issue-create: {"title", "body", "labels"}; pr-create: {"head", "base", "title", "body"}, two branches; ci-run: {"ref", "workflow", "inputs"}, a branch and a workflow file. Each takes "repo" as owner/name where that is another repository.',
      },
    },
    required: ['type', 'payload'],
    first: 'type',
  },
  {
    name: 'signal_done',
    description:
      'Says that you are done; call it once, as the last thing. success: the work is committed. failure: it cannot be done. needs_person: a person has to decide or do something. underspecified: the issue does not say enough.',
    parameters: {
      status: { type: 'word', description: 'How it went.', words: signalStatuses },
      summary: { type: 'text', description: 'What was done, or what is missing, in a few sentences.' },
    },
    required: ['status', 'summary'],
    first: 'status',
  },
];

/** Tools for what a person has dispatched: they ask nothing of the forge, and only whoever dispatches offers them. */
export const deskTools: Readonly<Record<'claim_paths' | 'dispatch_worker', Tool>> = {
  claim_paths: {
    name: 'claim_paths',
    description:
      'Says which files or folders you are going to change, so that nobody else who works on this repository changes them as well. Refused where somebody has claimed them: then work elsewhere, or end with needs_person.',
    parameters: {
      paths: { type: 'text', description: 'Paths from the root of the repository, one in each line.' },
    },
    required: ['paths'],
    first: 'paths',
  },
  dispatch_worker: {
    name: 'dispatch_worker',
    description:
      'Lets another worker begin on another open issue, in a worktree of its own. It is not waited for. headless: it works alone; cascade: it may dispatch workers as well.',
    parameters: {
      issue: { type: 'text', description: 'The issue, as owner/repo#12.' },
      mode: { type: 'word', description: 'How it works.', words: ['headless', 'cascade'] },
      prompt: { type: 'text', description: 'What it is told beside the issue.' },
    },
    required: ['issue', 'mode'],
    first: 'issue',
  },
};

/** The tool of a name among those that an agent is offered; undefined for any other name. */
export function findTool(name: string, offered: readonly Tool[] = tools): Tool | undefined {
  return offered.find((tool) => tool.name === name);
}

/** The tools as `tools/list` gives them. */
export function listedTools(offered: readonly Tool[] = tools): unknown[] {
  return offered.map(({ name, description, parameters, required }) => ({
    name,
    description,
    inputSchema: {
      type: 'object',
      properties: Object.fromEntries(
        Object.entries(parameters).map(([key, parameter]) => [key, schemaOf(parameter)]),
      ),
      required,
      additionalProperties: false,
    },
  }));
}

function schemaOf(parameter: Parameter): unknown {
  const { description } = parameter;
  switch (parameter.type) {
    case 'number':
      return { type: 'integer', minimum: 1, description };
    case 'text':
      return { type: 'string', description };
    case 'word':
      return { type: 'string', enum: parameter.words, description };
  }
}

export interface Arguments {
  number?: number;
  body?: string;
  status?: SignalStatus;
  summary?: string;
  type?: string;
  payload?: string;
  paths?: string;
  issue?: string;
  mode?: string;
  prompt?: string;
}

/** The forge's numbers are no larger. */
const mostNumber = 2 ** 31 - 1;

/** The arguments of a call as its tool takes them, or a sentence that says what is wrong. */
export function argumentsOf(tool: Tool, given: unknown): Arguments | string {
  if (given !== undefined && (typeof given !== 'object' || given === null || Array.isArray(given)))
    return `The arguments of ${tool.name} have to be an object.`;
  // A null is what some programs write for "not given". A map, because any name may come.
  const found = new Map(Object.entries(given ?? {}).filter(([, value]) => value !== null));
  for (const name of found.keys())
    if (!Object.hasOwn(tool.parameters, name))
      return `${tool.name} takes ${Object.keys(tool.parameters).join(', ')}, and nothing else.`;
  for (const name of tool.required) if (!found.has(name)) return `${tool.name} needs ${name}.`;
  for (const [name, parameter] of Object.entries(tool.parameters)) {
    const fault = faultOf(name, parameter, found.get(name));
    if (fault !== undefined) return fault;
  }
  return Object.fromEntries(found);
}

function faultOf(name: string, parameter: Parameter, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  switch (parameter.type) {
    case 'number':
      return Number.isInteger(value) && Number(value) > 0 && Number(value) <= mostNumber
        ? undefined
        : `${name} has to be the number of an issue or pull request.`;
    case 'text':
      return typeof value === 'string' && value.trim() !== ''
        ? undefined
        : `${name} has to be a text that is not empty.`;
    case 'word':
      return typeof value === 'string' && parameter.words.includes(value)
        ? undefined
        : `${name} has to be one of ${parameter.words.join(', ')}.`;
  }
}
