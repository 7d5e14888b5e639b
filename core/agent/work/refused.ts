import type { Git, Signature } from '../../git.ts';
import { makeBare } from './clone.ts';
import type { Refusal } from './refusal.ts';

/**
 * Makes a commit that holds an agent's work as a file, beside why it was refused. It stands on nothing, so no history of a
 * project comes along, and nothing of the work is ever a file of a checkout.
 */
export async function keepRefused(
  git: Git,
  {
    bundle,
    refusals,
    folder,
    message,
    author,
  }: { bundle: Uint8Array; refusals: Refusal[]; folder: string; message: string; author: Signature },
): Promise<string> {
  await makeBare(git, folder, '0'.repeat(40));
  const blob = async (input: string | Uint8Array): Promise<string> =>
    (await git.run(folder, { args: ['hash-object', '-w', '--stdin'], input })).toString('utf8').trim();
  const files = [
    ['why.txt', await blob(`${refusals.map(({ said }) => said).join('\n')}\n`)],
    ['work.bundle', await blob(bundle)],
  ];
  const tree = await git.run(folder, {
    args: ['mktree'],
    input: files.map(([name, object]) => `100644 blob ${object}\t${name}\n`).join(''),
  });
  const commit = await git.run(folder, {
    args: ['commit-tree', '-F', '-', tree.toString('utf8').trim()],
    input: message,
    author,
    committer: author,
  });
  const made = commit.toString('utf8').trim();
  await git.run(folder, { args: ['update-ref', 'refs/forgecrew/refused', made] });
  return made;
}
