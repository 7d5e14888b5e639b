import { canonicalJson, sha256 } from '../../core/canonical.ts';
import type { Change } from '../../core/change.ts';
import { proposalBlock } from '../../core/escalation/answer.ts';
import { readPayload } from '../../core/escalation/payload.ts';
import { listComments } from '../../core/forge/comments.ts';
import { getOwnUser, type User } from '../../core/forge/users.ts';
import { ownComments } from '../../core/own-comment.ts';
import { keep, refuseFor } from '../../core/plan.ts';
import type { Role, State } from '../../core/role.ts';
import type { ValuesOf } from '../../core/settings.ts';
import { settings } from './settings.ts';

type ProposeSettings = ValuesOf<typeof settings>;

interface ProposeState extends State {
  account: User;
  /** Whether it was proposed before. */
  isThere: boolean;
}

const changes = ['keep', 'refuse', 'comment'] as const;

function signOf({ id, type, payload, repository }: ProposeSettings): string {
  if (id !== undefined) return `propose ${id}`;
  const read = readPayload(type, payload, repository);
  return `propose ${sha256(read.ok ? canonicalJson(read.payload) : payload).slice(0, 12)}`;
}

/** A comment that the role escalation takes up, where the account is one of its proposers; pure. */
function plan(given: ProposeSettings, { isThere }: ProposeState): Change<(typeof changes)[number]>[] {
  const { repository, issue, type, payload } = given;
  const read = readPayload(type, payload, repository);
  if (!read.ok) return [refuseFor('payload', read.why)];
  if (isThere) return [keep(`it is proposed on #${issue} already`)];
  return [
    {
      kind: 'comment',
      repository,
      issue,
      text: proposalBlock(type, JSON.parse(payload)),
      sign: signOf(given),
      why: `${type} in ${read.payload.repo}`,
    },
  ];
}

/** The command `forgecrew propose`: a role that a pipeline runs, with the same flow as every other. */
export const propose: Role<typeof settings, ProposeState, (typeof changes)[number]> = {
  name: 'propose',
  summary: 'Proposes an action in a comment, for the role escalation to show to people.',
  settings,
  whenPaused: () => 'ignore',
  changes,
  needs: [
    {
      where: 'the repository of the issue',
      access: 'read',
      scopes: ['write:issue', 'read:user'],
      why: 'write:issue writes the comment; read:user tells whose token it is.',
    },
  ],
  async read({ settings: given, send, now }) {
    const account = await getOwnUser(send);
    const comments = await listComments(send, given.repository, given.issue);
    return { now, account, isThere: ownComments(comments, account, signOf(given)).length > 0 };
  },
  plan,
};
