import { sameRepository } from '../../core/accounts.ts';
import type { AgentRun } from '../../core/agent/agent-run.ts';
import { askingTrouble } from '../../core/agent/asking.ts';
import type { Isolation, Network } from '../../core/agent/cell/cell.ts';
import { gapsOf } from '../../core/agent/cell/gaps.ts';
import type { Declared } from '../../core/agent/declared.ts';
import {
  type Entry,
  entryPath,
  entryText,
  frozenPath,
  issueName,
  momentOf,
  nameOf,
  repositoryOf,
  runningPath,
  startedPath,
} from '../../core/agent/entry.ts';
import { isolationFor } from '../../core/agent/isolation-for.ts';
import type { Agent } from '../../core/agent/manifest.ts';
import { laterPromptOf, promptOf, wakingPromptOf } from '../../core/agent/prompt.ts';
import { sessionRef } from '../../core/agent/work/kept-refs.ts';
import type { Change } from '../../core/change.ts';
import { keep, notice, refuse, refuseFor } from '../../core/plan.ts';
import { slugOf } from '../../core/text/slug.ts';
import { claimOf, endOf, freezeOf, settle } from './ending.ts';
import { fanOut } from './fan-out.ts';
import { finish } from './finish.ts';
import { destroy, exhaustionText, forget, tend } from './frozen.ts';
import { labelling, unlabelling } from './labels.ts';
import { isAbandoned, verdictOn } from './pick.ts';
import type { AgentSettings } from './settings.ts';
import type { AgentState, Candidate, LookingState } from './state.ts';
import { handOn, letGo, serve } from './steps.ts';
import { commitMessage, runKey } from './text.ts';
import { askingOf, isPassedOn, isRenewed, isResumable, mergeOf } from './wake.ts';

/** The kinds of change that this role may plan. */
export const changes = [
  'keep',
  'refuse',
  'create-repository',
  'write-files',
  'create-label',
  'add-labels',
  'remove-label',
  'delete-ref',
  'run-agent',
  'prepare-agent',
  'take-up',
  'fork',
  'push-commit',
  'open-pull',
  'request-review',
  'set-status',
  'comment',
  'update-sections',
  'dispatch',
  'start-pipeline',
] as const;
export type AgentChange = Change<(typeof changes)[number]>;

/** At most one issue in a run: claimed, worked on, finished; everything else is said. */
export function plan(settings: AgentSettings, state: AgentState): AgentChange[] {
  switch (state.kind) {
    case 'local':
      return state.declared.flatMap((item): AgentChange[] =>
        item.kind === 'faulty'
          ? item.faults.map(refuse)
          : [keep(`${item.file} can be read; from a pull request's own pipeline no agent is started`)],
      );
    case 'unready':
      return state.trouble === 'missing'
        ? [stateRepository(state)]
        : [refuseFor('state-repo', state.trouble.said)];
    case 'looking':
      return [...faultsOf(state), ...look(settings, state)];
    case 'serving':
      return serve(state);
    case 'fan-out':
      return [
        ...faultsOf(state),
        ...state.frozen.flatMap((item) => destroy(settings, state, item)),
        ...state.asleep.flatMap((item) =>
          tend(settings, state, item, verdictOn(settings, { ...state, tried: [] }, item)),
        ),
        ...fanOut(settings, state),
        ...orphansOf(settings, {
          ...state,
          candidates: state.labelled.filter((item) => !state.asleep.some(isSameAs(item, isAbandoned))),
          unseen: 0,
        }).flatMap((item) => bury(settings, state, item)),
      ];
  }
}

function stateRepository({
  repository,
  account,
}: {
  repository: string;
  account: { login: string };
}): AgentChange {
  const isOwn = repository.toLowerCase().startsWith(`${account.login.toLowerCase()}/`);
  return isOwn
    ? { kind: 'create-repository', repository, why: 'it is kept there who works on what' }
    : refuseFor(
        'state-repo',
        `${repository} is not there, or our account may not see it. Create it: private, with a first commit, and ${account.login} as the only one who writes there`,
      );
}

