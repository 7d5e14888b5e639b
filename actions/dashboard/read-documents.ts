import { pathsChangedSince } from '../../core/changed-files.ts';
import { documentName } from '../../core/document-name.ts';
import { findBranch } from '../../core/forge/branches.ts';
import { createSnapshot } from '../../core/forge/snapshot.ts';
import { isFile, listTree, type TreeEntry } from '../../core/forge/trees.ts';
import { parseVaultAction, vaultActions } from '../../core/vault/action.ts';
import { policyFile } from '../../core/vault/policy.ts';
import {
  earlierFolder,
  endedFolder,
  endedRecord,
  firedFolder,
  firedRecord,
  formerFolders,
  readRecord,
  recordsBranch,
  rejectedFolder,
  rejectedRecord,
} from '../../core/vault/record.ts';
import { approversIn } from './approvers.ts';
import type { Context, Seen } from './state.ts';

/** So many documents of a kind are read at most; the rest is told. */
const mostRead = 45;

interface Documents extends Pick<Seen, 'approvers' | 'pending' | 'tree' | 'evidence' | 'leftOut'> {
  /** Actions whose ids are not spent. */
  actions(isSpent: (id: string) => boolean): Promise<Seen['actions']>;
}

/** What stands in the ops repo. */
export async function readDocuments(
  { settings, send, kept }: Context,
  repository: string,
  commit: string,
): Promise<Documents> {
  const snapshot = createSnapshot(send, repository, kept);
  await snapshot.whole(commit);
  const folder = async (path: string): Promise<TreeEntry[]> =>
    (await snapshot.folderAt(commit, path)).map((entry) => ({ ...entry, path: `${path}/${entry.path}` }));
  const leftOut: string[] = [];
  const some = (entries: TreeEntry[], what: string): TreeEntry[] => {
    if (entries.length > mostRead) leftOut.push(`${entries.length - mostRead} ${what}`);
    return entries.slice(0, mostRead);
  };
  const files = (entries: TreeEntry[], ending: string): TreeEntry[] =>
    entries.filter((entry) => isFile(entry) && entry.path.endsWith(ending));
  const asked = some(files(await folder('vault/pending'), '.md'), 'requests to people');
  const tree = await snapshot.entryAt(commit, settings.file);
  const policy = await snapshot.entryAt(commit, policyFile);
  const single = [tree, policy].flatMap((entry) => (entry !== undefined && isFile(entry) ? [entry] : []));
  const wanted = [...asked, ...single];
  const blobs = await snapshot.contents(wanted);
  const policyBlob = policy === undefined ? undefined : blobs.get(policy.sha);
  const textOf = ({ sha }: TreeEntry): string[] => {
    const blob = blobs.get(sha);
    return blob?.kind === 'read' ? [new TextDecoder().decode(blob.bytes)] : [];
  };
  const evidence: Seen['evidence'] = [];
  for (const domain of await folder('evidence')) {
    if (domain.type !== 'tree') continue;
    const days = (await folder(domain.path)).flatMap(
      ({ path }) => /\/(\d{4}-\d{2}-\d{2})\.json$/.exec(path)?.[1] ?? [],
    );
    const day = days.sort().at(-1);
    if (day !== undefined && !Number.isNaN(Date.parse(day)))
      evidence.push({ domain: domain.path.slice('evidence/'.length), day });
  }
  const former = new Set(
    (await Promise.all(formerFolders.map((path) => folder(path))))
      .flat()
      .map(({ path }) => documentName(path)),
  );
  return {
    approvers: policyBlob?.kind === 'read' ? approversIn(policyBlob.bytes) : null,
    pending: asked.flatMap((entry) => textOf(entry).map((text) => ({ path: entry.path, text }))),
    tree: tree === undefined ? null : (textOf(tree)[0] ?? null),
    evidence,
    leftOut,
    async actions(isSpent) {
      const open = files(await folder(vaultActions), '.toml').filter(({ path }) => {
        const id = documentName(path);
        return !former.has(id) && !isSpent(id);
      });
      const read = some(open, 'vault actions');
      const contents = await snapshot.contents(read);
      return read.flatMap(({ path, sha }) => {
        const blob = contents.get(sha);
        const parsed = blob?.kind === 'read' ? parseVaultAction(path, blob.bytes) : undefined;
        // One that is no action is refused by vault-dispatch, which says so.
        if (parsed?.ok !== true) return [];
        const { document } = parsed;
        return [
          {
            id: document.id,
            file: path,
            human: document.kind === 'human' ? document.action_required.description : null,
          },
        ];
      });
    },
  };
}

interface VaultRecords extends Pick<Seen, 'running' | 'failed' | 'leftOut'> {
  /** Ids of actions that were started or turned down. */
  spent: Set<string>;
}

/** What vault-dispatch has on record: what runs, and what of the last days did not end well. */
export async function readVaultRecords(
  { send, kept }: Context,
  repository: string,
  since: number,
): Promise<VaultRecords> {
  const branch = await findBranch(send, repository, recordsBranch);
  if (branch === undefined) return { running: [], failed: [], spent: new Set(), leftOut: [] };
  const commit = branch.commit.id;
  const entries = (await listTree(send, repository, commit, { recursive: true })).filter(
    (entry) => isFile(entry) && entry.path.endsWith('.json'),
  );
  const idsIn = (folder: string): Map<string, TreeEntry> =>
    new Map(
      entries
        .filter(({ path }) => path.startsWith(`${folder}/`))
        .map((entry) => [documentName(entry.path), entry]),
    );
  const [fired, ended, rejected, earlier] = [
    idsIn(firedFolder),
    idsIn(endedFolder),
    idsIn(rejectedFolder),
    idsIn(earlierFolder),
  ];
  const going = [...fired].flatMap(([id, entry]) => (ended.has(id) ? [] : [entry])).slice(0, mostRead);
  const snapshot = createSnapshot(send, repository, kept);
  const { paths: recent } = await pathsChangedSince(send, { repository, commit, since, mostCommits: 100 });
  const bad = entries.filter(
    ({ path }) =>
      recent.has(path) && (path.startsWith(`${endedFolder}/`) || path.startsWith(`${rejectedFolder}/`)),
  );
  const blobs = await snapshot.contents([...going, ...bad.slice(0, 2 * mostRead)]);
  const bytesOf = ({ sha }: TreeEntry): Uint8Array[] => {
    const blob = blobs.get(sha);
    return blob?.kind === 'read' ? [blob.bytes] : [];
  };
  return {
    running: going.flatMap((entry) =>
      bytesOf(entry).flatMap((bytes) => {
        const record = readRecord(firedRecord, bytes);
        return record === undefined ? [] : [{ id: record.id, at: record.intent.at, url: record.run.url }];
      }),
    ),
    failed: bad.flatMap((entry) =>
      bytesOf(entry).flatMap((bytes): VaultRecords['failed'] => {
        const record = readRecord(endedRecord, bytes);
        if (record !== undefined)
          return record.outcome === 'success' || Date.parse(record.at) < since
            ? []
            : [{ id: record.id, at: record.at, how: record.outcome, url: record.run.url }];
        const turned = readRecord(rejectedRecord, bytes);
        return turned === undefined || Date.parse(turned.at) < since
          ? []
          : [{ id: turned.id, at: turned.at, how: 'turned down', url: null }];
      }),
    ),
    spent: new Set([fired, ended, rejected, earlier].flatMap((ids) => [...ids.keys()])),
    leftOut: bad.length > 2 * mostRead ? [`${bad.length - 2 * mostRead} older records of the vault`] : [],
  };
}
