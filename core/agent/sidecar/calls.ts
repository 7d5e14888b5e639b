import { sha256 } from '../../canonical.ts';
import { causeChain, UserError } from '../../errors.ts';
import { proposalBlock } from '../../escalation/answer.ts';
import { mostPayload, readPayload } from '../../escalation/payload.ts';
import type { Mask } from '../../mask.ts';
import { inert } from '../../text/inert.ts';
import { plain } from '../../text/log-line.ts';
import type { AgentForge } from './agent-forge.ts';
import { type Desk, offeredTools } from './desk.ts';
import type { Limits } from './limits.ts';
import type { OperationLog, Told } from './operation-log.ts';
import { type Scope, writeRefusal } from './scope.ts';
import { holdsSecret } from './secrets.ts';
import { type Shown, shownComments, shownIssue } from './shown.ts';
import { type Arguments, argumentsOf, findTool, type SignalStatus, type Tool } from './tools.ts';

/** How the agent said that it is done. */
export interface Signal {
  status: SignalStatus;
  /** Harmless where the forge shows it. */
  summary: string;
}

/** What a call comes to. `refused` is the sidecar's word, `failed` is the forge's or a defect of ours. */
export interface Answer {
  outcome: 'done' | 'refused' | 'failed';
  texts: string[];
}

export interface CallOptions {
  forge: AgentForge;
  scope: Scope;
  limits: Limits;
  log: OperationLog;
  mask: Mask;
  /** Whether this account may write to the repository now. */
  mayWrite: (login: string) => boolean;
  /** Whether comments of people who may not write are shown all the same. */
  strangers: boolean;
  desk?: Desk | undefined;
  /** Hears the first signal. */
  signal: (signal: Signal) => void;
  /** Says what an operator has to know and the agent need not. */
  say: (line: string) => void;
}

export interface Call {
  tool: string;
  arguments: unknown;
  toolUse?: string | undefined;
}

/** Of a name so much is searched: more than any secret that could begin in what is listed of it. */
const mostOfName = 4096;

const refused = (why: string): Answer => ({ outcome: 'refused', texts: [why] });

