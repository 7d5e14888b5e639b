import { sameLogin } from '../../core/accounts.ts';
import type { Change } from '../../core/change.ts';
import { formatFault } from '../../core/errors.ts';
import { commentSign } from '../../core/own-comment.ts';
import { keep } from '../../core/plan.ts';
import { code } from '../../core/text/inert.ts';
import { firstLine } from '../../core/text/lines.ts';
import type { AskedAction, Tier } from '../../core/vault/action.ts';
import { type Verdict, verdictOn } from '../../core/vault/verdict.ts';
import { workflowFaults } from '../../core/vault/workflow.ts';
import { verdictSettings } from './settings.ts';
import type {
  RequestedAction,
  RequestedDocument,
  RequestState,
  ReviewState,
  VaultSettings,
} from './state.ts';
import { autoApproved, holdText, reviewSign, statusContext } from './text.ts';

type ReviewChange = Change<
  'keep' | 'set-status' | 'comment' | 'update-comment' | 'approve-pull' | 'merge-pull'
>;

/** What is said of one thing that a pull request brings, and whether it could run once that is merged. */
interface Opinion {
  state: 'success' | 'pending' | 'failure';
  /** `null` where nothing would run. */
  tier: Tier | null;
  lines: string[];
}

/** One status and one comment per pull request that asks for something, kept up to date. */
export function review(settings: VaultSettings, state: ReviewState): ReviewChange[] {
  return state.requests.flatMap((request) => reviewOf(settings, state, request));
}

function reviewOf(settings: VaultSettings, state: ReviewState, request: RequestState): ReviewChange[] {
  const { number, headSha, content } = request;
  const actions = content.kind === 'read' ? content.actions : [];
  const documents = content.kind === 'read' ? content.documents : [];
  const asked = actions.map((action) => opinionOf(settings, state, request, action));
  const opinions = [
    ...asked,
    ...documents.map(opinionOfDocument),
    ...(content.kind === 'troubled' ? [failure('It could not be looked at', [content.trouble])] : []),
  ];
  const worst: Opinion['state'] =
    (['failure', 'pending'] as const).find((item) => opinions.some((opinion) => opinion.state === item)) ??
    'success';
  const merging = mergingOf(settings, request, asked);
  const description = {
    failure: 'could not run: see the comment',
    pending: `${opinions.some(({ tier }) => tier === 'high') ? 'approval is missing' : 'pending async review'}: see the comment`,
    success:
      merging.kind === 'ours'
        ? autoApproved
        : actions.length === 0
          ? 'can be read, and agrees with what it starts'
          : 'could run once it is merged',
  }[worst];
  const text = [
    ...opinions.map(({ lines }) => lines.join('\n')),
    ...othersText(request.others),
    ...mergingText(merging),
  ].join('\n\n');
  const named = [...actions.map(({ id }) => id), ...documents.map(({ file }) => file)];
  const what = `#${number}${named.length === 0 ? '' : ` (${named.join(', ')})`}`;
  const shared = { repository: state.repository, why: `${what}: ${description}` };
  const changes: ReviewChange[] = [
    ...(request.status?.state === worst && request.status.description === description
      ? []
      : [
          {
            ...shared,
            kind: 'set-status' as const,
            commit: headSha,
            state: worst,
            context: statusContext,
            description,
          },
        ]),
    ...commentOf(request, { ...shared, issue: number, text, sign: reviewSign }),
    ...(merging.kind === 'ours' ? mergeOf(state, request, what) : []),
  ];
  return changes.length === 0 ? [keep(`${what}: ${description}`)] : changes;
}

/** Our comment, where it is not there yet or says something else. */
function commentOf({ comment }: RequestState, wanted: Omit<Change<'comment'>, 'kind'>): ReviewChange[] {
  if (comment === null) return [{ ...wanted, kind: 'comment' }];
  return comment.body === `${wanted.text}\n\n${commentSign(wanted.sign)}`
    ? []
    : [{ ...wanted, kind: 'update-comment', id: comment.id }];
}

function othersText(others: string[]): string[] {
  if (others.length === 0) return [];
  const more = others.length > 10 ? ` and ${others.length - 10} more` : '';
  return [`This pull request also changes ${others.slice(0, 10).map(code).join(', ')}${more}.`];
}

/** Who merges a pull request: nothing is said of it, the role itself, or a person although all of it is low. */
type Merging = { kind: 'unsaid' } | { kind: 'ours' } | { kind: 'person'; why: string };

function mergingOf(settings: VaultSettings, { isDraft, content }: RequestState, asked: Opinion[]): Merging {
  const isLow = asked.every(({ state, tier }) => state === 'success' && tier === 'low');
  if (settings['low-tier'] !== 'auto-merge' || content.kind !== 'read' || asked.length === 0 || !isLow)
    return { kind: 'unsaid' };
  if (isDraft) return { kind: 'person', why: 'it is a draft' };
  return content.onlyAddsActions
    ? { kind: 'ours' }
    : { kind: 'person', why: 'only what does nothing but add actions is merged without anybody' };
}

function mergingText(merging: Merging): string[] {
  if (merging.kind === 'unsaid') return [];
  return [
    merging.kind === 'ours'
      ? `${code(autoApproved)}: it is merged without anybody's doing.`
      : `A person merges it: ${merging.why}.`,
  ];
}

/** The trail is an approval of our own, which no proof counts, and the message of the merge. */
function mergeOf(
  { account, repository, mergeStyle }: ReviewState,
  { number, headSha, author, isApprovedByUs }: RequestState,
  what: string,
): ReviewChange[] {
  const shared = { repository, pull: number, commit: headSha, text: autoApproved, why: `${what}: low` };
  const key = `approve #${number}`;
  const approves = !sameLogin(author, account.login) && !isApprovedByUs;
  return [
    ...(approves ? [{ ...shared, kind: 'approve-pull' as const, key }] : []),
    { ...shared, kind: 'merge-pull' as const, style: mergeStyle, ...(approves ? { after: [key] } : {}) },
  ];
}

