import type { Send } from '../api/send.ts';
import { findFile } from '../forge/contents.ts';
import { getRepository } from '../forge/repositories.ts';
import type { Snapshot } from '../forge/snapshot.ts';
import type { Parsed } from '../toml.ts';
import { type Policy, type PolicySource, parsePolicy, policyFile, withTiersOf } from './policy.ts';

/** The policy that counts: rules always from the ops repo, tiers from where `policy-source` says. */
export async function readPolicy(
  send: Send,
  ops: Snapshot,
  given: { commit: string; source: PolicySource; project: string | undefined },
): Promise<{ policy: Parsed<Policy>; blob: string | null; tiersBlob: string | null }> {
  const { commit, source, project } = given;
  const found = await ops.fileAt(commit, policyFile);
  if (found.kind === 'no-file' || found.kind === 'too-large')
    return {
      policy: {
        ok: false,
        faults: [{ file: policyFile, line: 0, column: 0, message: 'is no file that can be read' }],
      },
      blob: null,
      tiersBlob: null,
    };
  const policy = parsePolicy(policyFile, found.kind === 'file' ? found.bytes : new Uint8Array());
  const blob = found.kind === 'file' ? found.sha : null;
  if (source !== 'project' || !policy.ok) return { policy, blob, tiersBlob: null };
  // Settings without it are refused before anything is read: see `policySourceFaults`.
  if (project === undefined) throw new Error('policy-source is project, and there is no project-repo');
  const head = (await getRepository(send, project)).default_branch;
  const theirs = await findFile(send, project, policyFile, head);
  return {
    policy: withTiersOf(
      policy.document,
      parsePolicy(`${project}: ${policyFile}`, theirs?.bytes ?? new Uint8Array()),
    ),
    blob,
    tiersBlob: theirs?.sha ?? null,
  };
}
