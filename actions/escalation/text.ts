import { actionsIn, type WrittenAction } from '../../core/escalation/answer.ts';
import type {
  AnswerRecord,
  DecidedRecord,
  OutcomeRecord,
  ProposalRecord,
} from '../../core/escalation/record.ts';
import { code, inert } from '../../core/text/inert.ts';
import type { Thread } from './state.ts';

/** What tells our own comments apart. */
export const signs = {
  answer: (comment: number) => `crew answer ${comment}`,
  offer: (comment: number) => `crew offer ${comment}`,
  proposal: (id: string) => `crew proposal ${id}`,
  waits: (id: string) => `crew waits ${id}`,
  end: (id: string) => `crew end ${id}`,
  mayNot: (login: string) => `crew note ${login}`,
  edited: (comment: number) => `crew edited ${comment}`,
  limit: (day: string) => `crew limit ${day}`,
};

/** Names of files that say what a thread was told. */
export const toldKeys = {
  answer: (comment: number) => `a${comment}`,
  offer: (comment: number) => `o${comment}`,
  /** That an account heard that it may not ask. */
  mayNot: (account: number) => `n${account}`,
  /** That a proposal is approved and not carried out yet. */
  waits: (id: string) => `w${id}`,
};

export function requestKey(comment: number): string {
  return `answer ${comment}`;
}

export function threadName({ repository, number }: Thread): string {
  return `${repository}#${number}`;
}

/** What the model said, of the talk on record. */
export function saidIn({ talk }: AnswerRecord): string {
  return talk.flatMap((line) => (line.role === 'assistant' ? [line.text] : [])).join('\n');
}

export function actionsOf(record: AnswerRecord): WrittenAction[] {
  return actionsIn(saidIn(record)).actions;
}

/** Longer than this nobody reads an answer. */
const longestAnswer = 20_000;

/** An answer as a thread gets it: inert, with what became of its actions. */
export function answerText(record: AnswerRecord, lines: string[]): string {
  const said = actionsIn(saidIn(record)).text;
  const cut = said.length > longestAnswer ? `${said.slice(0, longestAnswer)}\n\n(cut here)` : said;
  return [
    inert(cut === '' ? '(The model said nothing.)' : cut),
    ...(lines.length === 0 ? [] : ['', '---', ...lines]),
  ].join('\n');
}

export function proposedLine(id: string): string {
  return `- Proposed as ${code(id)}, in a comment of its own.`;
}

export function refusedLine(type: string, why: string): string {
  return `- ${code(type)} is not proposed: ${code(why)}.`;
}

export function offerText(lines: string[]): string {
  return ['What became of the proposals above:', '', ...lines].join('\n');
}

export function mayNotText(login: string, repository: string): string {
  return `${code(login)} may not ask here: only who may write to ${code(repository)} is answered. This is said once.`;
}

export function editedText(trigger: string): string {
  return `This request was edited, so nobody can tell who wrote what it says now, and it is not answered. Write a new comment that starts with ${code(trigger)}.`;
}

export function limitText(why: string): string {
  return `No more requests are answered here today: ${why}. Ask again tomorrow (UTC).`;
}

/** Why a click has not done anything yet. */
export function waitsText({ id }: Pick<ProposalRecord, 'id'>, why: string, until: string): string {
  return `Proposal ${code(id)} is approved, and waits: ${code(why)}. It is carried out as soon as that is over, unless it expires at ${until} before. This is said once.`;
}

/** What became of a proposal, as one sentence. */
export function endText(
  record: Pick<ProposalRecord, 'id'>,
  decided: DecidedRecord | undefined,
  outcome: OutcomeRecord | undefined,
): string {
  const name = `Proposal ${code(record.id)}`;
  if (decided?.kind === 'claimed') {
    const by = decided.approvals.map(({ login }) => code(login)).join(', ');
    switch (outcome?.kind) {
      case 'done':
        return `${name} was approved by ${by} and carried out: ${code(outcome.answer)}${outcome.url === null ? '' : `, ${outcome.url}`}.`;
      case 'failed':
        return `${name} was approved by ${by} and failed: ${code(outcome.answer)}. It is not tried again; ask anew once the cause is mended.`;
      default:
        return `${name} was approved by ${by}, and whether it was carried out is unknown: ${code(outcome?.answer ?? 'nothing is on record')}. It is not tried again. A person has to look, and ask anew if it was not.`;
    }
  }
  switch (decided?.kind) {
    case 'denied':
      return `${name} was turned down: ${code(decided.why)}. Nothing was done.`;
    case 'expired':
      return `${name} has expired: ${code(decided.why)}. Nothing was done.`;
    case 'superseded':
      return `${name} is superseded: ${code(decided.why)}. Nothing was done.`;
    case 'refused':
      return `${name} can no longer be carried out: ${code(decided.why)}. Nothing was done.`;
    default:
      return `${name} is void, and no click on it counts: ${code(decided?.why ?? '')}. Nothing was done.${decided?.renew === true ? ' A new one is shown in its place.' : ' Ask anew if it is still wanted.'}`;
  }
}
