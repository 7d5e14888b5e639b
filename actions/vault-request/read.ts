import { readFileSync } from 'node:fs';
import path from 'node:path';
import { documentName } from '../../core/document-name.ts';
import { UserError } from '../../core/errors.ts';
import { findFile } from '../../core/forge/contents.ts';
import { listWriters } from '../../core/forge/people.ts';
import { branchOf, getPull, openPulls, type Pull } from '../../core/forge/pulls.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { lastLabelling } from '../../core/forge/timeline.ts';
import { getExpectedUser } from '../../core/forge/users.ts';
import { writesFile } from '../../core/plan.ts';
import { readGround, readStanding } from '../../core/propose.ts';
import type { ReadContext } from '../../core/role.ts';
import { parseVaultAction, type Tier, vaultActions } from '../../core/vault/action.ts';
import { mayApprove } from '../../core/vault/approval.ts';
import { formulaFolder, parseFormula } from '../../core/vault/formula.ts';
import { ruleOf, tierOf } from '../../core/vault/policy.ts';
import { readPolicy } from '../../core/vault/read-policy.ts';
import { createPeople, readRights } from '../../core/vault/read-rights.ts';
import { firedFolder, firedRecord, readRecord, recordPath, rejectedFolder } from '../../core/vault/record.ts';
import type { settings } from './settings.ts';
import type { Answer, ForgeState, RequestState } from './state.ts';
import { heeded, waitsFor } from './waiting.ts';

type Context = ReadContext<typeof settings, RequestState>;

export async function read(context: Context): Promise<RequestState> {
  const { settings, send, facts, now } = context;
  const { id, text } = askedFor(context);
  const file = `${vaultActions}/${id}.toml`;
  const parsed = parseVaultAction(file, new TextEncoder().encode(text));
  const state = { now, id, file, text, parsed };
  if (facts.isPullRequest) return { ...state, forge: null };
  const account = await getExpectedUser(send, settings['forge-login']);
  const ground = await readGround(send, {
    repository: settings['ops-repo'],
    branch: settings['ops-branch'],
    account,
    from: settings['propose-from'],
  });
  const { repository, base: branch, commit } = ground;
  const branchName = `vault/${id}`;
  const formulaFile =
    parsed.ok && parsed.document.kind === 'formula'
      ? `${formulaFolder}/${parsed.document.formula}.toml`
      : undefined;
  const [{ policy }, formula, onMain, outcome, standing, open] = await Promise.all([
    readPolicy(send, {
      repository,
      commit,
      source: settings['policy-source'],
      project: settings['project-repo'],
    }),
    formulaFile === undefined ? undefined : findFile(send, repository, formulaFile, commit),
    findFile(send, repository, file, commit),
    readOutcome(context, { repository, commit, id }),
    readStanding(send, ground, branchName, [file]),
    openPulls(send, repository),
  ]);
  const theirs = open.find(
    ({ head, base, user }) => base.ref === branch && branchOf(head) === branchName && user?.id !== account.id,
  );
  const forge: ForgeState = {
    account,
    repository,
    branch,
    policy,
    formula:
      formula === undefined || formulaFile === undefined ? null : parseFormula(formulaFile, formula.bytes),
    onMain: onMain === undefined ? null : { text: onMain.bytes.toString('utf8') },
    outcome,
    ground,
    standing,
    other:
      theirs === undefined
        ? null
        : {
            number: theirs.number,
            author: theirs.user?.login ?? 'somebody who is gone',
            isSame:
              (await findFile(send, repository, file, theirs.head.sha))?.bytes.toString('utf8') === text,
            mayWrite: (await listWriters(send, repository)).some(({ id }) => id === theirs.user?.id),
          },
    isDeclined: context.previous?.declined.some((change) => writesFile(change, file)) === true,
    answer: null,
  };
  const result = { ...state, account, forge };
  const answer = await awaitAnswer(context, result, theirs);
  // Somebody may have merged something else than what was asked for.
  const merged = answer === 'merged' ? await findFile(send, repository, file, branch) : undefined;
  return {
    ...result,
    forge: {
      ...forge,
      answer,
      ...(merged === undefined ? {} : { onMain: { text: merged.bytes.toString('utf8') } }),
    },
  };
}

