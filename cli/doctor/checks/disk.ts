import type { DockerUse } from '../docker-df.ts';
import { type Finding, finding, ok, unchecked } from '../finding.ts';
import type { Disk } from '../machine.ts';
import type { DoctorSettings, DoctorState } from '../state.ts';

/** A disk that is fuller, in percent, stops builds soon. */
const fullest = 80;
/** As many compose projects are named, the largest first. */
const mostProjects = 5;

const admins = 'whoever runs this machine';

/** The disk of the machine that this step runs on, and what docker keeps there. Nothing is taken away by anybody here. */
export function diskChecks(_: DoctorSettings, { machine }: DoctorState): Finding[] {
  if (machine === undefined) return [];
  const { disks, docker } = machine;
  const taken = docker.kind === 'known' ? takenBy(docker.value) : 'what docker keeps could not be asked';
  return [
    finding('disk.space', `the disk of this machine is at most ${fullest} % full`, disks, (all) => {
      const full = all.filter((disk) => percentOf(disk) > fullest);
      return full.length === 0
        ? undefined
        : {
            what: `${full.map((disk) => `the disk of ${disk.path} is ${percentOf(disk)} % full`).join(', ')}: ${taken}`,
            who: admins,
            mend: 'look at docker system df -v there; docker builder prune and docker image prune take away what is in use by nothing, and volumes hold data',
          };
    }),
    docker.kind === 'unknown'
      ? unchecked('disk.docker', 'what images, build cache and volumes take', docker.why)
      : ok('disk.docker', `of this machine's disk ${taken}`),
  ];
}

/** As df counts: what only root may fill counts as used. */
function percentOf({ used, free }: Disk): number {
  return used + free === 0 ? 100 : Math.ceil((used / (used + free)) * 100);
}

function takenBy({ kept, projects }: DockerUse): string {
  const kinds = kept.map(
    ({ type, size, unused }) =>
      `${type.toLowerCase()} take ${shown(size)} (${shown(unused)} in use by nothing)`,
  );
  const named = projects.slice(0, mostProjects).map(({ name, size }) => `${name} ${shown(size)}`);
  return [
    ...kinds,
    ...(named.length === 0
      ? []
      : [
          `containers and volumes of compose projects: ${named.join(', ')}${projects.length > mostProjects ? ` and ${projects.length - mostProjects} more` : ''}`,
        ]),
  ].join('; ');
}

function shown(bytes: number): string {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
