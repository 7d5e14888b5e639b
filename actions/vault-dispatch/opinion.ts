import { formatFault } from '../../core/errors.ts';
import { code } from '../../core/text/inert.ts';
import { firstLine } from '../../core/text/lines.ts';
import { whole } from '../../core/text/whole.ts';
import type { AskedAction, Tier } from '../../core/vault/action.ts';
import { type Obstacle, type Verdict, verdictOn } from '../../core/vault/verdict.ts';
import { type RunPlace, workflowFaults } from '../../core/vault/workflow.ts';
import { verdictSettings } from './settings.ts';
import type { RequestedAction, RequestedDocument, ReviewState, VaultSettings } from './state.ts';
import { holdText } from './text.ts';

// What is said on a pull request of each thing that it brings: everything that people approve by, and what is missing.

/** What is said of one thing, and whether it could run once it is merged. */
export interface Opinion {
  state: 'success' | 'pending' | 'failure';
  /** `null` where nothing would run. */
  tier: Tier | null;
  /** The first one is a heading. */
  lines: string[];
  /** The commit of another branch that people are to be shown now, because none was shown or it has moved. */
  shows: string | null;
}

/** What is longer nobody reads, and nobody can approve what was not shown. */
const longest = 30_000;

/** Something that could not run until somebody mends it. */
export function failure(title: string, reasons: string[]): Opinion {
  return {
    state: 'failure',
    tier: null,
    lines: [`### ${title}`, '', ...reasons.map((reason) => `- ${code(reason)}`)],
    shows: null,
  };
}

export function opinionOf(
  settings: VaultSettings,
  state: ReviewState,
  author: string,
  requested: RequestedAction,
): Opinion {
  const { id } = requested;
  switch (requested.kind) {
    case 'faulty':
      return failure(code(id), requested.faults.map(formatFault));
    case 'spent':
      return failure(code(id), [`could not run: the id ${id} is used already, and an id is used once`]);
    case 'withdrawn':
      return {
        state: 'success',
        tier: null,
        lines: [
          `### ${code(id)}`,
          '',
          '- is withdrawn once this is merged: it does not run, whoever approved it',
        ],
        shows: null,
      };
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
          code(id),
          verdict.faults.map((fault) => (fault.file === action.file ? fault.message : formatFault(fault))),
        );
      return weighedOpinion(id, { author, branch: state.branch }, settings['max-age'], verdict);
    }
  }
}

function asksPerson(id: string, description: string): Opinion {
  return {
    state: 'success',
    tier: null,
    lines: [`### ${code(id)}`, '', `Asks a person, and nothing will run: ${code(firstLine(description))}`],
    shows: null,
  };
}

/** Who asks, and for which branch. */
interface About {
  author: string;
  branch: string;
}

type WeighedVerdict = Exclude<Verdict, { kind: 'human' } | { kind: 'faulty' }>;

/** What would run, how far it reaches, and what is missing. */
function weighedOpinion(id: string, about: About, maxAgeMs: number, verdict: WeighedVerdict): Opinion {
  const { action, formula, tier, tierReason, workflow, place, rule, obstacles } = verdict;
  const isApproved = verdict.kind === 'allowed' || verdict.kind === 'held' || verdict.kind === 'obstructed';
  const isObstructed = obstacles.some(({ isFatal }) => isFatal);
  const lines = [
    `### ${code(id)}`,
    '',
    `- runs ${code(action.formula)}: ${code(firstLine(formula.description))}`,
    `- which starts ${placeText(workflow.file, place)}`,
    `- with ${secretsText(action)}`,
    ...inputsText(action),
    ...listText('with the mounts', action.mounts),
    ...listText('with the tools', action.tools),
    ...(action.model === undefined ? [] : listText('with the model', [action.model])),
    `- for at most ${minutes(action.timeout_minutes ?? formula.timeout_minutes)}`,
    `- tier **${tier}**: ${code(tierReason)}`,
    `- ${approvalText(verdict, about)}`,
    ...(rule.delayMinutes > 0 ? [`- runs no sooner than ${minutes(rule.delayMinutes)} after its merge`] : []),
    ...(verdict.kind === 'held' && verdict.hold.kind === 'frozen'
      ? [`- once it is merged it waits: ${code(holdText(verdict.hold))}`]
      : []),
    ...(rule.freeze.length > 0
      ? [
          `- does not start in these times: ${rule.freeze.map(({ days, from, to, tz, reason }) => code(`${days} ${from} to ${to} ${tz} (${reason})`)).join(', ')}`,
        ]
      : []),
    `- has to start within ${hours(maxAgeMs)} after its merge; later it has to be asked for again`,
    ...(workflow.gate.kind === 'gated'
      ? []
      : [
          `- **its workflow has no gate**, so whoever may start it by hand runs it without any of this: ${code(workflow.gate.why)}`,
        ]),
    ...obstacles.map((obstacle) => `- ${obstacleText(obstacle)}`),
    '',
    ...whyText(action.context),
  ];
  if (lines.join('\n').length > longest)
    return failure(code(id), ['is too long to be shown whole, and so too long to be approved']);
  return {
    state: isObstructed ? 'failure' : isApproved ? 'success' : 'pending',
    tier,
    lines,
    shows: toShow(place, tier === 'high' || !isApproved),
  };
}

/** The commit to be shown. What was approved is shown anew only where the approval is of that commit, and has to be given again. */
function toShow({ commit, pin }: RunPlace, followsBranch: boolean): string | null {
  if (pin.kind === 'unshown') return commit;
  return pin.kind === 'shown' && pin.head !== commit && followsBranch ? pin.head : null;
}

