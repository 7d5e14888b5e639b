import { Buffer } from 'node:buffer';
import { sameAccount } from '../../core/accounts.ts';
import type { Entry } from '../../core/agent/entry.ts';
import type { RunRecord } from '../../core/agent/run-record.ts';
import { besideRef } from '../../core/agent/work/kept-refs.ts';
import { code, codeQuote, inert, inertLine } from '../../core/text/inert.ts';
import type { AgentSettings } from './settings.ts';
import type { AgentState } from './state.ts';

/** The name of the run of an agent among the changes of a plan. */
export const runKey = 'agent run';

export function branchPrefixOf(issue: number): string {
  return `crew/${issue}-`;
}

export function branchOf(issue: number, slug: string): string {
  return `${branchPrefixOf(issue)}${slug}`;
}

/** Where an agent's work is pushed to: a fork of our account, unless the settings say otherwise. */
export function homeOf(
  { 'propose-from': from }: Pick<AgentSettings, 'propose-from'>,
  { login }: { login: string },
  repository: string,
): string {
  return from === 'branch' ? repository : `${login}/${repository.split('/')[1] ?? ''}`;
}

/** The signs of what this role has said, among comments. */
export function signsIn(
  comments: readonly { user?: { id: number } | null | undefined; body: string }[],
  own: { id: number },
): string[] {
  return comments
    .filter(({ user }) => sameAccount(user, own))
    .flatMap(({ body }) => /<!-- forgecrew: (forge-agent [\w#:. -]{1,180}) -->/.exec(body)?.slice(1) ?? []);
}

/** Under which people are told that an agent is not woken any more; undefined for one that is. */
export function exhaustionSign(entry: Pick<Entry, 'exhausted' | 'lease'> | null): string | undefined {
  return entry?.exhausted == null ? undefined : `forge-agent ${entry.exhausted.why} ${entry.lease.id}`;
}

/** The title of the pull request; the forge cuts longer ones at 255 bytes. */
export function pullTitle(agent: string, issueTitle: string): string {
  for (let characters = 200; ; characters -= 20) {
    const title = `${agent}: ${inertLine(issueTitle, characters)}`;
    if (Buffer.byteLength(title, 'utf8') <= 255 || characters <= 20) return title;
  }
}

/** The message of the commit. */
export function commitMessage(agent: string, { title, number }: { title: string; number: number }): string {
  return `${inertLine(title, 200)}\n\nMade by the agent ${agent} for issue ${number}.\n`;
}

/** The description of the pull request: what the agent says, as its words, and what the role knows of it. */
export function pullBody(
  settings: AgentSettings,
  { record, candidate }: { record: RunRecord; candidate: { number: number } },
): string {
  const { signal, end, engine, model, isolation, checks, agent, run_url: url } = record;
  return [
    ...(signal?.status === 'success'
      ? []
      : [
          `**This work is incomplete.** ${signal === null ? `The agent never called it done: ${code(end.why ?? end.how)}.` : `The agent itself calls it ${code(signal.status)}.`}`,
          '',
        ]),
    ...(signal === null || signal.summary.trim() === ''
      ? ['(The agent gave no summary.)']
      : [inert(signal.summary)]),
    '',
    settings.closes ? `Closes #${candidate.number}` : `For #${candidate.number}`,
    '',
    ...checksText(checks),
    `Made by the agent ${code(agent)} (${code(engine.name)}${engine.version === null ? '' : ` ${code(engine.version)}`}${model === null ? '' : `, model ${code(model)}`}), isolated by ${code(isolation.level)}, network ${code(isolation.network)}. A person has to review it.${url === null ? '' : ` [Log of the run](${url}).`}`,
  ].join('\n');
}

function checksText(checks: RunRecord['checks']): string[] {
  if (checks.length === 0) return [];
  return [
    'Checks of its manifest:',
    '',
    ...checks.map(
      ({ command, code: exit }) =>
        `- ${exit === 0 ? 'passed' : exit === null ? 'ended before its time' : `failed with code ${exit}`}: ${code(command)}`,
    ),
    '',
  ];
}

/** Why work is kept beside its branch: somebody pushed there meanwhile, or closed its pull request. */
export type Unpushed = 'moved' | 'closed';

/** What a comment on the issue says of a run that no pull request came of, or `null` where nothing has to be said. */
export function commentText(
  record: RunRecord,
  { isLater, unpushed }: { isLater: boolean; unpushed: Unpushed | null } = { isLater: false, unpushed: null },
): { sign: string; text: string } | null {
  const sign = `forge-agent end ${record.lease}`;
  const { agent, signal, work, end, run_url: url } = record;
  const log = url === null ? [] : ['', `[Log of the run](${url}).`];
  const summary =
    signal === null || signal.summary.trim() === '' ? [] : ['', ...codeQuote(signal.summary.trim())];
  if (work.kind === 'refused')
    return {
      sign,
      text: [
        `The work of ${code(agent)} was not taken:`,
        '',
        ...work.reasons.slice(0, 20).map((reason) => `- ${code(reason)}`),
        ...(work.ref === null ? [] : ['', `It is kept at ${code(work.ref)} of the state repo.`]),
        ...log,
      ].join('\n'),
    };
  if (signal?.status === 'needs_person')
    return { sign, text: [`${code(agent)} needs a person:`, ...summary, ...log].join('\n') };
  if (signal?.status === 'underspecified')
    return {
      sign,
      text: [`This issue does not say enough for ${code(agent)}:`, ...summary, ...log].join('\n'),
    };
  if (work.kind === 'work' && unpushed !== null) {
    const beside = code(besideRef(record.issue, record.round));
    const [what, next] =
      unpushed === 'moved'
        ? [
            'Somebody pushed to the branch',
            `, and ${code(agent)} is asked to do it again on top of what is there now.`,
          ]
        : ['The pull request was closed', '.'];
    return {
      sign,
      text: [
        `${what} while ${code(agent)} worked on round ${record.round}, so its work was not pushed. It is kept at ${beside} beside the branch${next}`,
        ...summary,
        ...log,
      ].join('\n'),
    };
  }
  // The first one is told by the pull request itself.
  if (work.kind === 'work' && !isLater) return null;
  if (work.kind === 'work')
    return {
      sign,
      text: [
        signal?.status === 'success'
          ? `${code(agent)} has finished round ${record.round}:`
          : `${code(agent)} has ended round ${record.round}, and its work is incomplete: ${code(signal?.status ?? end.why ?? end.how)}`,
        ...summary,
        ...log,
      ].join('\n'),
    };
  return {
    sign,
    text: [
      signal === null
        ? `${code(agent)} ended without a result: ${code(end.why ?? end.how)}`
        : signal.status === 'success'
          ? `${code(agent)} calls its work done, and changed no file:`
          : `${code(agent)} says that it failed:`,
      ...summary,
      ...log,
    ].join('\n'),
  };
}

/** How a run ended, in a few words for the state. */
export function endText({ signal, end, work }: RunRecord): string {
  const how = signal === null ? `${end.how}${end.why === null ? '' : `: ${end.why}`}` : signal.status;
  return (work.kind === 'refused' ? `${how}, and its work was refused` : how).slice(0, 500);
}

/** What a reader of the log has to know first. */
export function headline(_: AgentSettings, state: AgentState): string | undefined {
  if (state.kind !== 'looking' || state.mine === null) return undefined;
  const { entry, outcome } = state.mine;
  const what = `${entry.owner}/${entry.repo}#${entry.issue_number}, round ${entry.rounds}`;
  // The first look at it comes after the agent's run, or brings to its end what a run left that was cut off.
  if (outcome === null) return `What ${entry.agent_name} did on ${what}, is brought to its end.`;
  return outcome.end === 'not-started'
    ? `${entry.agent_name} was not started on ${what}.`
    : `${entry.agent_name} worked on ${what}.`;
}
