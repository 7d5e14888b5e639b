import { sameRepository } from '../../core/accounts.ts';
import { type Kept, once } from '../../core/api/once.ts';
import type { Send } from '../../core/api/send.ts';
import { documentName } from '../../core/document-name.ts';
import { UserError } from '../../core/errors.ts';
import { findBranch, firstCommit } from '../../core/forge/branches.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { createSnapshot, type Snapshot } from '../../core/forge/snapshot.ts';
import { listTree } from '../../core/forge/trees.ts';
import { getOwnUser } from '../../core/forge/users.ts';
import type { ReadContext } from '../../core/role.ts';
import { vaultActions } from '../../core/vault/action.ts';
import { parsePolicy, policyFile } from '../../core/vault/policy.ts';
import { readDeciding } from '../../core/vault/read-deciding.ts';
import { createPeople } from '../../core/vault/read-rights.ts';
import { type RuledBranch, readRuled } from '../../core/vault/read-ruled.ts';
import {
  claimedFolder,
  claimsBranch,
  earlierFolder,
  endedFolder,
  firedFolder,
  formerFolders,
  recordPath,
  recordsBranch,
  rejectedFolder,
} from '../../core/vault/record.ts';
import type { settings } from './settings.ts';
import type { ProtectState, RecordBranch } from './state.ts';

/** How the ops repo's default branch and the branches of records are protected now. Throws where our account may not see it. */
export async function read({
  settings: given,
  send,
  now,
  kept,
}: ReadContext<typeof settings, ProtectState>): Promise<ProtectState> {
  const repository = given['ops-repo'];
  const recordRepository = given['record-repo'] ?? repository;
  const isElsewhere = !sameRepository(recordRepository, repository);
  const account = await getOwnUser(send);
  const branch = await mainOf(send, repository);
  const recordMain = isElsewhere ? await mainOf(send, recordRepository) : branch;
  const people = createPeople(send);
  const snapshot = createSnapshot(send, repository, kept);
  const [[main], [records, claims], writers, admins, withoutCode, recordWriters] = await Promise.all([
    readRuled(send, repository, [branch]),
    readRuled(send, recordRepository, [recordsBranch, claimsBranch]),
    people.writers(repository),
    people.admins(repository),
    people.withoutCode(repository),
    people.writers(recordRepository),
  ]);
  if (main?.told === undefined || records === undefined || claims === undefined)
    throw new UserError(
      `${repository} has no commit on ${branch} yet.`,
      'Put the policy and the formulas there first.',
    );
  const commit = main.told.commit.id;
  const tips = [
    { snapshot, commit },
    ...(isElsewhere ? await tipOf(send, recordRepository, recordMain, kept) : []),
  ];
  const copies = await readEarlier(send, kept, records, tips);
  const start =
    records.told !== undefined && claims.told !== undefined
      ? null
      : isElsewhere && tips.length === 1 // there is no commit to begin with
        ? null
        : await once(kept, 'first commit', () => firstCommit(send, recordRepository, recordMain));
  const [deciding, found, actions] = await Promise.all([
    readDeciding(snapshot, { repository, branch, commit }),
    snapshot.fileAt(commit, policyFile),
    snapshot.folderAt(commit, vaultActions),
  ]);
  const parsed = found.kind === 'file' ? parsePolicy(policyFile, found.bytes) : undefined;
  return {
    now,
    account,
    repository,
    main,
    deciding,
    policy: found.kind === 'missing' ? 'missing' : parsed?.ok === true ? parsed.document : 'faulty',
    actions: actions.filter(({ path }) => path.endsWith('.toml')).map(({ path }) => documentName(path)),
    records: {
      ...records,
      held: await readHeld(send, kept, records, [firedFolder, endedFolder, rejectedFolder]),
      start,
    },
    claims: { ...claims, held: await readHeld(send, kept, claims, [claimedFolder]), start },
    earlier: copies,
    writers,
    admins: Array.isArray(admins) ? admins : [],
    withoutCode,
    recordWriters,
  };
}

/** The default branch of a repository that our account administers. */
async function mainOf(send: Send, repository: string): Promise<string> {
  const { default_branch, permissions } = await getRepository(send, repository);
  if (permissions?.admin === false)
    throw new UserError(
      `The token's account does not administer ${repository}, so it is not shown how its branches are protected.`,
      'Use the token of an admin of that repository.',
    );
  return default_branch;
}

async function tipOf(
  send: Send,
  repository: string,
  branch: string,
  kept: Kept,
): Promise<{ snapshot: Snapshot; commit: string }[]> {
  const told = await findBranch(send, repository, branch);
  return told === undefined
    ? []
    : [{ snapshot: createSnapshot(send, repository, kept), commit: told.commit.id }];
}

/** Files of a branch of records that would be believed, by their paths. */
async function readHeld(
  send: Send,
  kept: Kept,
  { repository, told }: RuledBranch,
  folders: string[],
): Promise<RecordBranch['held']> {
  if (told === undefined) return [];
  const entries = await once(kept, `records ${repository} ${told.commit.id}`, () =>
    listTree(send, repository, told.commit.id, { recursive: true }),
  );
  return entries
    .filter(({ path, type }) => type === 'blob' && folders.some((folder) => path.startsWith(`${folder}/`)))
    .map(({ path }) => path);
}

/** What stood on record on main before, where it is not among the copies yet: one file for each id. */
async function readEarlier(
  send: Send,
  kept: Kept,
  records: RuledBranch,
  tips: { snapshot: Snapshot; commit: string }[],
): Promise<ProtectState['earlier']> {
  const copied = new Set(await readHeld(send, kept, records, [earlierFolder]));
  const copies = new Map<string, string>();
  for (const { snapshot, commit } of tips)
    for (const folder of formerFolders) {
      const entries = await snapshot.folderAt(commit, folder);
      await snapshot.contents(entries.filter(({ type }) => type === 'blob'));
      for (const entry of entries) {
        const path = recordPath(earlierFolder, documentName(entry.path));
        if (copied.has(path) || copies.has(path)) continue;
        const found = await snapshot.fileOf(entry);
        // Whatever it holds, its name is what counts.
        copies.set(path, found.kind === 'file' ? found.bytes.toString('utf8') : '{}\n');
      }
    }
  return [...copies].map(([path, content]) => ({ path, content }));
}
