import { mostOfPrompt } from '../../core/agent/entry.ts';
import { reserveMs } from '../../core/agent/follow.ts';
import { privateKeyIn } from '../../core/agent/provenance/keys.ts';
import { UserError } from '../../core/errors.ts';
import {
  count,
  duration,
  filePath,
  flag,
  flowSettings,
  forgeUrl,
  labelName,
  login,
  matching,
  oneOf,
  opsRepo,
  repository,
  type SettingsFault,
  sharedSettings,
  text,
  token,
  type ValuesOf,
  woodpeckerSettings,
  words,
} from '../../core/settings.ts';

/** The key as one line of base64, however it was given. */
function signingKey(given: string): string {
  const key = privateKeyIn(given);
  if (key === undefined) throw new UserError('expected an Ed25519 private key (PKCS#8), as PEM or base64');
  return key;
}

export const settings = {
  ...flowSettings,
  'forge-login': sharedSettings['forge-login'],
  'ops-branch': sharedSettings['ops-branch'],
  bots: sharedSettings.bots,
  'ops-repo': opsRepo('The repository whose folder `agents` declares the agents, as owner/name.'),
  'project-repo': repository({
    description:
      'Only issues of this repository, as owner/name. Default: of every repository that an agent names.',
  }),
  issue: count({ description: 'Only this issue; needs `project-repo`.' }),
  mode: oneOf(['work', 'fan-out', 'prepare', 'serve', 'finish'], {
    description:
      'What this run does: `work` works on one issue; `fan-out` works on none, and starts a run for every issue that waits, up to `max-parallel`; `prepare`, `serve` and `finish` are the same work as `work` in three steps of one Woodpecker pipeline, where the agent is a step of its own.',
    default: 'work',
  }),
  'shared-folder': matching(
    /^(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)*$/,
    'a folder below the workspace, such as .forgecrew',
    {
      description:
        'With `mode: prepare` and `serve`: the folder in the workspace that the step of the agent shares with them. It is made anew, so nothing else may be kept in it.',
      default: '.forgecrew',
    },
  ),
  'max-parallel': count({
    description: 'With `mode: fan-out`: so many agents of our account work at the same time, at most.',
    default: '3',
  }),
  prompt: words(
    {
      description:
        'Wakes the frozen agent of `issue` by hand, and tells it this; its rounds begin anew. Where nothing is frozen the run is red.',
    },
    mostOfPrompt,
  ),
  deadline: duration({
    description:
      'How long the run may take, the agent included, such as `30m` or `3h`; five minutes of it are kept for what comes after the agent.',
    default: '3h',
  }),
  'state-repo': repository({
    description:
      'Where it is kept who works on what, as owner/name: a private repository of our account. Default: `forgecrew-state` of our account.',
  }),
  'label-prefix': matching(/^[A-Za-z0-9][A-Za-z0-9-]{0,19}$/, 'letters, digits and hyphens, at most 20', {
    description:
      'An issue is given to the agent `name` by the label `prefix:name`, and a profile by `prefix-profile:name`.',
    default: 'crew',
  }),
  'label-from': login({
    description: 'A bot that may give issues to agents as well; without it, only people who may write can.',
  }),
  'agent-org': login({
    description:
      'An organisation: only issues with one of its members among their assignees are taken. Our account sees private members only where it is a member itself.',
  }),
  'priority-label': labelName({ description: 'Issues with it are taken first.', default: 'priority' }),
  'progress-label': labelName({ description: 'Set while an issue is worked on.', default: 'in-progress' }),
  'blocked-label': labelName({ description: 'Set where a person is needed.', default: 'blocked' }),
  'underspecified-label': labelName({
    description: 'Set where an issue does not say enough.',
    default: 'underspecified',
  }),
  'label-token': token({
    description:
      'Another token for labels alone, where our account may only read: on Forgejo Actions in the repository itself the automatic token of the job.',
  }),
  'on-red': flag({
    description: 'Whether an agent is woken when checks of its pull request fail.',
    default: 'false',
  }),
  'escalation-trigger': matching(/^\/[a-z][a-z0-9-]{1,30}$/, 'a word such as /crew', {
    description:
      'Comments that begin with this word are for the role escalation, and wake no agent; as its setting `trigger` says.',
    default: '/crew',
  }),
  'escalation-login': login({
    description:
      'The account of the role escalation: comments that mention it in their first line wake no agent.',
  }),
  strangers: flag({
    description: 'Whether the agent is also shown what people wrote who may not write to the repository.',
    default: 'false',
  }),
  closes: flag({
    description: 'Whether the pull request closes its issue when it is merged.',
    default: 'true',
  }),
  'propose-from': oneOf(['fork', 'branch'], {
    description:
      "Where the agent's work is pushed: a `fork` of our own, or a `branch` of the repository, whose CI then runs it with the repository's secrets; that needs `accept-exposed-secrets`.",
    default: 'fork',
  }),
  'accept-exposed-secrets': flag({
    description:
      'Allows `propose-from: branch`. Whoever sets it says that an agent may read every secret of the repository.',
    default: 'false',
  }),
  'allow-unisolated': flag({
    description:
      'Allows agents whose manifest says `isolation = "none"`: such an agent can read everything this step can, its token too.',
    default: 'false',
  }),
  'agent-folder': filePath({
    description: 'Where the folders of agents are made. Default: the folder for temporary files.',
  }),
  'agent-uids': matching(/^\d{1,9}-\d{1,9}$/, 'two numbers such as 70000-70255', {
    description:
      'User ids that agents may run as with the isolation `user`; no account of the machine may have them.',
    default: '70000-70255',
  }),
  'engine-url': forgeUrl({
    description:
      'Where the model is that agents may ask, through this role. Default: the public one of the engine.',
  }),
  'engine-key': token({
    description: 'The key for the model, from a CI secret. It stays with this role; no agent ever has it.',
  }),
  'engine-api': oneOf(['anthropic', 'openai'], {
    description:
      'What the model at `engine-url` speaks, for the engines `opencode` and `command`; `claude` always speaks `anthropic`, `codex` always `openai`.',
    default: 'anthropic',
  }),
  'max-output-tokens': count({
    description: 'The longest answer an agent may ask its model for.',
    default: '32000',
  }),
  'provenance-key': {
    ...text({
      description:
        'Signs the record of every run: an Ed25519 private key (PKCS#8, as PEM or base64), from a CI secret. `forgecrew provenance keygen` makes one. Without it records are kept unsigned.',
      secret: true,
    }),
    read: signingKey,
  },
  ...woodpeckerSettings,
};
export type AgentSettings = ValuesOf<typeof settings>;

