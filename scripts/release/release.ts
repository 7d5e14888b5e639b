import {
  type Facts,
  imageCommands,
  isBegun,
  messageOf,
  type ReleaseFault,
  releasedChangelog,
  releaseFaults,
  tagMessage,
  tagOf,
} from './plan.ts';

/** The machine, as a release uses it; tests give another one. */
export interface Machine {
  /** What a program printed; throws where it did not end well. */
  run(program: string, args: string[]): string;
  /** Runs a program whose output people want to see while it comes; false where it did not end well. */
  show(program: string, args: string[]): boolean;
  write(file: string, text: string): void;
  /** A file of a program, which is read once. */
  digest(file: string): string;
  /** Makes a folder anew, empty. */
  empty(folder: string): void;
  say(line: string): void;
}

export interface Wanted {
  /** Where images go, such as forge.example/owner; without it none are made. */
  registry: string | undefined;
  /** Another image to build on. */
  base: string | undefined;
  roles: readonly string[];
  day: string;
  /** Looks, and changes nothing. */
  isDryRun: boolean;
}

/** Below .cache, which is in no commit. */
const workFolder = '.cache/release';

/**
 * Makes a release of what stands in the checkout; false where something has to be mended first. The tag comes last, when everything
 * else is there, so that what has a tag is whole; before it, the same command goes on where it ended.
 */
export function release(facts: Facts, wanted: Wanted, machine: Machine): boolean {
  const { version } = facts;
  const { registry, day, isDryRun } = wanted;
  const faults: ReleaseFault[] = releaseFaults(facts, registry);
  for (const { what, remedy } of faults) machine.say(`${what} ${remedy}`);
  if (faults.length > 0) return refused(machine);
  const begun = isBegun(facts);
  // Its commit was made after these had passed, and changes the changelog alone.
  const checks = begun ? [] : [['run', 'check'], ['test']];
  for (const args of checks)
    if (!machine.show('npm', args)) {
      machine.say(`npm ${args.join(' ')} did not end well. Mend what it says.`);
      return refused(machine);
    }
  if (isDryRun) {
    machine.say(`${version} can be released. Nothing was changed.`);
    return true;
  }
  if (begun) machine.say(`The release of ${version} was begun, and goes on.`);
  else {
    machine.write('CHANGELOG.md', releasedChangelog(facts.changelog, version, day));
    machine.run('git', ['commit', '--quiet', '-m', messageOf(version), '--', 'CHANGELOG.md']);
  }
  const commit = machine.run('git', ['rev-parse', 'HEAD']).trim();
  const images = registry === undefined ? [] : pushImages({ ...wanted, registry, version, commit }, machine);
  machine.run('git', ['tag', '-a', tagOf(version), '-m', tagMessage(version, images), commit]);
  if (registry === undefined)
    machine.say('No images were made: name the registry of your forge with --registry.');
  machine.say(`${tagOf(version)} is commit ${commit}. Push both: git push origin main ${tagOf(version)}`);
  machine.say(
    `In a workflow:   uses: https://forge.example/owner/forgecrew/actions/<role>@${commit} # ${tagOf(version)}`,
  );
  for (const image of images) machine.say(`In a container:  image: ${image} # ${tagOf(version)}`);
  return true;
}

function refused(machine: Machine): false {
  machine.say('No release was made.');
  return false;
}

/** Builds and pushes the image of every role from what the commit holds, and nothing else; answers them by digest. */
function pushImages(
  { registry, base, roles, version, commit }: Wanted & { registry: string; version: string; commit: string },
  machine: Machine,
): string[] {
  const folder = `${workFolder}/commit`;
  const archive = `${workFolder}/commit.tar`;
  machine.empty(workFolder);
  machine.empty(folder);
  machine.run('git', ['archive', '-o', archive, commit, 'LICENSE', 'dist', 'plugins']);
  machine.run('tar', ['-xf', archive, '-C', folder]);
  machine.write(`${folder}/commit`, `${commit}\n`);
  const at = machine.run('git', ['log', '-1', '--format=%ct', commit]).trim();
  return roles.map((role) => {
    const digestFile = `${workFolder}/digest-${role}`;
    const build = { version, commit, at, registry, base, folder, digestFile };
    for (const { program, args } of imageCommands(role, build)) machine.run(program, args);
    const image = `${registry}/${role}@${machine.digest(digestFile).trim()}`;
    machine.say(`pushed ${image}`);
    return image;
  });
}