function faultsOf({
  declared,
  troubled,
  unlabelled,
  stateRepo,
}: Pick<LookingState, 'declared' | 'troubled' | 'unlabelled' | 'stateRepo'>): AgentChange[] {
  return [
    ...declared.flatMap((item) => (item.kind === 'faulty' ? item.faults.map(refuse) : [])),
    ...(stateRepo.hasCi
      ? [
          notice(
            `CI is switched on in ${stateRepo.repository}; nothing there should ever run`,
            'switch Actions off in its settings',
          ),
        ]
      : []),
    ...unlabelled.map(({ repository, labels }) =>
      notice(
        `${repository} has no label ${labels.join(', ')} of its own, by which an issue would be given to an agent`,
        'make it there; if the owner is an organisation that has it, give forge-token the scope read:organization as well',
      ),
    ),
    ...troubled.map(({ repository, said }) =>
      refuseFor(repository, `its issues could not be looked at: ${said}`),
    ),
  ];
}

function look(settings: AgentSettings, state: LookingState): AgentChange[] {
  if (state.mine !== null) {
    const { mine } = state;
    if (mine.outcome !== null || mine.record !== null) return finish(settings, state, mine);
    if (settings.mode === 'finish') return letGo(state, mine);
    return settings.mode === 'prepare'
      ? [keep(`${mine.entry.agent_name} is prepared; the steps after this one go on with it`)]
      : [
          notice(
            `${mine.entry.agent_name} was given #${mine.entry.issue_number}, and its run did not begin`,
            'the next run of this role takes it over',
          ),
        ];
  }
  if (settings.mode === 'finish')
    return [keep('this pipeline has claimed no issue, or its work is finished already')];
  if (state.hasWorked) return [keep('this run has worked on its issue; what else waits is for the next one')];
  if (settings.prompt !== undefined) return wakeByHand(settings, state);
  const orphans = orphansOf(settings, {
    ...state,
    candidates: state.candidates.filter((item) => !isAbandoned(item)),
  });
  const said: AgentChange[] = state.frozen.flatMap((item) => destroy(settings, state, item));
  for (const candidate of state.candidates) {
    const verdict = verdictOn(settings, state, candidate);
    if (verdict.kind === 'taken')
      return [...said, ...begin(settings, state, candidate, verdict), ...waiting(state)];
    said.push(...tend(settings, state, candidate, verdict));
    if (verdict.kind === 'exhausted') continue;
    const what = `${candidate.repository}#${candidate.number} is not taken: ${verdict.why}`;
    // Whoever started a run for one issue wants to know why it does nothing.
    said.push(verdict.isQuiet && settings.issue === undefined ? keep(what) : notice(what));
  }
  if (settings.issue !== undefined && state.candidates.length === 0 && state.troubled.length === 0)
    said.push(
      notice(
        `${settings['project-repo']}#${settings.issue} is not taken: it is not open with a label ${settings['label-prefix']}:... of an agent that is declared, or no enabled agent takes issues of that repository`,
      ),
    );
  return [...said, ...orphans.flatMap((item) => bury(settings, state, item)), ...waiting(state)];
}

/** What the settings ask of one agent, and nothing else: where it cannot be woken, whoever asked has to learn of it. */
function wakeByHand(settings: AgentSettings, state: LookingState): AgentChange[] {
  const { issue = 0, 'project-repo': repository = '' } = settings;
  const isIt = (name: string, number: number): boolean =>
    number === issue && sameRepository(name, repository);
  const refused = (why: string): AgentChange[] => [
    refuseFor(`${repository}#${issue}`, `its agent is not woken: ${why}`),
  ];
  // What kept its repository from being looked at is refused already.
  if (state.troubled.some((item) => sameRepository(item.repository, repository))) return [];
  const candidate = state.candidates.find((item) => isIt(item.repository, item.number));
  const holds = ({ entry }: { entry: Entry }): boolean => isIt(repositoryOf(entry), entry.issue_number);
  const frozen = state.frozen.find(holds);
  const found = candidate?.entry ?? frozen ?? state.running.find(holds) ?? null;
  const trouble = askingTrouble(found, frozen?.closed?.number ?? null);
  if (trouble !== undefined) return refused(trouble);
  if (candidate === undefined)
    return refused(
      `the issue is closed, or has no label ${settings['label-prefix']}:... of an agent that is enabled for its repository`,
    );
  const verdict = verdictOn(settings, state, candidate);
  switch (verdict.kind) {
    case 'taken':
      return found !== null && 'entry' in found && isPassedOn(found.entry, verdict.agent)
        ? refused(
            `it is given to ${verdict.agent.name} now, which begins anew, and ${found.entry.agent_name} is frozen. Write a comment there instead`,
          )
        : begin(settings, state, candidate, verdict);
    case 'exhausted':
      return refused(exhaustionText(verdict.why, verdict.rounds));
    case 'not':
      return refused(verdict.why);
  }
}

