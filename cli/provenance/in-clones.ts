import { entryPath, type IssueName, parseEntry, recordFolder } from '../../core/agent/entry.ts';
import type { Finding } from '../../core/agent/provenance/report.ts';
import { fits, type Round, unchecked, wrong } from '../../core/agent/provenance/verify.ts';
import type { RunRecord } from '../../core/agent/run-record.ts';
import { branchesOf, type Clone, changesIn, everHad, filesIn, isBefore, objectOf } from './clone.ts';

// Whether what the records name is there, in clones; what cannot be looked at is said as that.

/** The clones that were given. */
export interface Clones {
  state: Clone | undefined;
  repository: Clone | undefined;
  ops: Clone | undefined;
}

/** Larger than any commit, tree or manifest that is looked at. */
const mostObjectBytes = 16 * 1024 * 1024;

export async function verifyInClones(
  name: IssueName,
  rounds: readonly Round[],
  clones: Clones,
): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const { round, record } of rounds) {
    if (record === undefined) continue;
    found.push(await baseIn(clones.repository, round, record));
    found.push(...(await workIn(clones, round, record, isWrittenAnew(rounds, record))));
    found.push(...(await manifestIn(clones.ops, round, record)));
  }
  return [...found, await historyIn(clones.state, name), await entryIn(clones.state, name, rounds)];
}

async function baseIn(clone: Clone | undefined, round: number, { base }: RunRecord): Promise<Finding> {
  if (clone === undefined) return unchecked(round, 'base', notGiven('--repository'));
  const at = `${base.commit} of ${base.branch}`;
  const branches = await branchesOf(clone, base.branch);
  if (branches.length === 0)
    return unchecked(round, 'base', `${at}: the clone has no branch of that name; fetch it`);
  const commit = await objectOf(clone, base.commit, mostObjectBytes);
  if (commit?.type === 'commit')
    for (const branch of branches)
      if (await isBefore(clone, base.commit, branch))
        return fits(round, 'base', `${at}, on which the agent began, is there`);
  return (
    gapOf(clone, round, 'base', at) ??
    wrong(
      round,
      'base',
      `${at} is not in the history of that branch: it was rewritten since, or the clone is older than the round or of another repository`,
    )
  );
}

/** Whether a later round wrote the branch of a round's work, which need not stand on that work. */
function isWrittenAnew(rounds: readonly Round[], { round, work }: RunRecord): boolean {
  return rounds.some(
    ({ record: later }) =>
      work.kind === 'work' &&
      later?.work.kind === 'work' &&
      later.round > round &&
      later.work.branch === work.branch &&
      later.work.commit !== work.commit,
  );
}

async function workIn(
  { state, repository }: Clones,
  round: number,
  record: RunRecord,
  isAnew: boolean,
): Promise<Finding[]> {
  const { work } = record;
  if (work.kind === 'nothing') return [];
  if (work.kind === 'refused')
    return work.commit === null ? [] : [await refusedIn(state, round, work.commit, work.ref ?? '')];
  if (repository === undefined) return [unchecked(round, 'commit', notGiven('--repository'))];
  const commit = await objectOf(repository, work.commit, mostObjectBytes);
  const branches = await branchesOf(repository, work.branch);
  if (commit === undefined) {
    const gap = gapOf(repository, round, 'commit', work.commit);
    if (gap !== undefined) return [gap];
    return [
      branches.length === 0 || isAnew
        ? unchecked(
            round,
            'commit',
            `${work.commit} is not in the clone; bring the commits of pull requests along: git fetch origin 'refs/pull/*/head:refs/remotes/pull/*'`,
          )
        : wrong(
            round,
            'commit',
            `${work.commit} is not there, but its branch ${work.branch} is: it was rewritten since, or the clone is older than the round`,
          ),
    ];
  }
  if (commit.type !== 'commit') return [wrong(round, 'commit', `${work.commit} is no commit`)];
  const tree = /^tree ([0-9a-f]+)$/m.exec(headOf(commit.bytes))?.[1];
  if (tree !== work.tree)
    return [wrong(round, 'commit', `${work.commit} has the tree ${tree ?? '(none)'}, not ${work.tree}`)];
  const parents = [...headOf(commit.bytes).matchAll(/^parent ([0-9a-f]+)$/gm)].map(([, id]) => id);
  if (!parents.includes(record.base.commit) && !(await isBefore(repository, record.base.commit, work.commit)))
    return [
      gapOf(repository, round, 'commit', work.commit) ??
        wrong(round, 'commit', `${work.commit} does not stand on ${record.base.commit}`),
    ];
  for (const branch of branches)
    if (await isBefore(repository, work.commit, branch))
      return [fits(round, 'commit', `${work.commit} is there, with its tree, in ${branch}`)];
  return [
    branches.length === 0 || isAnew
      ? fits(
          round,
          'commit',
          `${work.commit} is there, with its tree${branches.length === 0 ? '' : '; a later round wrote its branch anew'}`,
        )
      : wrong(
          round,
          'commit',
          `${work.commit} is not in the history of its branch ${work.branch}: it was rewritten since`,
        ),
  ];
}

