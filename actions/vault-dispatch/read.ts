import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { alone } from '../../core/api/errors.ts';
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
import type { ActionState, Context, VaultState } from './state.ts';

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
  const state: VaultState = {
    now,
    account,
    repository,
    branch,
    commit: '',
    records,
    mergeStyle: default_merge_style ?? 'merge',
    policy: { ok: true, document: {} },
    policyBlob: null,
    tiersBlob: null,
    actions: [],
    requests: [],
    local: null,
    gate: null,
    runUrl: facts.runUrl ?? null,
  };
  if (settings.mode === 'gate') return { ...state, gate: await readGate(context, records) };
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
  const base: Base | null = policy.ok
    ? { repository, branch, commit, policy: policy.document, people: createPeople(send) }
    : null;
  const known = { ...state, commit, policy, policyBlob: blob, tiersBlob };
  if (settings.mode === 'review') {
    const spent = [...fired, ...rejected, ...files].map(documentName);
    return { ...known, requests: await readRequests(context, base, known, spent) };
  }
  const readAction = async (name: string): Promise<ActionState> => {
    const id = documentName(name);
    const file = `${vaultActions}/${name}`;
    const found = await alone(() => getFile(send, repository, file, commit));
    const { bytes, sha } = found.value ?? { bytes: new Uint8Array(), sha: '' };
    const parsed = parseVaultAction(file, bytes);
    const isRejected = rejected.includes(`${id}.json`);
    const isFired = fired.includes(`${id}.json`);
    const isOpen = !isRejected && !isFired;
    const { value, trouble } = await alone(async () => ({
      fired: isFired
        ? await readFired(context, account, { repository: recordRepository, commit: recordCommit }, id)
        : null,
      candidate:
        isOpen && parsed.ok && parsed.document.kind === 'formula' && base !== null
          ? await readCandidate(context, base, account.login, { file, formula: parsed.document.formula })
          : null,
    }));
    return {
      id,
      file,
      blob: sha,
      digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
      parsed,
      rejected: isRejected,
      trouble: found.trouble ?? trouble,
      fired: value?.fired ?? null,
      candidate: value?.candidate ?? null,
      nonce: randomBytes(16).toString('hex'),
    };
  };
  const names = files.filter((item) => item.endsWith('.toml')).sort();
  const actions = await Promise.all(names.map(readAction));
  return { ...known, actions };
}

/** What a pull request's own pipeline can look at: its files, and nothing that needs a token. */
async function readLocal({ facts, send, now, settings }: Context): Promise<VaultState> {
  const documents = async (folder: string): Promise<{ file: string; bytes: Uint8Array }[]> =>
    existsSync(path.resolve(facts.workspace, folder))
      ? (await readOpsFolder({ send, facts, ops: undefined, branch: undefined, folder, extension: '.toml' }))
          .files
      : [];
  const [policy] = (await documents('vault')).filter(({ file }) => file === policyFile);
  const parsedPolicy = parsePolicy(policyFile, policy?.bytes ?? new Uint8Array());
  return {
    now,
    account: { id: 0, login: settings['forge-login'] ?? '' },
    repository: '',
    branch: '',
    commit: '',
    records: { repository: '', branch: '' },
    mergeStyle: '',
    policy: parsedPolicy,
    policyBlob: null,
    tiersBlob: null,
    actions: [],
    requests: [],
    local: {
      actions: (await documents(vaultActions)).map(({ file, bytes }) => ({
        file,
        parsed: parseVaultAction(file, bytes),
      })),
      formulas: (await documents(formulaFolder)).map(({ file, bytes }) => ({
        file,
        parsed: parseFormula(file, bytes),
      })),
      policy: parsedPolicy,
    },
    gate: null,
    runUrl: facts.runUrl ?? null,
  };
}