/** Whether another of them is about the same issue, and something holds for it. */
function isSameAs(
  { repository, number }: { repository: string; number: number },
  holds: (candidate: Candidate) => boolean,
): (candidate: Candidate) => boolean {
  return (item) => item.number === number && sameRepository(item.repository, repository) && holds(item);
}

/** Work that nobody does any more on issues that nobody gives to an agent any more. What was not looked at is none. */
function orphansOf(
  { issue }: AgentSettings,
  {
    running,
    candidates,
    looked,
    unseen,
  }: Pick<LookingState, 'running' | 'looked' | 'unseen'> & {
    candidates: readonly { repository: string; number: number }[];
  },
): LookingState['running'] {
  if (unseen > 0 || issue !== undefined) return [];
  return running.filter(({ entry, over }) => {
    const repository = repositoryOf(entry);
    return (
      over !== null &&
      looked.some((name) => sameRepository(name, repository)) &&
      !candidates.some(
        (item) => sameRepository(item.repository, repository) && item.number === entry.issue_number,
      )
    );
  });
}

function waiting({ unseen }: LookingState): AgentChange[] {
  return unseen === 0
    ? []
    : [keep(`${unseen} more ${unseen === 1 ? 'issue waits' : 'issues wait'} for a run of this role`)];
}

/** Work that nobody does any more, on an issue that nobody gives to an agent any more: its entry is closed, its label goes. */
function bury(
  settings: AgentSettings,
  { stateRepo, lingering, now }: Pick<LookingState, 'stateRepo' | 'lingering' | 'now'>,
  work: LookingState['running'][number],
): AgentChange[] {
  const { entry } = work;
  const repository = repositoryOf(entry);
  const labels =
    lingering.find(
      (item) => sameRepository(item.repository, repository) && item.number === entry.issue_number,
    )?.labels ?? [];
  const { over: costs, beside } = settle(entry, now);
  const over = { ...costs, why: `cut off: ${work.over}`, ended_at: now };
  const why = `${repository}#${entry.issue_number} is no longer worked on`;
  return [
    ...unlabelling({ repository, number: entry.issue_number, labels }, [settings['progress-label']], {
      held: claimOf(stateRepo, entry),
      why: 'no agent works on it any more',
    }),
    ...(isResumable(entry)
      ? // Its issue may be opened again, or given anew; its end is that of its pull request.
        [freezeOf(stateRepo, work, { ...over, hearing: [] }, why, beside)]
      : [forget(stateRepo, entry, why), endOf(stateRepo, work, over, why, beside)]),
  ];
}

/** What a dry run shows of an agent that it does not start. */
function shownPrompt(prompt: string, isolation: Isolation, network: Network): AgentChange[] {
  return [
    notice(`isolation on this machine: ${isolation}, network ${network}`),
    ...gapsOf(isolation, network).map((gap) => notice(gap)),
    notice('the agent would be told:'),
    ...prompt.split('\n').map((line) => notice(`| ${line}`)),
  ];
}

/** How much longer than the run that holds it a lease lasts: before that, nobody else may work on its issue. */
const leaseReserveMs = 30 * 60_000;

/** When the label was set that a run is for. One that only finishes another's work is for what that one was for. */
function givenAt(
  { labelled }: Candidate,
  earlier: Entry | undefined,
  isFinishing: boolean,
): Pick<Entry, 'given_at'> {
  const at = isFinishing ? earlier?.given_at : momentOf(labelled?.at);
  return at === undefined ? {} : { given_at: at };
}

/** Under which lease later steps find what was left for them: that of the step that prepared the round. */
function preparedOf(
  { mode }: AgentSettings,
  { nonce, earlier, isFinishing }: { nonce: string; earlier: Entry | undefined; isFinishing: boolean },
): Pick<Entry, 'prepared'> {
  const prepared = isFinishing ? earlier?.prepared : mode === 'prepare' ? nonce : undefined;
  return prepared === undefined ? {} : { prepared };
}

/** What an entry says for later rounds. */
const laterFields = [
  'session',
  'heard',
  'hearing',
  'rounds_from',
  'exhausted',
  'conflict',
  'head',
  'asked',
  'unpushed',
] as const;
type Later = Pick<Entry, (typeof laterFields)[number]>;

/** The same of one entry, as far as it says it. */
function laterOf(entry: Entry | undefined): Later {
  const said = laterFields.flatMap((field) =>
    entry?.[field] === undefined ? [] : [[field, entry[field]] as const],
  );
  return Object.fromEntries(said) as Later;
}

