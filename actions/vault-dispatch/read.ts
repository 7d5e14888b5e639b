import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { alone } from '../../core/api/errors.ts';
import { sha256 } from '../../core/canonical.ts';
import { documentName } from '../../core/document-name.ts';
import { UserError } from '../../core/errors.ts';
import { getFile, namesIn } from '../../core/forge/contents.ts';
import { getBranch, getRepository } from '../../core/forge/repositories.ts';
import { getExpectedUser } from '../../core/forge/users.ts';
import { readOpsFolder } from '../../core/ops-folder.ts';
import { parseVaultAction, vaultActions } from '../../core/vault/action.ts';
import { formulaFolder, parseFormula } from '../../core/vault/formula.ts';
import { parsePolicy, policyFile } from '../../core/vault/policy.ts';
import { type Base, readCandidate } from '../../core/vault/read-candidate.ts';
import { readPolicy } from '../../core/vault/read-policy.ts';
import { createPeople } from '../../core/vault/read-rights.ts';
import { firedFolder, rejectedFolder } from '../../core/vault/record.ts';
import { whyNotAsk } from './gate.ts';
import { readGate } from './read-gate.ts';
import { readFired } from './read-records.ts';
import { readRequests } from './read-requests.ts';
import { neverApproving } from './settings.ts';
import type { ActionState, Context, Decidable, LocalState, VaultState } from './state.ts';

export async function read(context: Context): Promise<VaultState> {
  const { settings, send, facts, now } = context;
  if (facts.isPullRequest && settings.mode !== 'gate') return readLocal(context);
  const misled = settings.mode === 'gate' ? whyNotAsk({ ...facts, given: settings['forge-url'] }) : undefined;
  if (misled !== undefined) throw new UserError(misled, 'Nothing after this step may run.');
  const repository = settings['ops-repo'];
  const account = await getExpectedUser(send, settings['forge-login']);
  const { default_branch, default_merge_style, archived } = await getRepository(send, repository);
  // What an archive still answers is no longer what people decide about.
  if (archived)
    throw new UserError(
      `${repository} is archived: nothing is decided there.`,
      'Unarchive it, or stop the role.',
    );
  const branch = settings['ops-branch'] ?? default_branch;
  const recordRepository = settings['record-repo'] ?? repository;
  const records = {
    repository: recordRepository,
    branch:
      recordRepository === repository ? branch : (await getRepository(send, recordRepository)).default_branch,
  };
  const ground = { now, account, repository, branch, records, runUrl: facts.runUrl ?? null };
  if (settings.mode === 'gate')
    return {
      ...ground,
      kind: 'gate',
      isDryRun: settings['dry-run'],
      found: await readGate(context, records),
    };
  const commit = (await getBranch(send, repository, branch)).commit.id;
  const recordCommit =
    recordRepository === repository
      ? commit
      : (await getBranch(send, recordRepository, records.branch)).commit.id;
  const [files, fired, rejected, { policy, blob, tiersBlob }] = await Promise.all([
    namesIn(send, repository, vaultActions, commit),
    namesIn(send, recordRepository, firedFolder, recordCommit),
    namesIn(send, recordRepository, rejectedFolder, recordCommit),
    readPolicy(send, {
      repository,
      commit,
      source: settings['policy-source'],
      project: settings['project-repo'],
    }),
  ]);
  if (!policy.ok) return { ...ground, kind: 'policy-faulty', faults: policy.faults };
  const base: Base = { repository, branch, commit, policy: policy.document, people: createPeople(send) };
  const known: Decidable = { ...ground, commit, policy: policy.document, policyBlob: blob, tiersBlob };
  if (settings.mode === 'review') {
    const spent = [...fired, ...rejected, ...files].map(documentName);
    return {
      ...known,
      kind: 'review',
      mergeStyle: default_merge_style ?? 'merge',
      requests: await readRequests(context, base, account, spent),
    };
  }
  const names = files.filter((item) => item.endsWith('.toml')).sort();
  const actions = await Promise.all(
    names.map((name) =>
      readAction(context, known, base, {
        name,
        recordCommit,
        isFired: fired.includes(`${documentName(name)}.json`),
        isRejected: rejected.includes(`${documentName(name)}.json`),
      }),
    ),
  );
  return { ...known, kind: 'dispatch', actions };
}

/** One action on the branch, with what its records say of it, or what there is to decide about it. */
async function readAction(
  context: Context,
  { account, records }: Decidable,
  base: Base,
  given: { name: string; recordCommit: string; isFired: boolean; isRejected: boolean },
): Promise<ActionState> {
  const { send, settings } = context;
  const id = documentName(given.name);
  const file = `${vaultActions}/${given.name}`;
  const found = await alone(() => getFile(send, base.repository, file, base.commit));
  if (found.trouble !== undefined) return { id, file, kind: 'troubled', trouble: found.trouble };
  const { bytes, sha: blob } = found.value;
  const parsed = parseVaultAction(file, bytes);
  if (!parsed.ok) return { id, file, kind: 'faulty', faults: parsed.faults };
  const action = parsed.document;
  if (action.kind === 'human') return { id, file, kind: 'human', action };
  if (given.isRejected) return { id, file, kind: 'rejected' };
  const { value, trouble } = await alone(
    async (): Promise<ActionState> =>
      given.isFired
        ? {
            id,
            file,
            kind: 'fired',
            ...(await readFired(
              context,
              account,
              { repository: records.repository, commit: given.recordCommit },
              { id, blob },
            )),
          }
        : {
            id,
            file,
            kind: 'open',
            action,
            blob,
            digest: `sha256:${sha256(bytes)}`,
            nonce: randomBytes(16).toString('hex'),
            candidate: await readCandidate(context, base, {
              file,
              formula: action.formula,
              never: neverApproving(settings, account.login),
            }),
          },
  );
  return value ?? { id, file, kind: 'troubled', trouble };
}

/** What a pull request's own pipeline can look at: its files, and nothing that needs a token. */
async function readLocal({ facts, send, now }: Context): Promise<LocalState> {
  const documents = async (folder: string): Promise<{ file: string; bytes: Uint8Array }[]> =>
    existsSync(path.resolve(facts.workspace, folder))
      ? (await readOpsFolder({ send, facts, ops: undefined, branch: undefined, folder, extension: '.toml' }))
          .files
      : [];
  const [policy] = (await documents('vault')).filter(({ file }) => file === policyFile);
  return {
    kind: 'local',
    now,
    actions: (await documents(vaultActions)).map(({ file, bytes }) => ({
      file,
      parsed: parseVaultAction(file, bytes),
    })),
    formulas: (await documents(formulaFolder)).map(({ file, bytes }) => ({
      file,
      parsed: parseFormula(file, bytes),
    })),
    policy: parsePolicy(policyFile, policy?.bytes ?? new Uint8Array()),
  };
}
