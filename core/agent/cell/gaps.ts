import type { Isolation, Network } from './cell.ts';

const networkGaps: Record<Network, string | undefined> = {
  none: undefined,
  model: undefined,
  open: 'Programs of the agent reach whatever this machine reaches, the services on its loopback address included.',
};

const isolationGaps: Record<Isolation, string[]> = {
  container: [
    'A defect in the kernel of this machine can be used by programs of the agent: containers share it.',
    'Programs of the agent reach the network, and every service and other step of this pipeline that listens there.',
    'What its image is, and which of the secrets of CI its step was given, is for the pipeline to say: this role sees only its environment.',
    'CPU time, memory and disk space are shared: an agent can slow this machine down and fill its disk.',
  ],
  bwrap: [
    'A defect in the kernel of this machine can be used by programs of the agent: they share it.',
    'Programs of the agent can read every file under /usr that everybody may read.',
    'CPU time, memory and disk space are shared: an agent can slow this machine down and fill its disk.',
  ],
  user: [
    'A defect in the kernel of this machine can be used by programs of the agent: they share it.',
    'Programs of the agent can read every file of this machine that everybody may read, and write into folders that everybody may write, such as /tmp.',
    'Programs of the agent can see the name, user and command line of every process of this machine.',
    'Programs of the agent can connect to every Unix socket of this machine that everybody may connect to.',
    'CPU time, memory and disk space are shared: an agent can slow this machine down and fill its disk.',
  ],
  none: [
    'Programs of the agent run as the same user as this step: they can read its secrets out of its memory and environment, read and change every file that it can, and end it.',
    'Programs of the agent can read and change the cells of other agents on this machine.',
    'A program that leaves its parent and clears its environment can outlive the run.',
    'CPU time, memory and disk space are shared: an agent can slow this machine down and fill its disk.',
  ],
};

/** What a level does not keep out, as whole sentences. */
export function gapsOf(isolation: Isolation, network: Network): string[] {
  const gap = isolation === 'container' ? undefined : networkGaps[network];
  const abstract =
    isolation === 'bwrap' && network === 'open'
      ? [
          'Programs of the agent can connect to the Unix sockets of this machine that have a name but no path.',
        ]
      : [];
  return [...isolationGaps[isolation], ...(gap === undefined ? [] : [gap]), ...abstract];
}

/** Why an isolation cannot keep what a network asks for, or undefined. */
export function refusalOf(isolation: Isolation, network: Network): string | undefined {
  if (network === 'open' || isolation === 'bwrap') return undefined;
  return `The network "${network}" needs the isolation bwrap: at "${isolation}" programs of the agent use the network of this machine, and nothing holds them back.`;
}