function minutes(count: number): string {
  return count === 1 ? 'a minute' : `${count} minutes`;
}

function hours(ms: number): string {
  const count = Math.round(ms / 3_600_000);
  return count % 24 === 0 ? `${count / 24} ${count === 24 ? 'day' : 'days'}` : `${count} hours`;
}

/** Which file of which commit runs, and what nobody can promise of it. */
function placeText(file: string, { repository, ref, commit, pin }: RunPlace): string {
  const where = `${code(file)} of ${code(repository)}`;
  switch (pin.kind) {
    case 'own':
      return `${where}, as this pull request’s own merge has it: that very commit runs, with all its files`;
    case 'shown':
    case 'unshown':
      return `${where} at commit ${code(commit)} of ${code(ref)}: that very commit runs${pin.kind === 'shown' && pin.head !== commit ? `, although ${code(ref)} has moved since it was shown here first` : ''}`;
    case 'head':
      return `${where} at the head of ${code(ref)}, which is ${code(commit)} now. Woodpecker runs whatever the head is then; the gate lets only that commit through, and what has no gate runs as it is`;
  }
}

/** What is still missing, who can give it, and the way out when nobody can. */
function approvalText(verdict: WeighedVerdict, { author, branch }: About): string {
  switch (verdict.kind) {
    case 'allowed':
    case 'obstructed':
    case 'held':
      return verdict.approvals.length === 0
        ? 'needs no approval'
        : `approved by ${verdict.approvals.map(({ login }) => code(login)).join(', ')}`;
    case 'unknown':
      return `whether it is approved could not be found out: ${code(verdict.reason)}`;
    case 'denied': {
      const { givers, rule, isOutdated } = verdict;
      const reasons = verdict.reasons.map((reason) => code(reason.replace(/^#\d+ /, ''))).join('; ');
      if (isOutdated)
        return `${reasons}. **No approval counts yet**: whoever may push to its branch merges ${code(branch)} into it, and then it is looked at again. Or it is closed, and asked for under another id`;
      if (givers.kind === 'unknown')
        return `${reasons}. Who can give it could not be found out: only admins of the repository may ask who administers it. Let the rule name logins in ${code('vault/policy.toml')}, or give vault-dispatch an ${code('audit-token')}`;
      return givers.logins.length < rule.approvals
        ? `${reasons}. **Nobody can give it**: ${givers.logins.length} of the ${rule.approvals} needed may approve what ${code(author)} asks. Give a second person write access, or change the rule in ${code('vault/policy.toml')}`
        : `${reasons}. It can come from ${givers.logins.slice(0, 10).map(code).join(', ')}`;
    }
  }
}

function obstacleText(obstacle: Obstacle): string {
  const end = obstacle.isFatal ? ': **for this tier that is refused**' : '';
  switch (obstacle.kind) {
    case 'exposed':
      return `its secrets can be read by ${obstacle.logins.map(code).join(', ')}, who can push to the repository whose CI holds them and may not approve${end}`;
    case 'open-policy':
      return `${code(obstacle.why)}${end}`;
    case 'beside':
      return `starts these workflows of the repository as well, which no gate covers${obstacle.withSecrets ? ' and of which some have secrets' : ''}: ${obstacle.files.map(code).join(', ')}${end}`;
  }
}

function secretsText({ secrets }: AskedAction): string {
  return secrets.length === 0
    ? 'no secrets'
    : `the ${secrets.length === 1 ? 'secret' : 'secrets'} ${secrets.map(code).join(', ')}`;
}

function listText(what: string, list: string[] | undefined): string[] {
  return list === undefined || list.length === 0 ? [] : [`- ${what} ${list.map(code).join(', ')}`];
}

/** Every input, whole: what was not shown was not approved. */
function inputsText({ inputs }: AskedAction): string[] {
  return Object.entries(inputs ?? {}).flatMap(([name, value]) => {
    const shown = whole(value);
    return shown.kind === 'line'
      ? [`- input ${code(name)}: ${shown.text}`]
      : [
          `- input ${code(name)}, ${value.length} characters:`,
          '',
          ...shown.lines.map((line) => (line === '' ? '' : `  ${line}`)),
          '',
        ];
  });
}

/** Why it is asked for, in the words of who asks. */
function whyText(context: string): string[] {
  if (context.trim() === '') return [];
  const shown = whole(context);
  return shown.kind === 'line'
    ? [`Asked for because: ${shown.text}`]
    : ['Asked for because:', '', ...shown.lines];
}

/** Of a formula or a policy: people decide about it; what is said is whether it could work. */
export function opinionOfDocument(document: RequestedDocument): Opinion {
  const { file } = document;
  const wrong =
    document.kind === 'faulty'
      ? document.faults.map(formatFault)
      : document.kind === 'formula'
        ? workflowFaults(document.document, document)
        : [];
  if (wrong.length > 0) return failure(`${code(file)}`, wrong);
  const line =
    document.kind === 'removed'
      ? 'is taken away: what names it can then no longer run'
      : document.kind === 'policy'
        ? 'decides who may approve what: it counts once it is merged'
        : document.kind === 'formula-elsewhere'
          ? 'can be read; its workflow is in another repository, and is compared once this is merged'
          : 'can be read, and agrees with its workflow';
  return { state: 'success', tier: null, lines: [`### ${code(file)}`, '', `- ${line}`], shows: null };
}
