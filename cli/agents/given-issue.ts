import { candidateOf, heardOf } from '../../actions/forge-agent/candidate.ts';
import { type AgentSettings, neverHeeded } from '../../actions/forge-agent/settings.ts';
import type { Candidate } from '../../actions/forge-agent/state.ts';
import { namesLogin } from '../../core/accounts.ts';
import type { Send } from '../../core/api/send.ts';
import { getBranch } from '../../core/forge/branches.ts';
import { listComments } from '../../core/forge/comments.ts';
import { getIssue } from '../../core/forge/issues.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { createPeople } from '../../core/vault/read-rights.ts';

/** An issue as the role would have it if a person had given it to an agent just now: what commands start from. */
export async function readGivenIssue(
  send: Send,
  settings: AgentSettings,
  given: {
    repository: string;
    number: number;
    agent: string;
    profile: string | null;
    own: string;
    now: string;
  },
): Promise<Candidate> {
  const place = await getRepository(send, given.repository);
  const repository = place.full_name;
  const [issue, comments, head] = await Promise.all([
    getIssue(send, repository, given.number),
    listComments(send, repository, given.number),
    getBranch(send, repository, place.default_branch),
  ]);
  const untouched = candidateOf(
    { repository, defaultBranch: place.default_branch, known: [], mayPush: false },
    issue,
    {
      agents: [given.agent],
      profiles: given.profile === null ? [] : [given.profile],
      isUrgent: false,
    },
  );
  const said = comments.flatMap(({ user }) => (user == null ? [] : [user.login]));
  const writers = await createPeople(send).writers(repository, { of: [untouched.author, ...said] });
  const never = neverHeeded(settings, '');
  const mayWrite = (login: string): boolean => namesLogin(writers, login) && !namesLogin(never, login);
  return {
    ...untouched,
    base: head.commit.id,
    authorMayWrite: mayWrite(untouched.author),
    // Whoever types the command gives it.
    labelled: { login: given.own, at: given.now, mayWrite: true, isBot: false },
    comments: heardOf(comments, mayWrite, settings),
  };
}