/** The head of a commit: what its message says is no header. */
function headOf(bytes: Buffer): string {
  const text = bytes.toString('latin1');
  const end = text.indexOf('\n\n');
  return end < 0 ? text : text.slice(0, end);
}

async function refusedIn(
  clone: Clone | undefined,
  round: number,
  commit: string,
  ref: string,
): Promise<Finding> {
  if (clone === undefined) return unchecked(round, 'commit', notGiven('--state'));
  const found = await objectOf(clone, commit, mostObjectBytes);
  if (found === undefined)
    return unchecked(
      round,
      'commit',
      `the refused work ${commit} is in no branch; in the clone of the state repo: git fetch origin ${ref}`,
    );
  return found.type === 'commit'
    ? fits(round, 'commit', `the refused work ${commit} is there`)
    : wrong(round, 'commit', `${commit} is no commit`);
}

async function manifestIn(
  clone: Clone | undefined,
  round: number,
  { manifest }: RunRecord,
): Promise<Finding[]> {
  const parts = [manifest, ...(manifest.prompt === null ? [] : [manifest.prompt])];
  if (clone === undefined) return [unchecked(round, 'manifest', notGiven('--ops'))];
  const found: Finding[] = [];
  for (const { file, blob } of parts) {
    const object = await objectOf(clone, blob, mostObjectBytes);
    const isThere = object?.type === 'blob' && (await everHad(clone, file, blob));
    found.push(
      isThere
        ? fits(round, 'manifest', `${file} was ${blob} once`)
        : (gapOf(clone, round, 'manifest', `${file} (${blob})`) ??
            wrong(
              round,
              'manifest',
              `${file} was never ${blob} in the ops repo, or the clone is older than the round`,
            )),
    );
  }
  return found;
}

const kinds: Record<string, string> = { M: 'changed', D: 'deleted', T: 'made something else of' };

/** Records are added once and stay: every commit that did anything else to one is somebody's who bent it. */
async function historyIn(clone: Clone | undefined, name: IssueName): Promise<Finding> {
  if (clone === undefined) return unchecked(null, 'history', notGiven('--state'));
  const [change] = (await changesIn(clone, recordFolder(name))).reverse();
  if (change !== undefined)
    return wrong(
      null,
      'history',
      `the commit ${change.commit} of the state repo ${kinds[change.kind] ?? 'touched'} ${change.name}, and records are only ever added`,
    );
  return (
    gapOf(clone, null, 'history', 'what became of the records') ??
    fits(null, 'history', 'records were only ever added')
  );
}

/** How many rounds there were, the entry says: without it, whoever deletes the newest record leaves no gap. */
async function entryIn(
  clone: Clone | undefined,
  name: IssueName,
  rounds: readonly Round[],
): Promise<Finding> {
  if (clone === undefined) return unchecked(null, 'entry', notGiven('--state'));
  const file = entryPath(name);
  const folder = file.slice(0, file.lastIndexOf('/'));
  const found = (await filesIn(clone, folder)).find((item) => item.name === `${name.number}.json`);
  if (found === undefined || !found.isFile) return wrong(null, 'entry', `${file} is not there`);
  const object = await objectOf(clone, found.id, mostObjectBytes);
  const parsed = object === undefined ? undefined : parseEntry(object.bytes);
  if (parsed?.ok !== true)
    return wrong(null, 'entry', `${file} cannot be read: ${parsed?.fault ?? 'its bytes are others'}`);
  const { entry } = parsed;
  const last = rounds.at(-1)?.round ?? 0;
  if (entry.rounds < last)
    return wrong(
      null,
      'entry',
      `the entry counts ${entry.rounds} rounds, and there is a record of round ${last}`,
    );
  if (entry.rounds === last) return fits(null, 'entry', `the entry counts ${entry.rounds} rounds as well`);
  if (entry.status === 'running')
    return unchecked(null, 'entry', `round ${entry.rounds} goes on, and its record is still to come`);
  return entry.why.startsWith('cut off')
    ? fits(null, 'entry', `round ${entry.rounds} left no record: ${entry.why}`)
    : wrong(
        null,
        'entry',
        `the entry says that round ${entry.rounds} came to its end (${entry.why}), and there is no record of it`,
      );
}

function notGiven(option: string): string {
  return `${option} was not given`;
}

function gapOf(
  { gap }: Clone,
  round: number | null,
  check: Finding['check'],
  what: string,
): Finding | undefined {
  return gap === undefined ? undefined : unchecked(round, check, `${what}: ${gap}`);
}
