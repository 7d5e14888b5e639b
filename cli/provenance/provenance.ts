import type { KeyObject } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type IssueName, issueName, recordFolder } from '../../core/agent/entry.ts';
import { mostEnvelopeBytes } from '../../core/agent/provenance/envelope.ts';
import { keyIdOf, mostKeyText, publicKeyIn } from '../../core/agent/provenance/keys.ts';
import {
  checks,
  type Finding,
  outcomeOf,
  type ProvenanceReport,
} from '../../core/agent/provenance/report.ts';
import { type RecordFile, roundsOf, unchecked, verifyRounds } from '../../core/agent/provenance/verify.ts';
import { UserError } from '../../core/errors.ts';
import { getBranch } from '../../core/forge/branches.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { createSnapshot } from '../../core/forge/snapshot.ts';
import { getOwnUser } from '../../core/forge/users.ts';
import { type Git, openGit } from '../../core/git.ts';
import { plainJson, quoted } from '../../core/text/log-line.ts';
import { withForge } from '../forge.ts';
import { type Clone, filesIn, objectOf, openClone } from './clone.ts';
import { verifyInClones } from './in-clones.ts';
import { reportLines } from './text.ts';

export interface ProvenanceOptions {
  /** `owner/repo#N`. */
  issue: string;
  /** Files of public keys, one of which has to have signed each record; empty: nothing is verified. */
  keys: string[];
  /** Folders of clones. */
  state: string | undefined;
  repository: string | undefined;
  ops: string | undefined;
  /** Where the records are read without a clone of the state repo. */
  forge: { forgeUrl: string; token: string } | undefined;
  stateRepository: string | undefined;
  json: boolean;
  /** By which git is found. */
  path: string;
}

/** What is known of every round of an issue, and whether it can be believed: 0 if all of it fits, 1 if something does not, 2 if something could not be checked. */
export async function provenance(
  options: ProvenanceOptions,
  print: (line: string) => void,
): Promise<0 | 1 | 2> {
  const name = issueOf(options.issue);
  const keys = options.keys.map(keyIn);
  const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-provenance-'));
  try {
    const git = await openGit({ path: options.path, folder });
    const clones = {
      state: await cloneOf(git, options.state),
      repository: await cloneOf(git, options.repository),
      ops: await cloneOf(git, options.ops),
    };
    const { source, files } =
      clones.state === undefined
        ? await readForge(options, name, print)
        : await readClone(clones.state, name);
    const read = roundsOf(files);
    if (read.rounds.length === 0 && keys.length === 0)
      throw new UserError(
        `The state repo holds no record of ${options.issue}.`,
        'Check the number. A run that goes on, or was cut off, has left no record yet.',
      );
    const findings =
      keys.length === 0
        ? []
        : inOrder([
            ...verifyRounds(name, read, keys),
            ...(await verifyInClones(name, read.rounds, clones)),
            ...(read.rounds.length === 0 ? [unchecked(null, 'file', 'there is no record')] : []),
          ]);
    const report: ProvenanceReport = {
      version: 1,
      issue: options.issue,
      source,
      rounds: read.rounds.map(({ file, digest, signatures, record }) => ({
        file,
        digest,
        keyid: signatures[0]?.keyid ?? null,
        record: record ?? null,
      })),
      verification: keys.length === 0 ? null : { keys: keys.map(keyIdOf), ...outcomeOf(findings), findings },
    };
    for (const line of options.json ? plainJson(report).split('\n') : reportLines(report)) print(line);
    return codeOf(report);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function codeOf({ verification, rounds }: ProvenanceReport): 0 | 1 | 2 {
  if (verification === null) return rounds.every(({ record }) => record !== null) ? 0 : 1;
  return { fits: 0 as const, 'does-not-fit': 1 as const, 'not-all-checked': 2 as const }[
    verification.outcome
  ];
}

/** A round after the other, in each the checks in their order; what is of the issue as a whole comes last. */
function inOrder(findings: readonly Finding[]): Finding[] {
  const rank = ({ round, check }: Finding): number =>
    round === null && check !== 'file' ? Number.MAX_SAFE_INTEGER : (round ?? 0);
  return [...findings].sort((a, b) => rank(a) - rank(b) || checks.indexOf(a.check) - checks.indexOf(b.check));
}

function issueOf(given: string): IssueName {
  const [, repository, number] =
    /^([A-Za-z0-9_][A-Za-z0-9_.-]*\/[A-Za-z0-9_.-]+)#([1-9]\d{0,8})$/.exec(given) ?? [];
  if (repository === undefined)
    throw new UserError(`${quoted(given)} names no issue.`, 'Write it as owner/repository#number.');
  return issueName(repository, Number(number));
}

function keyIn(file: string): KeyObject {
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  const read =
    size === undefined
      ? { ok: false as const, fault: 'it is not there' }
      : size > mostKeyText
        ? { ok: false as const, fault: 'it is too large for a key' }
        : publicKeyIn(readFileSync(file, 'latin1'));
  if (read.ok) return read.key;
  throw new UserError(
    `${quoted(file)} cannot be used: ${read.fault}.`,
    'Give the file of an Ed25519 public key, in PEM or base64; forgecrew provenance keygen makes one.',
  );
}

async function cloneOf(git: Git, folder: string | undefined): Promise<Clone | undefined> {
  return folder === undefined ? undefined : openClone(git, folder);
}

interface Read {
  source: ProvenanceReport['source'];
  files: RecordFile[];
}

async function readClone(clone: Clone, name: IssueName): Promise<Read> {
  const listed = await filesIn(clone, recordFolder(name));
  const files: RecordFile[] = [];
  for (const { name: file, id, isFile } of listed) {
    const object = isFile ? await objectOf(clone, id, mostEnvelopeBytes) : undefined;
    files.push({ name: file, bytes: object?.bytes });
  }
  return { source: { kind: 'clone', commit: clone.head }, files };
}

async function readForge(
  { forge, stateRepository }: ProvenanceOptions,
  name: IssueName,
  print: (line: string) => void,
): Promise<Read> {
  if (forge === undefined)
    throw new UserError(
      'It is not said where the records are.',
      'Give --state with the folder of a clone of the state repo, or --forge-url (or FORGECREW_FORGE_URL) to ask the forge.',
    );
  let read: Read | undefined;
  await withForge({ ...forge, repository: '' }, print, async (send) => {
    const repository = stateRepository ?? `${(await getOwnUser(send)).login}/forgecrew-state`;
    const { default_branch: branch } = await getRepository(send, repository);
    const { id: commit } = (await getBranch(send, repository, branch)).commit;
    const snapshot = createSnapshot(send, repository, new Map());
    const files: RecordFile[] = [];
    for (const entry of await snapshot.folderAt(commit, recordFolder(name))) {
      const file = await snapshot.fileOf(entry);
      files.push({ name: entry.path, bytes: file.kind === 'file' ? file.bytes : undefined });
    }
    read = { source: { kind: 'forge', commit }, files };
    return true;
  });
  if (read === undefined) throw new Error('the forge was not asked');
  return read;
}
