import type { Change } from '../../core/change.ts';
import { allowedText } from '../../core/escalation/policy.ts';
import { dayOf } from '../../core/escalation/record.ts';
import { mostCostOf } from '../../core/model/settings.ts';
import { notice } from '../../core/plan.ts';
import { plain } from '../../core/text/log-line.ts';
import { spelledOut } from '../../core/text/visible.ts';
import { systemPrompt } from './prompts/answer.ts';
import type { EscalationSettings, Live, Material, RequestSeen, Thread } from './state.ts';
import { limitText, requestKey, signs, threadName, toldKeys } from './text.ts';
import { told } from './told.ts';

// One request: asked of the model, or why it is not. Pure.

type AskChange = Change<'ask-model' | 'comment' | 'keep' | 'write-files'>;

/** The question for a request, or what is said in its place. */
export function ask(settings: EscalationSettings, state: Live, request: RequestSeen): AskChange[] {
  const { thread, comment, asker, material } = request;
  const over = limitOf(settings, state, request);
  if (over !== undefined) {
    const key = `limit ${comment.id}`;
    return [
      {
        kind: 'comment',
        key,
        repository: thread.repository,
        issue: thread.number,
        text: limitText(over),
        sign: signs.limit(dayOf(state.now)),
        mayDecline: true,
        why: over,
      },
      // It is over with: tomorrow it would be an answer to what somebody has long done in another way.
      told(state, toldKeys.answer(comment.id), [key]),
    ];
  }
  if (material === undefined) return [];
  const question = {
    system: systemPrompt({
      allowed: allowedText(state.policy.policy),
      mostActions: settings['max-actions'],
    }),
    prompt: promptFor(settings, request, material),
  };
  const costs = costLimit(settings, state, mostCostOf(settings, question));
  if (costs !== undefined)
    return [notice(`the request of ${asker.login} in ${threadName(thread)} is not answered now`, costs)];
  return [
    {
      kind: 'ask-model',
      key: requestKey(comment.id),
      what: `an answer to ${asker.login} in ${threadName(thread)}`,
      engine: settings.engine,
      ...question,
      about: { purpose: 'answer', thread, comment: comment.id, asker: asker.login, request: comment.body },
      why: `comment ${comment.id}`,
    },
  ];
}

/** What counts against the limits: answers of this day on record, and those of this run that are about to be. */
function answered({ today, requests, said }: Live): { thread: Thread; asker: number; cost: number | null }[] {
  return [
    ...today.map(({ thread, request, cost }) => ({ thread, asker: request.asker.id, cost })),
    ...requests.flatMap(({ thread, asker, comment }) => {
      const answer = said[requestKey(comment.id)];
      return answer === undefined ? [] : [{ thread, asker: asker.id, cost: answer.use.cost }];
    }),
  ];
}

/** Why a request is not answered today, or undefined. */
function limitOf(
  settings: EscalationSettings,
  state: Live,
  { thread, asker }: RequestSeen,
): string | undefined {
  const all = answered(state);
  const inThread = all.filter((item) => threadName(item.thread) === threadName(thread)).length;
  const ofPerson = all.filter((item) => item.asker === asker.id).length;
  if (inThread >= settings['answers-per-thread']) return `${inThread} were answered here today`;
  if (ofPerson >= settings['answers-per-person']) return `${ofPerson} of the same person were answered today`;
  if (all.length >= settings['answers-per-day']) return `${all.length} were answered today in all`;
  return undefined;
}

/** Why no model is asked any more, or undefined. `ahead`: the most that the next question can cost. */
function costLimit(settings: EscalationSettings, state: Live, ahead: number): string | undefined {
  const inRun = Object.values(state.said).map(({ use }) => use.cost);
  const ofDay = answered(state).map(({ cost }) => cost);
  for (const [name, costs] of [
    ['max-cost-per-run', inRun],
    ['max-cost-per-day', ofDay],
  ] as const) {
    const limit = settings[name];
    if (limit === undefined) continue;
    if (costs.includes(null)) return `${name} is ${limit}, and what a call cost is not known`;
    const spent = costs.reduce((sum: number, cost) => sum + (cost ?? 0), 0);
    if (spent >= limit) return `${name} is ${limit}, and ${spent.toFixed(4)} is spent`;
    if (spent + ahead > limit)
      return `${name} is ${limit}, ${spent.toFixed(4)} is spent, and this question can cost ${ahead.toFixed(4)}`;
  }
  return undefined;
}

/** The material with everything visible, cut from its oldest comments first. */
function promptFor(
  settings: EscalationSettings,
  { comment, asker }: RequestSeen,
  material: Material,
): string {
  const most = settings['max-context'];
  const request = part(`Request by ${asker.login}`, comment.body.slice(0, most));
  const head = part(
    `${material.isPull ? 'Pull request' : 'Issue'} by ${material.author}: ${material.title.slice(0, 300)}`,
    material.body.slice(0, most / 4),
  );
  const files = material.files.map(({ name, text }) => part(`File ${name}`, text.slice(0, most / 8)));
  let left = most - [request, head, ...files].reduce((sum, text) => sum + text.length, 0);
  const comments: string[] = [];
  for (const { by, at, body } of material.comments.toReversed()) {
    const text = part(`Comment by ${by} at ${at}`, body);
    left -= text.length;
    if (left < 0) break;
    comments.unshift(text);
  }
  return [...files, head, ...comments, request].join('\n');
}

/** Whatever cannot be seen is spelled out, so that nothing is hidden from whoever reads along. */
function part(title: string, text: string): string {
  return `## ${plain(title)}\n${spelledOut(text)}\n`;
}
