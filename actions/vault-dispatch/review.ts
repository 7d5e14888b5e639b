import type { Change } from '../../core/change.ts';
import { formatFault } from '../../core/errors.ts';
import { commentSign } from '../../core/own-comment.ts';
import { keep } from '../../core/plan.ts';
import { code, firstLine } from '../../core/text/markdown.ts';
import type { AskedAction, Tier } from '../../core/vault/action.ts';
import { proveApproval } from '../../core/vault/approval.ts';
import { disagreements } from '../../core/vault/formula.ts';
import { type Policy, type Rule, ruleOf, tierOf } from '../../core/vault/policy.ts';
import { exposedTo, ownAccounts, workflowFaults } from './judge.ts';
import type { Candidate, RequestState, VaultSettings, VaultState } from './state.ts';
import { autoApproved, reviewSign, statusContext } from './text.ts';

type ReviewChange = Change<
  'keep' | 'set-status' | 'comment' | 'update-comment' | 'approve-pull' | 'merge-pull'
>;

/** What is said of one action of a pull request, and whether it could run once that is merged. */
interface Opinion {
  state: 'success' | 'pending' | 'failure';
  /** `null` where nothing would run. */
  tier: Tier | null;
  lines: string[];
}

/** One status and one comment per pull request that asks for something, kept up to date. */
export function review(settings: VaultSettings, state: VaultState, policy: Policy): ReviewChange[] {
  return state.requests.flatMap((request): ReviewChange[] => {
    const asked = request.actions.map((action) => opinionOf(settings, state, policy, request, action));
    const opinions = [
      ...asked,
      ...request.documents.map(opinionOfDocument),
      ...(request.trouble === undefined
        ? []
        : [
            {
              state: 'failure' as const,
              tier: null,
              lines: ['### It could not be looked at', '', `- ${code(request.trouble)}`],
            },
          ]),
    ];
    const worst: Opinion['state'] =
      (['failure', 'pending'] as const).find((item) => opinions.some((opinion) => opinion.state === item)) ??
      'success';
    const merges = mayMerge(settings, request, asked);
    const isHigh = opinions.some(({ tier }) => tier === 'high');
    const description = {
      failure: 'could not run: see the comment',
      pending: `${isHigh ? 'approval is missing' : 'pending async review'}: see the comment`,
      success:
        merges === 'yes'
          ? autoApproved
          : request.actions.length === 0
            ? 'can be read, and agrees with what it starts'
            : 'could run once it is merged',
    }[worst];
    const text = [
      ...opinions.map(({ lines }) => lines.join('\n')),
      ...(request.others.length === 0
        ? []
        : [
            `This pull request also changes ${request.others.slice(0, 10).map(code).join(', ')}${request.others.length > 10 ? ` and ${request.others.length - 10} more` : ''}.`,
          ]),
      ...(merges === 'no'
        ? []
        : merges === 'yes'
          ? [`${code(autoApproved)}: it is merged without anybody's doing.`]
          : [merges]),
    ].join('\n\n');
    const named = [...request.actions.map(({ id }) => id), ...request.documents.map(({ file }) => file)];
    const what = `#${request.number}${named.length === 0 ? '' : ` (${named.join(', ')})`}`;
    const isSet = request.status?.state === worst && request.status.description === description;
    const isSaid = request.comment?.body === `${text}\n\n${commentSign(reviewSign)}`;
    const shared = { repository: state.repository, why: `${what}: ${description}` };
    const said = { ...shared, issue: request.number, text, sign: reviewSign };
    const merging = merges === 'yes' ? mergeOf(state, request, what) : [];
    if (isSet && isSaid && merging.length === 0) return [keep(`${what}: ${description}`)];
    return [
      ...(isSet
        ? []
        : [
            {
              ...shared,
              kind: 'set-status' as const,
              commit: request.headSha,
              state: worst,
              context: statusContext,
              description,
            },
          ]),
      ...(isSaid
        ? []
        : request.comment === null
          ? [{ ...said, kind: 'comment' as const }]
          : [{ ...said, kind: 'update-comment' as const, id: request.comment.id }]),
      ...merging,
    ];
  });
}

/** Whether the role merges a pull request itself, or why a person does although all of it is low. */
function mayMerge(settings: VaultSettings, request: RequestState, asked: Opinion[]): string {
  if (settings['low-tier'] !== 'auto-merge' || asked.length === 0) return 'no';
  if (!asked.every(({ state, tier }) => state === 'success' && tier === 'low')) return 'no';
  if (request.isDraft) return 'A person merges it: it is a draft.';
  return request.onlyAddsActions
    ? 'yes'
    : 'A person merges it: only what does nothing but add actions is merged without anybody.';
}

/** The trail is an approval of our own, which no proof counts, and the message of the merge. */
function mergeOf(
  { account, repository, mergeStyle }: VaultState,
  { number, headSha, author, isApprovedByUs }: RequestState,
  what: string,
): ReviewChange[] {
  const shared = { repository, pull: number, commit: headSha, text: autoApproved, why: `${what}: low` };
  const isOwn = author.toLowerCase() === account.login.toLowerCase();
  const key = `approve #${number}`;
  const approves = !isOwn && !isApprovedByUs;
  return [
    ...(approves ? [{ ...shared, kind: 'approve-pull' as const, key }] : []),
    { ...shared, kind: 'merge-pull' as const, style: mergeStyle, ...(approves ? { after: [key] } : {}) },
  ];
}

