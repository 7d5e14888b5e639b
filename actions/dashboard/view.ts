import { namesLogin, sameRepository } from '../../core/accounts.ts';
import { parsePrerequisites } from '../../core/prerequisites/document.ts';
import { pendingOf } from './pending.ts';
import type { KnownAgent, Place, Seen, Work } from './state.ts';

// What a dashboard says, as data: chosen, sorted and counted. How it is written stands in text.ts. Pure.

/** Something that waits for a person. */
export interface Waiting {
  place: Place;
  /** What is asked of them. */
  what: string;
  title: string;
  url: string;
  /** ISO 8601; `null` where nobody knows. */
  since: string | null;
  /** Logins of who may act. */
  who: string[];
  /** More of it, by name. */
  details: { name: string; lines: string[] }[];
}

export interface Vision {
  number: number;
  title: string;
  url: string;
  done: number;
  total: number;
}

export interface View {
  waiting: Waiting[];
  visions: Vision[];
  running: { what: string; title: string; url: string | null; since: string }[];
  blocked: { name: string; reason: string }[];
  evidence: { domain: string; day: string; age: number; isLate: boolean }[];
  late: { name: string; last: string | null; allowed: string }[];
  money: { agent: string; day: string; runs: number; cost: number | null }[];
  /** How many parts a reader of this page may not see. */
  hidden: number;
  leftOut: string[];
}