/** Something that could not run until somebody mends it. */
function failure(title: string, reasons: string[]): Opinion {
  return {
    state: 'failure',
    tier: null,
    lines: [`### ${title}`, '', ...reasons.map((reason) => `- ${code(reason)}`)],
  };
}

function opinionOf(
  settings: VaultSettings,
  state: ReviewState,
  { author }: RequestState,
  requested: RequestedAction,
): Opinion {
  const { id } = requested;
  switch (requested.kind) {
    case 'faulty':
      return failure(`${code(id)} could not run`, requested.faults.map(formatFault));
    case 'spent':
      return failure(`${code(id)} could not run`, [`the id ${id} is used already: an id is used once`]);
    case 'human':
      return asksPerson(id, requested.action.action_required.description);
    case 'open': {
      const { action, blob, candidate } = requested;
      const verdict = verdictOn({
        action,
        blob,
        candidate,
        policy: state.policy,
        settings: verdictSettings(settings, state.account.login),
        now: state.now,
      });
      if (verdict.kind === 'human') return asksPerson(id, verdict.action.action_required.description);
      if (verdict.kind === 'faulty')
        return failure(
          `${code(id)} could not run`,
          verdict.faults.map((fault) => (fault.file === action.file ? fault.message : formatFault(fault))),
        );
      return weighedOpinion(id, author, verdict);
    }
  }
}

function asksPerson(id: string, description: string): Opinion {
  return {
    state: 'success',
    tier: null,
    lines: [`### ${code(id)} asks a person`, '', `Nothing will run: ${code(firstLine(description))}`],
  };
}

type WeighedVerdict = Exclude<Verdict, { kind: 'human' } | { kind: 'faulty' }>;

/** What would run, how far it reaches, and what is missing. */
function weighedOpinion(id: string, author: string, verdict: WeighedVerdict): Opinion {
  const { action, formula, tier, tierReason, workflow, exposedTo, isTooExposed } = verdict;
  const isApproved = verdict.kind === 'allowed' || verdict.kind === 'held';
  return {
    state: isTooExposed ? 'failure' : isApproved ? 'success' : 'pending',
    tier,
    lines: [
      `### ${code(id)}`,
      '',
      `- runs ${code(action.formula)}: ${code(firstLine(formula.description))}`,
      `- with ${secretsText(action)}${inputsText(action)}`,
      `- tier **${tier}**: ${code(tierReason)}`,
      `- ${approvalText(verdict, author)}`,
      ...(verdict.kind === 'held' ? [`- once it is merged it waits: ${code(holdText(verdict.hold))}`] : []),
      ...(workflow.gate.kind === 'gated'
        ? []
        : [
            `- its workflow can run without its gate, because ${workflow.gate.why}: whoever may start it by hand runs it without any of this`,
          ]),
      ...(exposedTo.length === 0
        ? []
        : [
            `- its secrets can be read by ${exposedTo.map(code).join(', ')}, who can push to the repository whose CI holds them and may not approve${isTooExposed ? ': for this tier that is refused' : ''}`,
          ]),
    ],
  };
}

/** What is still missing, who can give it, and the way out when nobody can. */
function approvalText(verdict: WeighedVerdict, author: string): string {
  switch (verdict.kind) {
    case 'allowed':
    case 'exposed':
    case 'held':
      return verdict.approvals.length === 0
        ? 'needs no approval'
        : `approved by ${verdict.approvals.map(({ login }) => code(login)).join(', ')}`;
    case 'unknown':
      return `whether it is approved could not be found out: ${code(verdict.reason)}`;
    case 'denied': {
      const { givers, rule } = verdict;
      const reasons = verdict.reasons.map((reason) => code(reason.replace(/^#\d+ /, ''))).join('; ');
      if (givers.kind === 'unknown') return reasons;
      return givers.logins.length < rule.approvals
        ? `${reasons}. **Nobody can give it**: ${givers.logins.length} of the ${rule.approvals} needed may approve what ${code(author)} asks. Give a second person write access, or change the rule in ${code('vault/policy.toml')}`
        : `${reasons}. It can come from ${givers.logins.slice(0, 10).map(code).join(', ')}`;
    }
  }
}

function secretsText({ secrets }: AskedAction): string {
  return secrets.length === 0
    ? 'no secrets'
    : `the ${secrets.length === 1 ? 'secret' : 'secrets'} ${secrets.map(code).join(', ')}`;
}

function inputsText({ inputs }: AskedAction): string {
  const all = Object.entries(inputs ?? {});
  return all.length === 0 ? '' : ` and ${all.map(([name, value]) => code(`${name} = ${value}`)).join(', ')}`;
}

/** Of a formula or a policy: people decide about it; what is said is whether it could work. */
function opinionOfDocument(document: RequestedDocument): Opinion {
  const { file } = document;
  const wrong =
    document.kind === 'faulty'
      ? document.faults.map(formatFault)
      : document.kind === 'formula'
        ? workflowFaults(document.document, document)
        : [];
  if (wrong.length > 0) return failure(`${code(file)} could not work`, wrong);
  const line =
    document.kind === 'policy'
      ? 'decides who may approve what: it counts once it is merged'
      : document.kind === 'formula-elsewhere'
        ? 'can be read; its workflow is in another repository, and is compared once this is merged'
        : 'can be read, and agrees with its workflow';
  return { state: 'success', tier: null, lines: [`### ${code(file)}`, '', `- ${line}`] };
}
