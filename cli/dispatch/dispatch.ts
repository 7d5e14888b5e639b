import { findTools } from '../../core/agent/cell/possible-isolation.ts';
import { terminalTrouble } from '../../core/agent/cell/terminal.ts';
import { mostOfPrompt } from '../../core/agent/entry.ts';
import { UserError } from '../../core/errors.ts';
import { agentFor, readAgent } from './agents.ts';
import type { DispatchConfig } from './config.ts';
import type { DispatchEntry, IssuePlace, Mode } from './entry.ts';
import { type Asking, openHosts } from './hosts.ts';
import { hasScreen, type Order } from './order.ts';
import { checkoutOf, referenceOf } from './reference.ts';
import { resolveReference } from './resolve.ts';
import { refuseWithoutState } from './supervise.ts';

/** What a person, or a worker that may, asks for. */
export interface DispatchRequest {
  mode: Mode;
  reference: string;
  agent?: string | undefined;
  profile?: string | undefined;
  isolation?: string | undefined;
  prompt?: string | undefined;
  trustMe: boolean;
  parent?: DispatchEntry | undefined;
}

/** Finds out everything that a dispatch needs to know before it begins. Throws where it may not; nothing is written anywhere. */
export async function orderFor(request: DispatchRequest, asking: Asking): Promise<Order> {
  const { mode, trustMe, prompt, parent } = request;
  const { config } = asking;
  const isolation = isolationOf(request);
  if (!trustMe) refuseUnisolated(mode);
  if (prompt !== undefined && prompt.length > mostOfPrompt)
    throw new UserError(`The prompt has ${prompt.length} characters; at most ${mostOfPrompt} are taken.`);
  // Before any request: who may not be asked about is refused here.
  const places = referenceOf(request.reference, config);
  const connections = openHosts(asking);
  try {
    const issue = await resolveReference(places, connections);
    refuseWithoutState(issue, config);
    const { agent, profile } = agentFor(
      { labels: issue.labels, agent: request.agent, profile: request.profile },
      config,
    );
    const order: Order = {
      mode,
      place: issue.place,
      title: issue.title,
      url: issue.url,
      labels: issue.labels,
      addresses: issue.addresses,
      base: issue.defaultBranch,
      checkout: checkoutOf(config.repoPath, issue.place),
      agent,
      profile,
      isolation,
      trustMe,
      prompt: prompt ?? null,
      parent: parent?.id ?? null,
      depth: parent === undefined ? 0 : parent.depth + 1,
      isDetached: !hasScreen({ mode }),
      hosts: hostsFor(issue.place, config),
    };
    // A manifest that cannot be used is told in the terminal, and not in a log.
    readAgent(config.agents, order);
    return order;
  } finally {
    connections.close();
  }
}

/** Says early what a machine has not, before anything is asked or made. */
export function refuseUnisolated(mode: Mode, platform = process.platform, tools = findTools): void {
  if (platform !== 'linux')
    throw new UserError(
      `What isolates a worker is there on Linux alone, and this is ${platform}.`,
      'Add --trust-me to run the worker as you, without isolation and with your own login.',
    );
  const trouble = hasScreen({ mode }) ? terminalTrouble(tools()) : undefined;
  if (trouble !== undefined)
    throw new UserError(
      `${mode} shows the program's own screen, which an isolated worker draws on a terminal of its own: ${trouble}.`,
      'Install util-linux, use headless, or add --trust-me: the worker then runs as you, with your login.',
    );
}

/** The hosts whose tokens a dispatch works with: that of its issue, and the forge for a claim in the state repo. */
function hostsFor(
  { platform }: IssuePlace,
  { stateRepo }: Pick<DispatchConfig, 'stateRepo'>,
): Order['hosts'] {
  return platform === 'github' && stateRepo !== undefined ? ['github', 'forgejo'] : [platform];
}

function isolationOf({ isolation, trustMe }: DispatchRequest): Order['isolation'] {
  if (isolation === undefined) return null;
  if (trustMe)
    throw new UserError(
      '--trust-me is without isolation, so --isolation says the opposite.',
      'Leave one out.',
    );
  if (isolation === 'bwrap' || isolation === 'user') return isolation;
  throw new UserError(
    '--isolation is bwrap or user.',
    'A worker without isolation is started with --trust-me.',
  );
}
