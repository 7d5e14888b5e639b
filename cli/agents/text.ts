import { plain } from '../../core/text/log-line.ts';
import type { DeclaredAgent, Listing, Work } from './listing.ts';

// The listing for people: pure. Whatever comes from outside is made plain before its width counts.

/** Lines of a table whose columns stand below each other. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map(plain));
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(...cells.map((row) => widthOf(row[column] ?? ''))),
  );
  return cells.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell))))
      .join('  ')
      .trimEnd(),
  );
}

/** Characters, not units of a string: a pair of surrogates is one. */
function widthOf(text: string): number {
  return Array.from(text).length;
}

/** How long ago something was, in the largest unit that fits. */
export function ago(at: string, now: string): string {
  const seconds = Math.max(0, Math.round((Date.parse(now) - Date.parse(at)) / 1000));
  if (seconds < 120) return `${seconds} s ago`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ago` : `${Math.floor(hours / 24)} days ago`;
}

export function listingLines(listing: Listing, now: string): string[] {
  const { work, agents, state_repo: state, left_out: left, unreadable } = listing;
  return [
    ...workLines(work, now),
    ...(state.found
      ? []
      : [
          `${plain(state.name)} is not there, or this token may not see it: either no agent was ever started, or --state-repo has to name where forge-agent keeps its state.`,
        ]),
    ...(left === 0 ? [] : [`${left} more that ended earlier ${left === 1 ? 'is' : 'are'} not shown.`]),
    ...unreadable.map(
      ({ file, fault }) => `! ${plain(file)} of ${plain(state.name)} cannot be read: ${plain(fault)}`,
    ),
    ...(state.found ? ['', ...nextLines(listing.next)] : []),
    ...(listing.spent.length === 0 ? [] : ['', ...spentLines(listing.spent)]),
    '',
    ...agentLines(agents, listing.ops_repo),
  ];
}

function workLines(work: readonly Work[], now: string): string[] {
  if (work.length === 0) return ['No agent works on an issue.'];
  const rows = work.map((item) => [
    item.issue_url,
    item.profile === null ? item.agent : `${item.agent} (${item.profile})`,
    item.is_overdue ? 'running, and its time is over' : item.status,
    item.ended_at === null ? ago(item.last_checkin_at, now) : `ended ${ago(item.ended_at, now)}`,
    roundsText(item),
    item.cost === null ? '-' : item.cost.toFixed(2),
    item.pull_url ?? '-',
    item.needs_person === null ? '-' : `${item.needs_person.kind}: ${item.needs_person.why}`,
    item.why,
  ]);
  return aligned([
    ['issue', 'agent', 'status', 'last seen', 'rounds', 'cost', 'pull request', 'needs a person', 'why'],
    ...rows,
  ]);
}

/** Rounds that count, of how many there may be; in all, where those of before are left out. */
function roundsText({ rounds, rounds_counted: counted, max_rounds: most }: Work): string {
  return `${counted}${most === null ? '' : ` of ${most}`}${counted === rounds ? '' : ` (${rounds} in all)`}`;
}

const hows = { woken: 'is woken for', begun: 'begins', 'taken-over': 'takes over' } as const;

function nextLines({ trouble, paused, issue, waiting, not_looked_at: left }: Listing['next']): string[] {
  return [
    ...(paused === null ? [] : [`The roles are paused: ${plain(paused)}`]),
    ...(trouble === null ? [] : [`! What comes next could not be looked at: ${plain(trouble)}`]),
    ...(issue === null
      ? trouble === null
        ? ['Next: nothing, as it stands now.']
        : []
      : [
          `Next: ${plain(issue.agent)} ${hows[issue.how]} ${plain(issue.issue_url)}: ${plain(issue.why.slice(0, mostReasons).join('; '))}${issue.why.length > mostReasons ? ` and ${issue.why.length - mostReasons} more` : ''}`,
        ]),
    ...waiting.map(({ issue_url: url, why }) => `- ${plain(url)} waits: ${plain(why)}`),
    ...(left === 0 ? [] : [`${left} more ${left === 1 ? 'issue was' : 'issues were'} not looked at.`]),
  ];
}

/** Of what one agent is woken for, so many are named. */
const mostReasons = 5;

function spentLines(spent: Listing['spent']): string[] {
  return aligned([
    ['day', 'agent', 'cost', 'runs'],
    ...spent.map(({ day, agent, cost, runs }) => [day, agent, cost.toFixed(2), String(runs)]),
  ]);
}

function agentLines(agents: readonly DeclaredAgent[], ops: string): string[] {
  if (agents.length === 0) return [`${plain(ops)} declares no agent: there is no agents/<name>.toml.`];
  const rows = agents.flatMap((item) =>
    'enabled' in item
      ? [
          [
            item.name,
            item.enabled ? 'yes' : 'no',
            item.engine,
            item.model ?? '-',
            item.isolation,
            item.network,
            item.repositories.join(', '),
            item.profiles
              .map(({ name, engine, model }) => `${name} (${engine}${model === null ? '' : `, ${model}`})`)
              .join(', ') || '-',
          ],
        ]
      : [],
  );
  return [
    ...(rows.length === 0
      ? []
      : aligned([
          ['agent', 'enabled', 'engine', 'model', 'isolation', 'network', 'repositories', 'profiles'],
          ...rows,
        ])),
    ...agents.flatMap(({ faults }) => faults.map((fault) => `! ${plain(fault)}`)),
  ];
}
