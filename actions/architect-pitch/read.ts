import { namesLogin } from '../../core/accounts.ts';
import { readBlobs } from '../../core/forge/blobs.ts';
import { namesIn } from '../../core/forge/contents.ts';
import { listWriters } from '../../core/forge/people.ts';
import { type Pull, pullsBy } from '../../core/forge/pulls.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { isFile, listFolder } from '../../core/forge/trees.ts';
import { getExpectedUser } from '../../core/forge/users.ts';
import type { Ground, Standing } from '../../core/propose.ts';
import { readGround, readStanding } from '../../core/read-ground.ts';
import { visionsNamed } from '../../core/sprint/layout.ts';
import { together } from '../../core/together.ts';
import { choose } from './choose.ts';
import { spentOn } from './costs.ts';
import { readPitches } from './read-pitches.ts';
import { readContext, readFiled, readIssues, readVisions, refuseProject } from './read-project.ts';
import type { Context, Live, PitchState } from './state.ts';
import { pitchBranch } from './text.ts';

export async function read(context: Context): Promise<PitchState> {
  const { previous, facts, now } = context;
  if (facts.isPullRequest)
    return { kind: 'inert', now, why: 'a pull request’s own copy of the pipeline proposes nothing' };
  if (previous?.state.kind !== 'live') return readAll(context, undefined);
  const before = {
    ...previous.state,
    answers: [
      ...previous.state.answers,
      ...Object.entries(previous.answers).map(([key, answer]) => ({ key, answer })),
    ],
  };
  // An answer changes nothing on the forge, so nothing is read again for it.
  const onlyAsked = previous.done.every(({ kind }) => kind === 'ask-model') && previous.declined.length === 0;
  return onlyAsked && previous.done.length > 0 ? { ...before, now } : readAll(context, before);
}

/** `before`: what an earlier round of this run read. What it was answered, and what it had cost by then, goes on. */
async function readAll(context: Context, before: Live | undefined): Promise<Live> {
  const { settings, send, now } = context;
  const [ops, project] = [settings['ops-repo'], settings['project-repo']];
  const account = await getExpectedUser(send, settings['forge-login']);
  const [repository, ground, formerPulls, writers] = await together(
    getRepository(send, project),
    readGround(send, {
      repository: ops,
      branch: settings['ops-branch'],
      account,
      from: settings['propose-from'],
    }),
    readFormerPulls(context),
    settings.deciders.length > 0 ? Promise.resolve([]) : listWriters(send, ops),
  );
  refuseProject(settings, repository, account);
  const [listed, documents] = await together(readIssues(context), readDocuments(context, ground));
  const visions = await readVisions(context, listed);
  const byVerdict = settings.deciders.length > 0;
  const never = [account.login, ...settings.bots];
  const deciders = [...settings.deciders, ...writers.map(({ login }) => login)].filter(
    (login) => !namesLogin(never, login),
  );
  const [filed, pitches] = await together(
    readFiled(context, listed.issues),
    readPitches(context, { account, ground, visions, deciders, byVerdict }),
  );
  const seen = { ...listed, visions, documents, formerPulls, filed, pitches };
  const { chosen } = choose(settings, seen);
  const mayAsk = chosen.length > 0 || pitches.some(({ kind }) => kind === 'open');
  const [drafts, shown] = await together(
    readDrafts(
      context,
      { ground, documents },
      chosen.map(({ issue }) => issue.number),
    ),
    settings.engine !== 'outline' && mayAsk ? readContext(context, repository, ground) : Promise.resolve([]),
  );
  return {
    kind: 'live',
    now,
    account,
    ground,
    ...seen,
    deciders,
    byVerdict,
    drafts,
    context: shown,
    spentToday: before?.spentToday ?? spentOn(now.slice(0, 10), { pitches, account }),
    closedToUs: [
      ...(before?.closedToUs ?? []),
      ...(context.previous?.declined ?? []).flatMap((change) =>
        change.kind === 'comment' ? [change.issue] : [],
      ),
    ],
    answers: before?.answers ?? [],
  };
}

async function readFormerPulls({ settings, send }: Context): Promise<Pull[]> {
  const lists = await Promise.all(
    settings['former-identities'].map((login) => pullsBy(send, settings['ops-repo'], login)),
  );
  return lists.flat();
}

/**
 * Every sprint document on the branch, with or without a filer block; no folder is no document. Read many in one answer,
 * because they are never taken away. One that cannot be read is said, and names no vision that is known.
 */
async function readDocuments({ settings, send }: Context, ground: Ground): Promise<Live['documents']> {
  const folder = (await listFolder(send, ground.repository, ground.commit, settings.sprints)) ?? [];
  const files = folder.filter(({ path, type }) => path.endsWith('.md') && type !== 'tree');
  const blobs = await readBlobs(send, ground.repository, files.filter(isFile));
  return files.map(({ path: file, sha }) => {
    const blob = blobs.get(sha);
    return blob?.kind === 'read'
      ? { file, visions: visionsNamed(blob.bytes.toString('utf8')) }
      : {
          file,
          visions: [],
          trouble: blob?.kind === 'too-large' ? `it has ${blob.size} bytes` : 'it is no ordinary file',
        };
  });
}

/** What a run that was cut off may have left: a branch, and on it the documents that the ops repo does not have. */
async function readDrafts(
  { settings, send }: Context,
  { ground, documents }: Pick<Live, 'ground' | 'documents'>,
  visions: number[],
): Promise<Standing[]> {
  if (ground.fork === 'missing') return [];
  const found = await Promise.all(
    visions.map(async (vision) => {
      const branch = pitchBranch(vision);
      const standing = await readStanding(send, ground, branch, []);
      if (!standing.exists) return [];
      const names = await namesIn(send, ground.home, settings.sprints, branch);
      const paths = names
        .map((name) => `${settings.sprints}/${name}`)
        .filter((path) => path.endsWith('.md') && !documents.some(({ file }) => file === path));
      return [await readStanding(send, ground, branch, paths)];
    }),
  );
  return found.flat();
}