/** Rounds of before its label was set again, or of another agent, do not count; one that was cut off does. */
function roundsBefore(earlier: Entry | undefined): number | undefined {
  return earlier?.status === 'running' ? earlier.rounds_from : earlier?.rounds;
}

/** The same for a new round: of an agent that goes on, or of one that begins. */
function continued(
  earlier: Entry | undefined,
  before: Entry | null,
  { talk, isRenewing, asked }: { talk: Candidate['talk']; isRenewing: boolean; asked: Entry['asked'] },
): Later {
  const signs = talk?.signs ?? [];
  if (before === null) {
    const from = roundsBefore(earlier);
    return { hearing: signs, ...(from === undefined ? {} : { rounds_from: from }) };
  }
  const heard = new Set(before.heard);
  return {
    ...laterOf(before),
    hearing: signs.filter((sign) => !heard.has(sign)),
    exhausted: null,
    ...(asked == null ? {} : { asked: { ...asked, begun: true } }),
    ...(isRenewing ? { rounds_from: before.rounds } : {}),
  };
}

/** Claims an issue, says so on it, and runs the agent. */
function begin(
  settings: AgentSettings,
  state: LookingState,
  candidate: Candidate,
  { agent, declared }: { agent: Agent; declared: Declared & { kind: 'agent' } },
): AgentChange[] {
  const { repository, number, title } = candidate;
  const { now, nonce, account, stateRepo } = state;
  const name = issueName(repository, number);
  const isFinishing = candidate.over !== null && (candidate.record !== null || candidate.isHandedOver);
  const earlier = candidate.entry !== null && 'entry' in candidate.entry ? candidate.entry : null;
  const isHere = (item: { entry: Entry }): boolean => entryPath(nameOf(item.entry)) === entryPath(name);
  const running = state.running.find(isHere);
  const frozen = state.frozen.find(isHere);
  const { talk } = candidate;
  const before =
    earlier !== null && isResumable(earlier.entry) && !isPassedOn(earlier.entry, agent)
      ? earlier.entry
      : null;
  const isRenewing = before !== null && talk !== null && isRenewed(before, talk);
  const asked = askingOf(settings, state) ?? before?.asked;
  const awakening =
    before === null || talk === null ? null : { news: talk.news, pull: talk.pull, head: before.head ?? null };
  const isolation = isolationFor(state, agent, settings['allow-unisolated']);
  const gitUser = agent.gitUser ?? { name: agent.name, email: `${account.login}@noreply.invalid` };
  // Its record holds what a round cost that is only finished here.
  const settled = isFinishing || earlier === null ? null : settle(earlier.entry, now);
  const cost = settled?.over.cost ?? earlier?.entry.cost ?? null;
  const entry: Entry = {
    version: 1,
    owner: name.owner,
    repo: name.repo,
    issue_number: number,
    slug: earlier?.entry.slug ?? (slugOf(title, 40) || 'work'),
    agent_name: agent.name,
    profile: agent.profile,
    backend: { host: state.host, isolation },
    agent_git_user: gitUser,
    pr_number: before === null && !isFinishing ? null : (earlier?.entry.pr_number ?? null),
    status: 'running',
    why: 'claimed',
    last_checkin_at: now,
    run_url: state.runUrl,
    lease: {
      id: nonce,
      until: new Date(
        Date.parse(now) + Math.max(agent.timeoutMinutes * 60_000, settings.deadline) + leaseReserveMs,
      ).toISOString(),
      run: state.run,
    },
    ...preparedOf(settings, { nonce, earlier: earlier?.entry, isFinishing }),
    ...givenAt(candidate, earlier?.entry, isFinishing),
    started_at: now,
    ended_at: null,
    rounds: (earlier?.entry.rounds ?? 0) + (isFinishing ? 0 : 1),
    cost,
    ...(isFinishing
      ? laterOf(earlier?.entry)
      : continued(earlier?.entry, before, { talk, isRenewing, asked })),
  };
  const text = entryText(entry);
  const claim = claimOf(stateRepo, entry);
  const mark = `{"lease":"${nonce}"}\n`;
  const label = `${settings['label-prefix']}:${agent.name}`;
  const first = promptOf(declared.prompt, candidate, { nonce, checks: agent.checks });
  const prompt = awakening === null ? first : laterPromptOf(first, awakening, nonce);
  const session = before?.session ?? null;
  const dayLeft =
    agent.maxCostPerDay === null
      ? null
      : Math.max(0, agent.maxCostPerDay - (talk?.costToday ?? 0) - (earlier?.entry.spending ?? 0));
  const spent = cost ?? 0;
  const run: AgentRun = {
    key: runKey,
    repository,
    issue: number,
    pulls: awakening?.pull == null ? [] : [awakening.pull.number],
    base: candidate.base,
    baseBranch: candidate.defaultBranch,
    agent: agent.name,
    engine: agent.engine,
    command: agent.command,
    model: agent.model,
    tools: agent.tools,
    sessionFolder: agent.sessionFolder,
    prompt,
    resumes:
      session === null || awakening === null
        ? null
        : {
            note: session,
            ref: sessionRef(repository, number),
            prompt: wakingPromptOf(awakening, { nonce, number }),
          },
    merges: mergeOf(talk),
    isolation: agent.isolation,
    network: agent.network,
    timeoutMinutes: agent.timeoutMinutes,
    watchdogMinutes: agent.watchdogMinutes,
    maxCost: dayLeft === null ? agent.maxCost : Math.min(agent.maxCost ?? Number.MAX_VALUE, spent + dayLeft),
    spent,
    prices: agent.prices,
    setup: agent.setup,
    checks: agent.checks,
    protectedPaths: agent.protectedPaths,
    gitUser,
    message: commitMessage(agent.name, candidate),
    strangers: settings.strangers,
    entry: {
      repository: stateRepo.repository,
      branch: stateRepo.branch,
      path: entryPath(name),
      text,
      commit: stateRepo.commit,
    },
    label,
  };
  const handed =
    settings.mode === 'prepare' && !isFinishing
      ? handOn(state, name, {
          version: 1,
          lease: nonce,
          run,
          known: { labelled: candidate.labelled, membership: candidate.membership, talk },
        })
      : undefined;
  const gone = [
    ...(frozen === undefined ? [] : [{ path: frozenPath(name), expects: frozen.markSha }]),
    ...(handed?.remove ?? []),
  ];
  // What can be made by nobody has to be found out before an agent is paid for work that then goes nowhere.
  const forking: AgentChange[] =
    isFinishing || candidate.lacksFork === undefined
      ? []
      : [
          {
            kind: 'fork',
            key: 'fork',
            repository,
            fork: candidate.lacksFork,
            mayDecline: true,
            why: 'work is proposed from a fork',
          },
        ];
  const claiming: AgentChange[] = [
    ...forking,
    ...(candidate.over === null ? [] : [notice(`${repository}#${number} is taken over: ${candidate.over}`)]),
    {
      kind: 'write-files',
      key: 'claim',
      repository: stateRepo.repository,
      branch: stateRepo.branch,
      files: [
        { path: entryPath(name), content: text, expects: earlier?.sha ?? null },
        { path: runningPath(name), content: mark, expects: running?.markSha ?? null },
        ...(isFinishing ? [] : [{ path: startedPath(agent.name, now, nonce), content: mark, expects: null }]),
        ...(settled?.beside ?? []),
        ...(handed?.files ?? []),
      ],
      ...(gone.length === 0 ? {} : { remove: gone }),
      ...(forking.length === 0 ? {} : { after: ['fork'] }),
      message: `${repository}#${number}: ${agent.name} begins round ${entry.rounds}`,
      why:
        awakening !== null && !isFinishing
          ? `${agent.name} is woken for ${repository}#${number}: ${awakening.news
              .map(({ title }) => title)
              .join('; ')
              .slice(0, 500)}`
          : `${repository}#${number} is given to ${agent.name} by ${candidate.labelled?.login ?? 'somebody'}${candidate.membership.kind === 'member' ? `, and ${candidate.membership.login} is a member of ${settings['agent-org']}` : ''}`,
    },
  ];
  if (isFinishing) return claiming;
  return [
    ...claiming,
    ...(settings['dry-run'] ? shownPrompt(prompt, isolation, agent.network) : []),
    // What kept it from going on is answered.
    ...(awakening === null && frozen === undefined
      ? []
      : unlabelling(candidate, [settings['blocked-label'], settings['underspecified-label']], {
          held: claim,
          after: 'claim',
          why: 'its agent goes on',
        })),
    ...labelling(candidate, [settings['progress-label']], {
      after: 'claim',
      held: claim,
      why: 'an agent works on it',
    }),
    {
      kind: settings.mode === 'prepare' ? 'prepare-agent' : 'run-agent',
      ...run,
      after: ['claim'],
      held: claim,
      why: `round ${entry.rounds} of ${repository}#${number}`,
    },
  ];
}
