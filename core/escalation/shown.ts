import { codePoint } from '../text/characters.ts';
import { code } from '../text/inert.ts';
import { whole } from '../text/whole.ts';
import type { Payload } from './payload.ts';
import { type ProposalRecord, type RunFacts, shortDigest } from './record.ts';

// What people are shown before they click, and what is written into what they approved. Every value is whole, and code, so that
// nothing in it is markup, a link, a mention, or another proposal. Pure.

type Fields = [name: string, value: string][];

function fieldsOf(payload: Payload, run: RunFacts | null): Fields {
  switch (payload.type) {
    case 'issue-create':
      return [
        ['Repository', payload.repo],
        ['Title', payload.title],
        ...payload.labels.map((label): [string, string] => ['Label', label]),
        ['Body', payload.body],
      ];
    case 'pr-create':
      return [
        ['Repository', payload.repo],
        ['From branch', payload.head],
        ['Into branch', payload.base],
        ['Title', payload.title],
        ['Body', payload.body],
      ];
    case 'ci-run':
      return [
        ['Repository', payload.repo],
        ['Branch', payload.branch],
        ...(run === null ? [] : runFields(run)),
        ...Object.entries(payload.inputs)
          .sort(([one], [other]) => (one < other ? -1 : 1))
          .map(([name, value]): [string, string] => [`Input ${code(name)}`, value]),
      ];
  }
}

function runFields(run: RunFacts): Fields {
  return run.backend === 'forgejo-workflow'
    ? [
        ['Commit', run.commit],
        ['Workflow', run.file],
      ]
    : [['Commit', run.commit], ...run.workflows.map((name): [string, string] => ['Workflow', name])];
}

const headings: Record<Payload['type'], string> = {
  'issue-create': 'create an issue',
  'pr-create': 'open a pull request',
  'ci-run': 'start a run',
};

/** The comment of a proposal, without the line that tells it from others. */
export function proposalText(
  record: Pick<ProposalRecord, 'id' | 'payload' | 'run' | 'request' | 'rule' | 'expires' | 'renews'> & {
    digest: string;
  },
): string {
  const { id, payload, run, request, rule, expires, renews, digest } = record;
  return [
    `### Proposal ${code(id)}: ${headings[payload.type]}`,
    '',
    'If enough people approve it, exactly this is done, once:',
    '',
    ...fieldsOf(payload, run).flatMap(([name, value]) => fieldLines(name, value)),
    '',
    ...notesOn(payload, run),
    `- Asked for by ${code(request.asker.login)}${request.proposer === null ? '' : `, proposed by ${code(request.proposer.login)}`}.`,
    `- ${approversText(rule, payload.repo)} may approve it${rule.selfApprove ? '' : ', and not whoever asked'}. ${rule.approvals} of them ${rule.approvals === 1 ? 'is' : 'are'} enough.`,
    `- It can be approved until ${minuteOf(expires)}.`,
    `- Its digest is ${code(shortDigest(digest))}.`,
    ...(renews === null ? [] : [`- It takes the place of ${code(renews)}, which is void.`]),
    '',
    `To approve it, react to this comment with 👍 or 🚀${rule.comments ? `, or write \`/approve ${shortDigest(digest)}\` as a comment` : ''}. To turn it down for good, react with 👎. Whoever edits this comment makes the proposal void.`,
  ].join('\n');
}

function fieldLines(name: string, value: string): string[] {
  const shown = whole(value);
  if (shown.kind === 'block') return [`- ${name}:`, '', ...shown.lines, ''];
  const strange = [...new Set(value)].filter((character) => /[^\u0020-\u007e]/.test(character));
  const hint =
    strange.length === 0
      ? ''
      : ` (with ${strange.slice(0, 8).map(codePoint).join(', ')}${strange.length > 8 ? ' and more' : ''})`;
  return [`- ${name}: ${shown.text}${hint}`];
}

function notesOn(payload: Payload, run: RunFacts | null): string[] {
  if (payload.type !== 'ci-run') return ['- The first line of its body says who asked and who approved.'];
  return run?.backend === 'woodpecker-pipeline'
    ? [
        '- Woodpecker starts every workflow named here. If the branch has moved by then, nothing is started.',
        ...nonceNote(true),
      ]
    : nonceNote(run?.takesNonce === true);
}

function nonceNote(isGiven: boolean): string[] {
  return isGiven ? [`- The run is also told ${code('nonce')}, by which it is found again.`] : [];
}

/** A moment as people read it. */
export function minuteOf(time: string): string {
  return `${time.slice(0, 16).replace('T', ' ')} UTC`;
}

function approversText({ approvers }: ProposalRecord['rule'], repository: string): string {
  if (approvers === 'write') return `Everybody with write access to ${code(repository)}`;
  if (approvers === 'admin') return `The admins of ${code(repository)}`;
  return approvers.map(code).join(', ');
}

/** The hidden last line of what was created, by which it is found again. */
export function createdMark({ id, digests }: Pick<ProposalRecord, 'id' | 'digests'>): string {
  return `<!-- forgecrew-escalation: ${id} ${digests.payload} -->`;
}

/**
 * The body of what is created: who asked and who approved, the payload's, and the mark. Its first line is ours: below the payload's
 * body, a fence that this opens and never closes would swallow it.
 */
export function createdBody(
  record: Pick<ProposalRecord, 'id' | 'digests' | 'request' | 'thread'> & { payload: { body: string } },
  approvers: string[],
): string {
  const { payload, request, thread } = record;
  return [
    `Asked for by ${code(request.asker.login)} in ${code(`${thread.repository}#${thread.number}`)}, approved by ${approvers.map(code).join(', ')}.`,
    '',
    ...(payload.body === '' ? [] : ['---', '', payload.body, '']),
    createdMark(record),
  ].join('\n');
}

/** What a pipeline on Woodpecker is told. */
export function variablesOf(inputs: Record<string, string>, nonce: string): Record<string, string> {
  return { ...inputs, nonce };
}

/** Since when something could have been made of a claim; clocks may differ by a minute. */
export function createdSince({ at }: { at: string }): string {
  return new Date(Date.parse(at) - 60_000).toISOString();
}
