import { verdictOn } from '../../actions/forge-agent/pick.ts';
import { forgeAgent, lookForWork } from '../../actions/forge-agent/role.ts';
import type { AgentSettings } from '../../actions/forge-agent/settings.ts';
import type { Candidate, LookingState } from '../../actions/forge-agent/state.ts';
import type { Declared } from '../../core/agent/declared.ts';
import type { Kept } from '../../core/api/once.ts';
import type { Send } from '../../core/api/send.ts';
import { withCrew } from '../../core/crew-file.ts';
import { UserError } from '../../core/errors.ts';
import type { Repository } from '../../core/forge/repositories.ts';
import { terminal } from '../../core/host/terminal.ts';
import { createMask } from '../../core/mask.ts';
import { readCrew } from '../../core/read-crew.ts';
import { parseSettings } from '../../core/settings.ts';
import type { Listing } from './listing.ts';

export type Next = Listing['next'];

/** What comes next where that could not be looked at. */
export function unknownNext(trouble: string): Next {
  return { trouble, paused: null, issue: null, waiting: [], not_looked_at: 0 };
}

/**
 * What a run of the role that started now would do, by the role's own look and its own verdict; and the state it was found with,
 * where there is one. Of many issues it looks at no more than a run does.
 */
export async function readNext(
  send: Send,
  kept: Kept,
  given: {
    settings: Record<string, string | undefined>;
    declared: Declared[];
    repository: string;
    home: Repository;
    now: string;
  },
): Promise<{ next: Next; state?: LookingState; settings?: AgentSettings }> {
  const { declared, repository, home, now } = given;
  try {
    const args = Object.entries({
      ...given.settings,
      // Where the role runs is not where this is asked.
      'allow-unisolated': 'true',
    }).flatMap(([name, value]) => (value === undefined || value === '' ? [] : [`--${name}=${value}`]));
    const host = terminal({}, args, '', () => undefined);
    const parsed = parseSettings(forgeAgent, host);
    const { crew } = await readCrew(forgeAgent, parsed, host.facts, send, kept);
    const settings = withCrew(parsed, crew);
    const state = await lookForWork(
      {
        settings,
        facts: host.facts,
        send,
        mask: createMask(),
        kept,
        now,
        forgeNow: () => now,
        clock: () => new Date(now),
        pause: () => Promise.reject(new Error('a look waits for nobody')),
      },
      { account: home.owner, declared, repository, home },
    );
    return { next: nextIn(settings, state, crew.paused ?? null), state, settings };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { next: unknownNext(`${error.message} ${error.remedy}`.trim()) };
  }
}

/** The first issue that would be taken, and why those before it are not; pure. */
function nextIn(settings: AgentSettings, state: LookingState, paused: string | null): Next {
  const url = settings['forge-url'].replace(/\/+$/, '');
  const issueOf = ({ repository, number }: Candidate) => ({
    repository,
    issue: number,
    issue_url: `${url}/${repository}/issues/${number}`,
  });
  const judged = state.candidates.map((candidate) => ({
    candidate,
    verdict: verdictOn(settings, state, candidate),
  }));
  const first = judged.find(({ verdict }) => verdict.kind === 'taken');
  return {
    trouble:
      state.troubled.length === 0
        ? null
        : state.troubled.map(({ repository, said }) => `${repository}: ${said}`).join(' '),
    paused,
    issue:
      first === undefined || first.verdict.kind !== 'taken'
        ? null
        : { ...issueOf(first.candidate), agent: first.verdict.agent.name, ...reasonOf(first.candidate) },
    waiting: judged.flatMap(({ candidate, verdict }) =>
      verdict.kind === 'not' && !verdict.isQuiet ? [{ ...issueOf(candidate), why: verdict.why }] : [],
    ),
    not_looked_at: state.unseen,
  };
}

function reasonOf({
  entry,
  over,
  talk,
  labelled,
}: Candidate): Pick<NonNullable<Next['issue']>, 'how' | 'why'> {
  const status = entry !== null && 'entry' in entry ? entry.entry.status : undefined;
  if (status === 'frozen') return { how: 'woken', why: talk?.news.map(({ title }) => title) ?? [] };
  if (status === 'running') return { how: 'taken-over', why: over === null ? [] : [over] };
  return { how: 'begun', why: [`given by ${labelled?.login ?? 'somebody'}`] };
}
