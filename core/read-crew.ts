import type { Buffer } from 'node:buffer';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { sameRepository } from './accounts.ts';
import { isApiError } from './api/errors.ts';
import type { Kept } from './api/once.ts';
import type { Send } from './api/send.ts';
import { type Crew, crewFile, noCrewFile, parseCrewFile } from './crew-file.ts';
import { formatFault, UserError } from './errors.ts';
import { type Branch, getBranch, newestBranches } from './forge/branches.ts';
import { defaultHead } from './forge/commits.ts';
import { createSnapshot, type FileAt } from './forge/snapshot.ts';
import type { HostFacts } from './host/host.ts';
import type { WhenPaused } from './role.ts';

/** What the ops repo says of all its roles, and, where it had to be asked for, the commit that its branch stands on. */
export interface CrewRead {
  crew: Crew;
  head?: string;
  /** The branch itself, where it was asked for by its name. */
  branch?: Branch;
  /** Those that were told of with it, for a role that looks at several. */
  branches?: Branch[];
}

/** The part of a role that a pause is about. */
interface Pausable<S> {
  settings: object;
  whenPaused?(settings: S): WhenPaused;
  readsWholeTree?(settings: S): boolean;
  readsBranches?(settings: S): boolean;
}

/** What a pause does to a run with these settings. */
export function whenPaused<S>(role: Pausable<S>, settings: S): WhenPaused {
  return role.whenPaused?.(settings) ?? 'stop';
}

/**
 * Reads the crew file at the ops repo's branch, for a role that it concerns. Unread is never *not paused*: everything but its
 * surely not being there throws. A pull request's own pipeline has no token to ask with, and writes nothing.
 */
export async function readCrew<S>(
  role: Pausable<S>,
  settings: S,
  facts: HostFacts,
  send: Send,
  kept: Kept,
): Promise<CrewRead> {
  const isConcerned =
    'ops-repo' in role.settings && ('bots' in role.settings || whenPaused(role, settings) !== 'ignore');
  if (!isConcerned || facts.isPullRequest) return { crew: noCrewFile };
  // Sound because what a role calls so is made of the shared settings of these names.
  const { 'ops-repo': ops, 'ops-branch': branch } = settings as {
    'ops-repo'?: string;
    'ops-branch'?: string;
  };
  // Files that a person points at.
  if (ops === undefined) return { crew: crewOf(inCheckout(facts.workspace), 'the checkout') };
  try {
    return await fromForge(
      send,
      {
        ops,
        branch,
        isWhole: role.readsWholeTree?.(settings) === true,
        areMany: role.readsBranches?.(settings) === true,
      },
      kept,
    );
  } catch (error) {
    // Where the account may not read the ops repo, and CI runs for it, the checkout counts, as its documents do.
    const isOwn = facts.repository !== undefined && sameRepository(facts.repository, ops);
    if (!isOwn || !isApiError(error, 'not-found', 'permission', 'scope') || !isCheckout(facts.workspace))
      throw error;
    return { crew: crewOf(inCheckout(facts.workspace), `the checkout of ${ops}`) };
  }
}

async function fromForge(
  send: Send,
  {
    ops,
    branch: branchName,
    isWhole,
    areMany,
  }: { ops: string; branch: string | undefined; isWhole: boolean; areMany: boolean },
  kept: Kept,
): Promise<CrewRead> {
  // The branch first: to whoever may not read the code the forge says of every file that it is not there, and of every branch too.
  const branches = areMany ? await newestBranches(send, ops) : [];
  const branch = branchName === undefined ? undefined : await getBranch(send, ops, branchName, branches);
  const head = branch?.commit.id ?? (await defaultHead(send, ops));
  if (head === undefined) return { crew: noCrewFile };
  // The tree of the root, which most roles look into as well, and then have already.
  const snapshot = createSnapshot(send, ops, kept);
  if (isWhole) await snapshot.whole(head);
  const found = bytesOf(await snapshot.fileAt(head, crewFile), ops);
  return { crew: crewOf(found, ops), head, branches, ...(branch === undefined ? {} : { branch }) };
}

function bytesOf(found: FileAt, where: string): Buffer | undefined {
  switch (found.kind) {
    case 'file':
      return found.bytes;
    case 'missing':
      return undefined;
    case 'no-file':
      throw new UserError(`${crewFile} is no ordinary file in ${where}.`, 'Put the document itself there.');
    case 'too-large':
      throw new UserError(
        `${crewFile} of ${where} is too large to be read (${found.size} bytes), so nobody knows whether this role is paused.`,
        'Keep it to what the documentation says of it.',
      );
  }
}

function crewOf(bytes: Buffer | undefined, where: string): Crew {
  if (bytes === undefined) return noCrewFile;
  const parsed = parseCrewFile(crewFile, bytes);
  if (parsed.ok) return parsed.document;
  throw new UserError(
    `${crewFile} of ${where} cannot be read, so nobody knows whether this role is paused:\n${parsed.faults.map((fault) => `  ${formatFault(fault)}`).join('\n')}`,
    'Mend it on the branch that counts; forgecrew lint checks it before that.',
  );
}

/** A step that nothing was cloned for has an empty folder, which says nothing of the ops repo. */
function isCheckout(workspace: string): boolean {
  return existsSync(workspace) && readdirSync(workspace).length > 0;
}

/** The file of a checkout; undefined where there is none. */
function inCheckout(workspace: string): Buffer | undefined {
  const file = path.join(workspace, crewFile);
  try {
    const kind = lstatSync(file, { throwIfNoEntry: false });
    if (kind === undefined) return undefined;
    // A link could lead to any file of the machine, or to one that says something else.
    if (!kind.isFile())
      throw new UserError(
        `${crewFile} is no ordinary file in ${workspace}.`,
        'Put the document itself there.',
      );
    return readFileSync(file);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `${crewFile} could not be read in ${workspace} (${error instanceof Error ? error.message : String(error)}), so nobody knows whether this role is paused.`,
      'Let the account that runs this step read it.',
      { cause: error },
    );
  }
}
