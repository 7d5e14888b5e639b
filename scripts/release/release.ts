import {
  type Facts,
  imageCommands,
  type ReleaseFault,
  releasedChangelog,
  releaseFaults,
  tagOf,
} from './plan.ts';

/** The machine, as a release uses it; tests give another one. */
export interface Machine {
  /** What a program printed; throws where it did not end well. */
  run(program: string, args: string[]): string;
  has(program: string): boolean;
  write(file: string, text: string): void;
  /** A file of a program, which is read once. */
  digest(file: string): string;
  say(line: string): void;
}

export interface Wanted {
  /** Where images go, such as forge.example/owner; without it none are made. */
  registry: string | undefined;
  roles: readonly string[];
  day: string;
  /** Looks, and changes nothing. */
  isDryRun: boolean;
}

/** Makes a release of what stands in the checkout; false where something has to be mended first. */
export function release(facts: Facts, { registry, roles, day, isDryRun }: Wanted, machine: Machine): boolean {
  const { version } = facts;
  const faults: ReleaseFault[] = releaseFaults(facts);
  for (const { what, remedy } of faults) machine.say(`${what} ${remedy}`);
  if (faults.length > 0) {
    machine.say('No release was made.');
    return false;
  }
  if (isDryRun) {
    machine.say(`${version} can be released. Nothing was changed.`);
    return true;
  }
  machine.write('CHANGELOG.md', releasedChangelog(facts.changelog, version, day));
  machine.run('git', ['commit', '--quiet', '-m', `Release ${version}`, '--', 'CHANGELOG.md']);
  const commit = machine.run('git', ['rev-parse', 'HEAD']).trim();
  machine.run('git', ['tag', '-a', tagOf(version), '-m', `forgecrew ${version}`]);
  machine.say(`${tagOf(version)} is commit ${commit}. Push both: git push origin main ${tagOf(version)}`);
  if (registry === undefined)
    machine.say('No images were made: name the registry of your forge with --registry.');
  else if (!machine.has('podman')) machine.say('No images were made: podman is not on this machine.');
  else
    for (const role of roles) {
      const digestFile = `.cache/digest-${role}`;
      for (const { program, args } of imageCommands(role, { version, commit, registry, digestFile }))
        machine.run(program, args);
      machine.say(`image: ${registry}/${role}@${machine.digest(digestFile).trim()}`);
    }
  return true;
}