/** What settings say of each other. */
export function faults(given: AgentSettings): SettingsFault[] {
  const found: SettingsFault[] = [];
  const [first = 0, last = 0] = given['agent-uids'].split('-').map(Number);
  if (first < 1000 || last < first || last > 4_000_000_000)
    found.push({
      settings: ['agent-uids'],
      message: 'The first number has to be at least 1000, and the second one not smaller.',
    });
  if (given.issue !== undefined && given['project-repo'] === undefined)
    found.push({
      settings: ['issue', 'project-repo'],
      message: 'issue is given without project-repo. Name the repository that the issue is in.',
    });
  if (given.issue !== undefined && given.mode === 'fan-out')
    found.push({
      settings: ['mode', 'issue'],
      message:
        'issue is given with the mode fan-out, which works on no issue. Give it to the runs that fan-out starts, and set their mode to work.',
    });
  if (given.prompt !== undefined && given.issue === undefined)
    found.push({
      settings: ['prompt', 'issue'],
      message: 'prompt is given without issue. Name the issue whose agent it wakes, and its project-repo.',
    });
  if (given.deadline <= reserveMs && (given.mode === 'work' || given.mode === 'serve'))
    found.push({
      settings: ['deadline'],
      message: `${reserveMs / 60_000} minutes of the deadline are kept for what comes after the agent, so it would be ended as it starts. Give it more.`,
    });
  if (given['propose-from'] === 'branch' && !given['accept-exposed-secrets'])
    found.push({
      settings: ['propose-from', 'accept-exposed-secrets'],
      message:
        "propose-from is branch: the CI of the repository would run what an agent wrote with the repository's secrets. Use fork, or set accept-exposed-secrets if that is what you want.",
    });
  return found;
}

/** The user ids that agents may run as. */
export function uidsOf({ 'agent-uids': range }: Pick<AgentSettings, 'agent-uids'>): {
  first: number;
  count: number;
} {
  const [first = 0, last = 0] = range.split('-').map(Number);
  return { first, count: last - first + 1 };
}

/** Accounts whose labels and words never count, our own among them. */
export function neverHeeded(given: Pick<AgentSettings, 'bots' | 'label-from'>, own: string): string[] {
  return [own, ...given.bots].filter((name) => name.toLowerCase() !== given['label-from']?.toLowerCase());
}

/** The modes in which one round is the work of several steps of a pipeline. */
export function isInSteps({ mode }: Pick<AgentSettings, 'mode'>): boolean {
  return mode === 'prepare' || mode === 'serve' || mode === 'finish';
}