function opinionOf(
  settings: VaultSettings,
  state: VaultState,
  policy: Policy,
  request: RequestState,
  { id, file, blob, parsed, isSpent, candidate }: RequestState['actions'][number],
): Opinion {
  const failed = (reasons: string[]): Opinion => ({
    state: 'failure',
    tier: null,
    lines: [`### ${code(id)} could not run`, '', ...reasons.map((reason) => `- ${code(reason)}`)],
  });
  if (!parsed.ok) return failed(parsed.faults.map(formatFault));
  const { document } = parsed;
  if (document.kind === 'human')
    return {
      state: 'success',
      tier: null,
      lines: [
        `### ${code(id)} asks a person`,
        '',
        `Nothing will run: ${code(firstLine(document.action_required.description))}`,
      ],
    };
  if (isSpent) return failed([`the id ${id} is used already: an id is used once`]);
  if (candidate === null) throw new Error(`${file} was not looked into`);
  if (candidate.formula === null)
    return failed([`there is no formula vault/formulas/${document.formula}.toml`]);
  if (!candidate.formula.ok) return failed(candidate.formula.faults.map(formatFault));
  const formula = candidate.formula.document;
  const wrong = [...disagreements(document, formula), ...workflowFaults(formula, candidate, document)];
  if (wrong.length > 0) return failed(wrong);
  const { tier, why } = tierOf(document, policy, formula, settings['policy-source']);
  const rule = ruleOf(policy, tier);
  const proof = proveApproval(blob, candidate.pulls, rule, candidate.rights);
  const exposed = exposedTo(rule, candidate, ownAccounts(settings, state));
  const tooExposed = exposed.length > 0 && tier === 'high' && !settings['accept-exposed-secrets'];
  return {
    state: tooExposed ? 'failure' : proof.verdict === 'approved' ? 'success' : 'pending',
    tier,
    lines: [
      `### ${code(id)}`,
      '',
      `- runs ${code(document.formula)}: ${code(firstLine(formula.description))}`,
      `- with ${describeSecrets(document)}${describeInputs(document)}`,
      `- tier **${tier}**: ${code(why)}`,
      `- ${missing(proof, rule, candidate, request)}`,
      ...(candidate.workflow?.isGated === true
        ? []
        : ['- its workflow has no gate, so whoever may start it by hand runs it without any of this']),
      ...(exposed.length === 0
        ? []
        : [
            `- its secrets can be read by ${exposed.map(code).join(', ')}, who can push to the repository whose CI holds them and may not approve${tooExposed ? ': for this tier that is refused' : ''}`,
          ]),
    ],
  };
}

/** Of a formula or a policy: people decide about it; what is said is whether it could work. */
function opinionOfDocument(document: RequestState['documents'][number]): Opinion {
  const { file, parsed } = document;
  const wrong = !parsed.ok
    ? parsed.faults.map(formatFault)
    : document.kind === 'formula' && document.parsed.ok && !document.isElsewhere
      ? workflowFaults(document.parsed.document, document)
      : [];
  return wrong.length > 0
    ? {
        state: 'failure',
        tier: null,
        lines: [`### ${code(file)} could not work`, '', ...wrong.map((reason) => `- ${code(reason)}`)],
      }
    : {
        state: 'success',
        tier: null,
        lines: [
          `### ${code(file)}`,
          '',
          document.kind === 'policy'
            ? '- decides who may approve what: it counts once it is merged'
            : document.isElsewhere
              ? '- can be read; its workflow is in another repository, and is compared once this is merged'
              : '- can be read, and agrees with its workflow',
        ],
      };
}

function describeSecrets({ secrets }: AskedAction): string {
  return secrets.length === 0
    ? 'no secrets'
    : `the ${secrets.length === 1 ? 'secret' : 'secrets'} ${secrets.map(code).join(', ')}`;
}

function describeInputs({ inputs }: AskedAction): string {
  const all = Object.entries(inputs ?? {});
  return all.length === 0 ? '' : ` and ${all.map(([name, value]) => code(`${name} = ${value}`)).join(', ')}`;
}

/** What is still missing, who can give it, and the way out when nobody can. */
function missing(
  proof: ReturnType<typeof proveApproval>,
  rule: Rule,
  { rights }: Candidate,
  { author }: RequestState,
): string {
  if (proof.verdict === 'approved')
    return proof.approvals.length === 0
      ? 'needs no approval'
      : `approved by ${proof.approvals.map(({ login }) => code(login)).join(', ')}`;
  if (proof.verdict === 'unknown')
    return `whether it is approved could not be found out: ${code(proof.reason)}`;
  const never = [...rights.never, author].map((login) => login.toLowerCase());
  const named = (logins: string[]): string[] =>
    logins.filter(
      (login) =>
        !never.includes(login.toLowerCase()) &&
        rights.writers.some((writer) => writer.toLowerCase() === login.toLowerCase()),
    );
  const { approvers } = rule;
  const able =
    approvers === 'write'
      ? named(rights.writers)
      : approvers === 'admin'
        ? Array.isArray(rights.admins)
          ? named(rights.admins)
          : undefined
        : named(
            approvers.flatMap((entry) => {
              const team = rights.teams[entry];
              return entry.startsWith('@') ? (Array.isArray(team) ? team : []) : [entry];
            }),
          );
  const reasons = proof.reasons.map((reason) => code(reason.replace(/^#\d+ /, ''))).join('; ');
  if (able === undefined) return reasons;
  return able.length < rule.approvals
    ? `${reasons}. **Nobody can give it**: ${able.length} of the ${rule.approvals} needed may approve what ${code(author)} asks. Give a second person write access, or change the rule in ${code('vault/policy.toml')}`
    : `${reasons}. It can come from ${able.slice(0, 10).map(code).join(', ')}`;
}
