import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Person, Seeder } from '../embedded-forge/seed.ts';
import { withClone } from './contract/forge/git.ts';

// What one stranger may put before everybody's roles: hostile texts, and pull requests from a fork.

/** A table inside a table, so many times, with the fewest bytes. */
export const deepYaml = (depth: number): string => `a: ${'? '.repeat(depth)}x\n`;

/** Comments of the forge come as JSON, in which each of these takes six bytes: more than is read of one answer. */
export const hugeComment = '<'.repeat(11_200_000);

export const hostileToml: [name: string, text: string, said: string][] = [
  ['TOML on which parsers hang', 'a=[1#', 'is no TOML 1.0'],
  ['32,000 lines of #', '#\n'.repeat(32_000), 'and it is missing'],
  [
    '4,000 unknown keys',
    Array.from({ length: 4000 }, (_, index) => `k${index} = 1\n`).join(''),
    'no such field',
  ],
  ['more than is read', `# ${'x'.repeat(70_000)}`, 'at most 65536 are read'],
];

export interface Stranger {
  person: Person;
  /** Opens a pull request from a fork with these files, and answers its number. */
  propose(branch: string, files: Record<string, string>): Promise<number>;
}

/** Somebody who may read a repository, as everybody may, with a fork of it. */
export async function strangerAt(
  { seed, repository }: { seed: Seeder; repository: string },
  login = 'stranger',
): Promise<Stranger> {
  const person = await seed.createUser(login, ['write:repository', 'write:issue', 'write:user']);
  const must = async (method: string, where: string, body: unknown): Promise<void> => {
    const answer = await seed.api(method, where, body, person.token);
    if (answer.status > 299)
      throw new Error(`${method} ${where} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  };
  await must('POST', `/repos/${repository}/forks`, {});
  const fork = `${login}/${repository.split('/')[1]}`;
  return {
    person,
    async propose(branch, files) {
      await must('POST', `/repos/${fork}/contents`, {
        branch: 'main',
        new_branch: branch,
        message: branch,
        files: Object.entries(files).map(([file, text]) => ({
          operation: 'create',
          path: file,
          content: Buffer.from(text).toString('base64'),
        })),
      });
      return seed.openPull(person, repository, {
        head: `${login}:${branch}`,
        base: 'main',
        title: branch,
        body: '',
      });
    },
  };
}

/** Pushes a branch with what no API writes: symbolic links, and entries of the index. */
export async function pushOdd(
  { url, by, repository }: { url: string; by: Person; repository: string },
  branch: string,
  {
    links = {},
    submodules = [],
    files = {},
  }: { links?: Record<string, string>; submodules?: string[]; files?: Record<string, string> },
): Promise<void> {
  await withClone(url, by, repository, async (clone) => {
    await clone.git('checkout', '-q', '-b', branch);
    const at = (file: string): string => {
      const place = path.join(clone.folder, file);
      mkdirSync(path.dirname(place), { recursive: true });
      rmSync(place, { force: true });
      return place;
    };
    for (const [file, target] of Object.entries(links)) symlinkSync(target, at(file));
    for (const [file, text] of Object.entries(files)) writeFileSync(at(file), text);
    await clone.git('add', '-A', '.');
    for (const file of submodules)
      await clone.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},${file}`);
    await clone.git('commit', '-q', '-m', branch);
    await clone.git('push', '-q', 'origin', branch);
  });
}