/** The action's text and id, from wherever they were given. */
function askedFor({ settings, facts }: Pick<Context, 'settings' | 'facts'>): { id: string; text: string } {
  const { 'action-file': given, action } = settings;
  if ((given === undefined) === (action === undefined))
    throw new UserError(
      given === undefined ? 'No action is given.' : 'action and action-file are both given.',
      'Give the action as TOML in action, or the name of a TOML file in action-file.',
    );
  const id = settings.id ?? (given === undefined ? '' : documentName(given));
  if (id === '')
    throw new UserError(
      'The action has no id.',
      'Set id: what the action is called, and its record after it.',
    );
  if (given === undefined) return { id, text: action?.endsWith('\n') === true ? action : `${action}\n` };
  try {
    const bytes = readFileSync(path.resolve(facts.workspace, given));
    return { id, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch (error) {
    throw new UserError(
      `action-file ${given} could not be read (${error instanceof Error ? error.message : String(error)}).`,
      'Name a file in the workspace of this step, saved as UTF-8.',
    );
  }
}

/** What a record says of the id, or `null` when there is none. */
async function readOutcome(
  { settings, send }: Context,
  { repository, commit, id }: { repository: string; commit: string; id: string },
): Promise<string | null> {
  const elsewhere = settings['record-repo'];
  const where = elsewhere ?? repository;
  const ref = elsewhere === undefined ? commit : (await getRepository(send, elsewhere)).default_branch;
  const [fired, rejected] = await Promise.all(
    [firedFolder, rejectedFolder].map((folder) => findFile(send, where, recordPath(folder, id), ref)),
  );
  if (rejected !== undefined) return 'rejected';
  if (fired === undefined) return null;
  return readRecord(firedRecord, fired.bytes)?.outcome ?? 'a record that cannot be read';
}

/** Waits where something is asked for that somebody has to answer; `null` where there is nothing to wait for. */
async function awaitAnswer(
  context: Context,
  { parsed, text, file, forge }: RequestState & { forge: ForgeState },
  theirs: Pull | undefined,
): Promise<Answer | null> {
  const { settings, send, clock, pause } = context;
  const { standing, policy, formula, onMain, outcome } = forge;
  const other = heeded(forge);
  const { pull } = standing;
  const number = other?.isSame === true ? theirs?.number : pull?.number;
  if (number === undefined || onMain !== null || outcome !== null || other?.isSame === false) return null;
  if (!parsed.ok || parsed.document.kind === 'human' || !policy.ok || formula?.ok !== true) return null;
  // Not while our own is not as it should be: the plan says what is wrong with it, or mends it.
  const there = standing.files.find((item) => item.path === file)?.there;
  if (other === null && (pull?.state !== 'open' || !standing.exists || there?.text !== text)) return null;
  const { tier } = tierOf(parsed.document, policy.document, formula.document, settings['policy-source']);
  const wanted = waitsFor(settings, tier);
  if (wanted === 'none') return null;
  const head = (other === null ? pull : theirs)?.head.sha;
  const until = clock().getTime() + settings['wait-for'];
  for (;;) {
    const now = await getPull(send, forge.repository, number);
    if (now.merged) return 'merged';
    if (now.state !== 'open') return 'closed';
    // A label says yes to what was there, not to what was pushed since.
    if (wanted === 'label' && now.head.sha === head && (await isLabelled(context, forge, now, tier)))
      return 'labelled';
    const left = until - clock().getTime();
    if (left <= 0) return 'none';
    const sign = wanted === 'label' ? `the label ${settings['approved-label']}` : 'its merge';
    await pause(
      Math.min(settings['poll-every'], left),
      `#${number} is ${tier}, so ${sign} is waited for, until ${new Date(until).toISOString()}`,
    );
  }
}

/** Whether the label is on it, and was last set by somebody who may approve it. */
async function isLabelled(
  { settings, send }: Context,
  { repository, account, policy }: ForgeState,
  pull: Pull,
  tier: Tier,
): Promise<boolean> {
  if (!policy.ok) return false;
  const by = await lastLabelling(send, repository, pull.number, settings['approved-label']);
  if (by === undefined) return false;
  const rights = await readRights(createPeople(send), repository, policy.document, [
    ...settings.bots,
    account.login,
  ]);
  return mayApprove(by, { author: pull.user ?? null }, ruleOf(policy.document, tier), rights) === true;
}