/** An address below the forge, with every part made harmless for Markdown. */
export function urlOf(forgeUrl: string, ...parts: string[]): string {
  const path = parts
    .join('/')
    .split('/')
    .map((part) =>
      encodeURIComponent(part).replace(/[()'*!]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`),
    );
  return `${forgeUrl.replace(/\/+$/, '')}/${path.join('/')}`;
}

const dayMs = 86_400_000;

export function viewOf(seen: Seen, given: { now: string; lateDays: number; visionLabel: string }): View {
  const shown = (place: Place): boolean => !seen.isPublic || !seen.private.includes(place);
  const known = nameable(seen);
  const today = given.now.slice(0, 10);
  return {
    waiting: waitingIn(known)
      .filter(({ place }) => shown(place))
      .sort(oldestFirst),
    visions: shown('project') ? visionsIn(seen, given.visionLabel) : [],
    running: [
      ...(shown('state')
        ? known.agents.map(({ agent, repository, issue, started }) => ({
            what: `agent ${agent}`,
            title: `${repository}#${issue}`,
            url: urlOf(seen.forgeUrl, repository, 'issues', `${issue}`),
            since: started,
          }))
        : []),
      ...(shown('records')
        ? seen.running.map(({ id, at, url }) => ({ what: 'vault action', title: id, url, since: at }))
        : []),
    ].sort((a, b) => (a.since < b.since ? -1 : 1)),
    blocked:
      seen.tree === null
        ? []
        : parsePrerequisites(seen.tree).objectives.flatMap(({ name, status }) =>
            status?.word === 'BLOCKED' ? [{ name, reason: status.reason }] : [],
          ),
    evidence: [...seen.evidence]
      .sort((a, b) => (a.domain < b.domain ? -1 : 1))
      .map(({ domain, day }) => {
        const age = Math.max(0, Math.round((Date.parse(today) - Date.parse(day)) / dayMs));
        return { domain, day, age, isLate: age > given.lateDays };
      }),
    late: seen.expected.flatMap(({ name, withinMs, last }) =>
      last !== null && Date.parse(given.now) - Date.parse(last) <= withinMs
        ? []
        : [
            {
              name,
              last,
              allowed: withinMs % dayMs === 0 ? `${withinMs / dayMs} d` : `${withinMs / 3_600_000} h`,
            },
          ],
    ),
    money: shown('state') ? moneyIn(seen) : [],
    hidden: seen.isPublic ? seen.private.length + namedIn(seen) - namedIn(known) : 0,
    leftOut: seen.leftOut,
  };
}

/** What nobody knows the beginning of comes last. */
function oldestFirst(a: Waiting, b: Waiting): number {
  const [one, other] = [a, b].map(({ since }) =>
    since === null ? Number.POSITIVE_INFINITY : Date.parse(since),
  );
  return one === other ? (a.url < b.url ? -1 : 1) : (one ?? 0) < (other ?? 0) ? -1 : 1;
}

function waitingIn(seen: Seen): Waiting[] {
  const { people, repositories, forgeUrl } = seen;
  const blob = (path: string): string => urlOf(forgeUrl, repositories.ops, 'src', 'branch', 'HEAD', path);
  return [
    ...seen.opsPulls.map(({ number, title, head, created, questions }) => ({
      place: 'ops' as const,
      what: head.startsWith('vault/')
        ? 'action to approve'
        : head.startsWith('architect/')
          ? questions.length === 0
            ? 'pitch to decide'
            : 'pitch with open questions'
          : 'pull request to review',
      title,
      url: urlOf(forgeUrl, repositories.ops, 'pulls', `${number}`),
      since: created,
      who: head.startsWith('vault/') ? (seen.approvers ?? people.ops) : people.ops,
      details:
        head.startsWith('architect/') && questions.length > 0
          ? [{ name: 'To answer', lines: questions }]
          : [],
    })),
    ...seen.red.map(({ name, at, url }) => ({
      place: 'ops' as const,
      what: 'pipeline is red',
      title: name,
      url: url ?? urlOf(forgeUrl, repositories.ops),
      since: at,
      who: people.ops,
      details: [],
    })),
    ...seen.actions.map(({ id, file, human }) => ({
      place: 'ops' as const,
      what: human === null ? 'action that has not been started' : 'action for a person',
      title: id,
      url: blob(file),
      since: null,
      who: people.ops,
      details: human === null ? [] : [{ name: 'To do', lines: linesOf(human) }],
    })),
    ...seen.pending.map(({ path, text }) => {
      const { title, action, unblocks, since } = pendingOf(path, text);
      return {
        place: 'ops' as const,
        what: 'request to a person',
        title,
        url: blob(path),
        since,
        who: people.ops,
        details: [
          { name: 'To do', lines: action },
          { name: 'Unblocks', lines: unblocks },
        ].filter(({ lines }) => lines.length > 0),
      };
    }),
    ...seen.failed.map(({ id, at, how, url }) => ({
      place: 'records' as const,
      what: `vault action: ${how}`,
      title: id,
      url: url ?? urlOf(forgeUrl, repositories.records, 'src', 'branch', 'vault-records'),
      since: at,
      who: people.ops,
      details: [],
    })),
    ...seen.proposals.map(({ type, at, thread }) => ({
      place: 'proposals' as const,
      what: 'proposal to decide',
      title: type,
      url: `${urlOf(forgeUrl, thread.repository, 'issues', `${thread.number}`)}${thread.comment === null ? '' : `#issuecomment-${thread.comment}`}`,
      since: at,
      who: peopleOf(seen, thread.repository),
      details: [],
    })),
    ...agentPulls(seen),
    ...agentsInNeed(seen),
  ];
}

/** Who may act in a repository; nobody is named where they were not asked for. */
function peopleOf({ people, repositories }: Seen, repository: string): string[] {
  if (sameRepository(repository, repositories.project)) return people.project;
  return sameRepository(repository, repositories.ops) ? people.ops : [];
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/**
 * What of agents and proposals may be named where everybody may read: they are about repositories that only records name, and whether
 * those are private was not asked.
 */
function nameable(seen: Seen): Seen {
  if (!seen.isPublic) return seen;
  const { ops, project } = seen.repositories;
  const may = ({ repository }: { repository: string }): boolean =>
    sameRepository(repository, ops) ||
    (sameRepository(repository, project) && !seen.private.includes('project'));
  return {
    ...seen,
    agents: seen.agents.filter(may),
    frozen: seen.frozen.filter(may),
    runs: seen.runs.filter(may),
    proposals: seen.proposals.filter(({ thread }) => may(thread)),
  };
}

function namedIn({ agents, frozen, proposals }: Seen): number {
  return agents.length + frozen.length + proposals.length;
}

/** Pull requests that agents opened: by their own records, and those of the project by a bot. A person has to look at them. */
function agentPulls(seen: Seen): Waiting[] {
  const { work, bots, agents, frozen, people, repositories, forgeUrl } = seen;
  const isProject = (repository: string): boolean => sameRepository(repository, repositories.project);
  const own = new Set(
    [...agents, ...frozen].flatMap(({ repository, pull }) => (isProject(repository) ? [pull] : [])),
  );
  return [
    ...work
      .filter(
        ({ kind, isOpen, author, number }) =>
          kind === 'pull' && isOpen && (own.has(number) || (author !== null && namesLogin(bots, author))),
      )
      .map(({ number, title, created }) => ({
        place: 'project' as const,
        what: 'pull request of an agent to review',
        title,
        url: urlOf(forgeUrl, repositories.project, 'pulls', `${number}`),
        since: created,
        who: people.project,
        details: [],
      })),
    // Of another repository no more is known than that its agent waits.
    ...frozen.flatMap(({ repository, pull, newest }) =>
      pull === null || isProject(repository)
        ? []
        : [
            {
              place: 'state' as const,
              what: 'pull request of an agent to review',
              title: `${repository}#${pull}`,
              url: urlOf(forgeUrl, repository, 'pulls', `${pull}`),
              since: newest?.ended ?? null,
              who: peopleOf(seen, repository),
              details: [],
            },
          ],
    ),
  ];
}

/**
 * Agents that are not woken any more, and issues whose newest run of an agent did not end well; without those that somebody works on or
 * has closed since.
 */
function agentsInNeed(seen: Seen): Waiting[] {
  const { runs, agents, frozen, work, repositories, forgeUrl } = seen;
  const keyOf = ({ repository, issue }: { repository: string; issue: number }): string =>
    `${repository.toLowerCase()}#${issue}`;
  const newest = new Map<string, Seen['runs'][number]>();
  for (const run of [...runs, ...frozen.flatMap(({ newest: last }) => last ?? [])]) {
    const known = newest.get(keyOf(run));
    if (known === undefined || known.ended < run.ended) newest.set(keyOf(run), run);
  }
  const busy = new Set(agents.map(keyOf));
  const exhausted = frozen.flatMap(({ exhausted: end, ...agent }) =>
    end === null ? [] : [{ agent, ...end }],
  );
  const isExhausted = new Set(exhausted.map(({ agent }) => keyOf(agent)));
  const isProject = (repository: string): boolean => sameRepository(repository, repositories.project);
  const waits = ({ repository, issue }: { repository: string; issue: number }): boolean =>
    !busy.has(keyOf({ repository, issue })) &&
    !(isProject(repository) && work.some(({ number, isOpen }) => number === issue && !isOpen));
  const rowOf = (agent: Omit<KnownAgent, 'pull'>, what: string, since: string): Waiting => ({
    place: 'state',
    what: `agent ${agent.agent} ${what}`,
    title: `${agent.repository}#${agent.issue}`,
    url: urlOf(forgeUrl, agent.repository, 'issues', `${agent.issue}`),
    since,
    who: peopleOf(seen, agent.repository),
    details: [],
  });
  return [
    ...exhausted
      .filter(({ agent }) => waits(agent))
      .map(({ agent, why, at }) => rowOf(agent, `is not woken any more: ${why}`, at)),
    ...[...newest.values()]
      .filter((run) => waits(run) && !isExhausted.has(keyOf(run)))
      .filter(({ outcome }) => outcome !== 'success' && outcome !== 'called-off')
      .map((run) => rowOf(run, `needs somebody: ${run.outcome}`, run.ended)),
  ];
}

function visionsIn({ work, repositories, forgeUrl }: Seen, label: string): Vision[] {
  const parts = new Map<number, Work[]>();
  for (const item of work)
    if (item.vision !== null) parts.set(item.vision, [...(parts.get(item.vision) ?? []), item]);
  return work
    .filter(({ kind, isOpen, labels }) => kind === 'issue' && isOpen && labels.includes(label))
    .sort((a, b) => a.number - b.number)
    .map(({ number, title }) => {
      const own = parts.get(number) ?? [];
      return {
        number,
        title,
        url: urlOf(forgeUrl, repositories.project, 'issues', `${number}`),
        done: own.filter(({ isOpen }) => !isOpen).length,
        total: own.length,
      };
    });
}

function moneyIn({ runs }: Seen): View['money'] {
  const rows = new Map<string, View['money'][number]>();
  for (const { agent, ended, cost } of runs) {
    const day = ended.slice(0, 10);
    const row = rows.get(`${day} ${agent}`) ?? { agent, day, runs: 0, cost: null };
    rows.set(`${day} ${agent}`, {
      ...row,
      runs: row.runs + 1,
      // In whole millionths, so that the sum does not depend on the order.
      cost: cost === null ? row.cost : (Math.round((row.cost ?? 0) * 1e6) + Math.round(cost * 1e6)) / 1e6,
    });
  }
  return [...rows.values()].sort((a, b) =>
    a.day === b.day ? (a.agent < b.agent ? -1 : 1) : a.day < b.day ? 1 : -1,
  );
}