/** Carries out what an agent calls: checks it, writes it into the log, and only then does it. Never rejects. */
export function createCalls(options: CallOptions): (call: Call) => Promise<Answer> {
  const { forge, scope, limits, log, mask, say } = options;
  const counts = { calls: 0, comments: 0, descriptions: 0, proposals: 0, claims: 0, workers: 0, signals: 0 };
  const offered = offeredTools(options.desk);
  /** One write after the other: two that change one description at once would lose one of the changes. */
  let lastWrite: Promise<unknown> = Promise.resolve();

  async function call({ tool: name, arguments: given, toolUse }: Call): Promise<Answer> {
    counts.calls += 1;
    const about: Pick<Told, 'tool' | 'target' | 'toolUse'> = {
      tool: listed(name, 60),
      target: '',
      ...(toolUse === undefined ? {} : { toolUse: listed(toolUse, 100) }),
    };
    const refuse = (why: string): Answer => {
      log.add({ ...about, allowed: false, why: cutPlain(why, 300) });
      return refused(why);
    };
    const tool = findTool(name, offered);
    if (tool === undefined) return refuse(`There is no tool of this name.`);
    // The end may be signalled whatever went before, or a run that called too often would look like one that hangs.
    if (counts.calls > limits.calls && tool.name !== 'signal_done')
      return refuse(`This run has made its ${limits.calls} calls. Call signal_done.`);
    const found = argumentsOf(tool, given);
    if (typeof found === 'string') return refuse(found);
    const number = found.number ?? scope.issue;
    about.target = tool.name === 'signal_done' ? (found.status ?? '') : `#${number}`;
    if (tool.name === 'claim_paths' || tool.name === 'dispatch_worker')
      about.target = listed(found.issue ?? '', 100);
    const text = found.body ?? found.summary ?? found.payload ?? found.paths ?? found.issue;
    const proposal = tool.name === 'propose_action' ? proposalOf(found, scope.repository) : undefined;
    const why = proposal?.why ?? refusalOf(tool, number, text, proposal?.said ?? found.prompt);
    if (why !== undefined) return refuse(why);
    // Of a proposal nothing may be changed: it is JSON in a fence, in which nothing is read as Markdown.
    const harmless = proposal?.block ?? (text === undefined || isOfDesk(tool) ? text : inert(text));
    // Before anything happens: what is done and not written down must not exist.
    log.add({ ...about, allowed: true, ...(harmless === undefined ? {} : { text: sha256(harmless) }) });
    try {
      return await carryOut(tool, number, harmless ?? '', found);
    } catch (error) {
      const told = error instanceof UserError ? `${error.message} ${error.remedy}`.trim() : undefined;
      const said = mask.apply(told ?? 'The sidecar itself failed; its own log says why.');
      if (told === undefined) for (const line of causeChain(error)) say(`  agent: ${plain(line)}`);
      log.add({ ...about, allowed: true, why: cutPlain(said, 300) });
      return { outcome: 'failed', texts: [said] };
    }
  }

  /** A name of the agent's own choosing, as the log has it: what holds a secret would stand in the record. */
  function listed(given: string, limit: number): string {
    return holdsSecret(mask, given.slice(0, mostOfName)) ? '***' : cutPlain(given, limit);
  }

  /** Why a call is not allowed; counts what is limited in number. */
  function refusalOf(
    tool: Tool,
    number: number,
    text: string | undefined,
    /** The same as it is read, where that is another text: JSON can spell a secret in many ways. */
    said = '',
  ): string | undefined {
    if (text === undefined) return undefined;
    const isSignal = tool.name === 'signal_done';
    if (isSignal && counts.signals > 0)
      return 'The end of this run was signalled already, and the first signal counts.';
    const out = isSignal || isOfDesk(tool) ? undefined : writeRefusal(scope, number);
    if (out !== undefined) return out;
    const most = mostOf(tool);
    const length = Math.max(text.length, isOfDesk(tool) ? said.length : 0);
    if (length > most) return `The text has ${length} characters; at most ${most} are taken. Say it shorter.`;
    if (holdsSecret(mask, text) || holdsSecret(mask, said))
      return 'The text holds a secret of this run, so it was not written. Say it without the secret.';
    if (inert(text).trim() === '') return 'The text has nothing in it that can be seen.';
    if (isSignal) counts.signals += 1;
    else {
      const [kind, word] = countedAs(tool);
      if (counts[kind] >= limits[kind]) return `This run has written its ${limits[kind]} ${word}.`;
      counts[kind] += 1;
    }
    return undefined;
  }

  function mostOf({ name }: Tool): number {
    switch (name) {
      case 'signal_done':
        return limits.summaryCharacters;
      case 'propose_action':
        return mostPayload;
      case 'post_comment':
        return limits.commentCharacters;
      case 'claim_paths':
      case 'dispatch_worker':
        return limits.deskCharacters;
      default:
        return limits.descriptionCharacters;
    }
  }

  async function carryOut(tool: Tool, number: number, text: string, found: Arguments): Promise<Answer> {
    switch (tool.name) {
      case 'read_issue':
        return read(shownIssue(await forge.readIssue(number), options));
      case 'read_pr': {
        const pull = await forge.readPull(number);
        return read(shownIssue(pull, options, { merged: pull.merged }));
      }
      case 'read_comments':
        return read(shownComments(await forge.readComments(number), options));
      case 'post_comment':
        return written(() => forge.postComment(number, text));
      case 'update_description':
        return written(() => forge.updateDescription(number, text));
      case 'propose_action':
        return written(() => forge.postComment(scope.issue, text));
      case 'claim_paths':
        return desk((own) => own.claimPaths(linesOf(found.paths ?? '')));
      case 'dispatch_worker':
        return desk((own) => {
          if (own.dispatch === undefined) throw new Error('a tool was offered that nobody carries out');
          return own.dispatch({ issue: found.issue ?? '', mode: found.mode ?? '', prompt: found.prompt });
        });
      case 'signal_done':
        options.signal({ status: found.status ?? 'failure', summary: text });
        return { outcome: 'done', texts: ['Heard. You are done; end now.'] };
    }
  }

  /** What the desk does. */
  async function desk(work: (own: Desk) => Promise<string>): Promise<Answer> {
    const own = options.desk;
    if (own === undefined) throw new Error('a tool of a desk was called where there is none');
    return written(() => work(own));
  }

  function read({ value, notes }: Shown): Answer {
    return { outcome: 'done', texts: [JSON.stringify(value), ...notes].map((text) => mask.apply(text)) };
  }

  async function written(write: () => Promise<string>): Promise<Answer> {
    const work = lastWrite.then(write);
    lastWrite = work.catch(() => undefined);
    return { outcome: 'done', texts: [mask.apply(await work)] };
  }

  return call;
}

/** What a written text counts as, in the plural. */
function countedAs({
  name,
}: Tool): ['comments' | 'descriptions' | 'proposals' | 'claims' | 'workers', string] {
  if (name === 'post_comment') return ['comments', 'comments'];
  if (name === 'claim_paths') return ['claims', 'claims'];
  if (name === 'dispatch_worker') return ['workers', 'calls for workers'];
  return name === 'propose_action'
    ? ['proposals', 'proposals']
    : ['descriptions', 'changes of a description'];
}

/** Whether it asks nothing of the forge. */
function isOfDesk({ name }: Tool): boolean {
  return name === 'claim_paths' || name === 'dispatch_worker';
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** A proposal as the role escalation takes it up, with every text in it as it is read; or why it is none. */
function proposalOf(
  { type = '', payload = '' }: Arguments,
  repository: string,
): { why?: string; block: string; said: string } {
  const read = readPayload(type, payload, repository);
  if (!read.ok) return { why: `This is no ${type}: ${read.why}.`, block: '', said: '' };
  return {
    block: proposalBlock(type, JSON.parse(payload)),
    said: Object.values(read.payload)
      .flatMap((value) =>
        typeof value === 'object' && value !== null ? Object.entries(value).flat() : [value],
      )
      .join('\n'),
  };
}

function cutPlain(text: string, limit: number): string {
  return plain(text.slice(0, limit).toWellFormed());
}
