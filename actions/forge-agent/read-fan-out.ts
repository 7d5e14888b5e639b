import { sameRepository } from '../../core/accounts.ts';
import { localIsolations } from '../../core/agent/cell/cell.ts';
import { type Entry, entryPath, issueName, parseEntry } from '../../core/agent/entry.ts';
import type { Tried } from '../../core/agent/isolation-for.ts';
import { parseStartMark, startingFolder, turnPath } from '../../core/agent/start-mark.ts';
import { stateFiles } from '../../core/agent/state-files.ts';
import { getBranch } from '../../core/forge/branches.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { createSnapshot } from '../../core/forge/snapshot.ts';
import { dispatchedRuns, inputsOf, whyNotFollow } from '../../core/forge/workflows.ts';
import { isGoingOn } from '../../core/host/backends.ts';
import { readWorkflow } from '../../core/vault/workflow-file.ts';
import { lookupRepository, manualPipelines, whyNotStart } from '../../core/woodpecker/pipelines.ts';
import { againMs, chosenOf, isSeen, issueKey, occupancyOf } from './fan-out.ts';
import { inOrder, isUntouched } from './pick.ts';
import {
  type Ground,
  judge,
  type Labelled,
  mostLooked,
  readCandidate,
  readLabelled,
  readLingering,
  turned,
} from './read-candidates.ts';
import type { Candidate, Context, FanOutState, SeenState, Startable, StartedRun, Waiting } from './state.ts';

/** Who works, what was started, and as many issues that wait as runs may be started for. */
export async function readFanOut(
  context: Context,
  base: SeenState,
  ground: Ground,
  frozen: FanOutState['frozen'],
): Promise<FanOutState> {
  const { now } = context;
  const workflow = await readStartable(context);
  const starts = await readStarts(ground);
  const state: FanOutState = {
    ...base,
    kind: 'fan-out',
    frozen,
    workflow,
    runs: [],
    starts,
    turn: (await ground.snapshot.entryAt(ground.commit, turnPath))?.sha ?? null,
    waiting: [],
    refused: [],
    unlooked: 0,
    labelled: [],
    lingering: [],
    asleep: [],
    looked: [],
    troubled: [],
    unlabelled: [],
  };
  if (workflow.kind === 'none') return state;
  const { found, looked, troubled, unlabelled } = await readLabelled(context, base, ground);
  const labelled = found.map(({ repository, number }) => ({ repository, number }));
  const lingering = await readLingering(context, base, { candidates: labelled, looked });
  const recent = starts.flatMap(({ mark }) =>
    mark === null || Date.parse(now) - Date.parse(mark.at) >= againMs ? [] : mark.at,
  );
  const started = await readRuns(context, workflow, recent.sort()[0]);
  const entries = await readEntries(ground, [
    ...labelled.map(({ repository, number }) => entryPath(issueName(repository, number))),
    ...started.flatMap(({ path }) => path ?? []),
  ]);
  const claimed = [...entries.values(), ...base.running.map(({ entry }) => entry)];
  const runs = started.map(
    ({ path: _, ...run }): StartedRun => ({
      ...run,
      hasClaimed: claimed.some(
        ({ lease: { run: by } }) =>
          by?.id === run.id &&
          by.backend === workflow.kind &&
          sameRepository(by.repository, workflow.repository),
      ),
    }),
  );
  const known = { ...state, runs, looked, troubled, unlabelled, labelled, lingering };
  return { ...known, ...(await readWaiting(context, base, ground, { known, found, entries })) };
}

/** The workflow that this run is of, as it can be started for an issue. */
async function readStartable({ send, woodpecker, facts, kept }: Context): Promise<Startable> {
  const none = (why: string): Startable => ({ kind: 'none', why });
  const { run, repository: name } = facts;
  if (run === undefined || name === undefined || run.workflow === '')
    return none(
      'fan-out starts runs of the workflow that it is a part of, and this is none. Run it in CI, or use mode work.',
    );
  const { full_name: repository, default_branch: branch, permissions } = await getRepository(send, name);
  if (run.backend === 'woodpecker-pipeline') {
    if (woodpecker === undefined)
      return none(
        'fan-out starts pipelines of Woodpecker, and woodpecker-token is not given. Give it the token of an account that may push to the repository of this pipeline.',
      );
    const why = await whyNotStart(woodpecker, repository);
    return why === undefined
      ? { kind: 'woodpecker-pipeline', repository, workflow: run.workflow, branch }
      : none(why);
  }
  const why = await whyNotFollow(send, repository);
  if (why !== undefined) return none(`Who is on the way cannot be counted here, so none is started: ${why}`);
  const commit = (await getBranch(send, repository, branch)).commit.id;
  const snapshot = createSnapshot(send, repository, kept);
  for (const folder of ['.forgejo/workflows', '.gitea/workflows', '.github/workflows']) {
    const path = `${folder}/${run.workflow}`;
    const file = await snapshot.fileAt(commit, path);
    if (file.kind !== 'file') continue;
    const { inputs, faults } = readWorkflow(path, file.sha, file.bytes);
    if (faults[0] !== undefined) return none(`${repository}: ${faults[0]}`);
    // An input that is not declared is dropped without a word, and the run would work on any issue, or start others.
    const missing = ['issue', 'repository'].filter((input) => inputs?.includes(input) !== true);
    return missing.length > 0
      ? none(
          `${path} of ${repository} declares no input ${missing.join(' and no input ')} on ${branch}. Add them to on.workflow_dispatch.inputs, as the example for fan-out has them.`,
        )
      : {
          kind: 'forgejo-workflow',
          repository,
          workflow: run.workflow,
          commit,
          asJob: permissions?.push !== true,
        };
  }
  return none(`There is no workflow ${run.workflow} on ${branch} of ${repository}, so none is started.`);
}

async function readStarts({ snapshot, commit }: Ground): Promise<FanOutState['starts']> {
  const files = await stateFiles(snapshot, commit, startingFolder);
  const blobs = await snapshot.contents(files);
  return files.flatMap(({ path, sha }) => {
    const [, repository, number] = /^(.+)\/(\d{1,9})\.json$/.exec(path) ?? [];
    const blob = blobs.get(sha);
    return repository === undefined
      ? []
      : {
          path: `${startingFolder}/${path}`,
          sha,
          issue: issueKey(repository, Number(number)),
          mark: blob?.kind === 'read' ? (parseStartMark(blob.bytes) ?? null) : null,
        };
  });
}

/** A pipeline that was started longer ago is not looked for: nobody waits so long for a place. */
const pipelinesMs = 24 * 60 * 60_000;

/** A run, and where the entry of its issue stands. */
type ReadRun = Omit<StartedRun, 'hasClaimed'> & { path: string | undefined };

async function readRuns(
  { send, woodpecker, now }: Context,
  { kind, repository, workflow }: Exclude<Startable, { kind: 'none' }>,
  since: string | undefined,
): Promise<ReadRun[]> {
  if (kind === 'forgejo-workflow')
    return (await dispatchedRuns(send, repository, since)).flatMap(({ run, isGoingOn }) => {
      const { issue, repository: of } = inputsOf(run);
      if (run.workflow_id !== workflow || typeof of !== 'string' || !/^[^/\s]+\/[^/\s]+$/.test(of)) return [];
      if (typeof issue !== 'string' || !/^[1-9]\d{0,8}$/.test(issue)) return [];
      return {
        id: run.id,
        issue: issueKey(of, Number(issue)),
        start: null,
        created: run.created,
        isGoingOn,
        path: entryPath(issueName(of, Number(issue))),
      };
    });
  if (woodpecker === undefined) return [];
  const pipelines = await manualPipelines(
    woodpecker,
    await lookupRepository(woodpecker, repository),
    new Date(Date.parse(now) - pipelinesMs).toISOString(),
  );
  return pipelines.flatMap(({ number, status, created, variables }) => {
    const start = variables?.FORGECREW_START;
    return start === undefined
      ? []
      : {
          id: number,
          issue: null,
          start,
          created: new Date(created * 1000).toISOString(),
          isGoingOn: isGoingOn(status),
          path: undefined,
        };
  });
}

/** What the state repo says of issues, by the paths of their entries; what cannot be read is told where the issue is looked into. */
async function readEntries(
  { snapshot, commit }: Ground,
  paths: readonly string[],
): Promise<Map<string, Entry>> {
  const found = await Promise.all(
    [...new Set(paths)].map(async (path) => ({ path, file: await snapshot.entryAt(commit, path) })),
  );
  const there = found.flatMap(({ path, file }) => (file === undefined ? [] : [{ path, file }]));
  const blobs = await snapshot.contents(there.map(({ file }) => file));
  const entries = new Map<string, Entry>();
  for (const { path, file } of there) {
    const blob = blobs.get(file.sha);
    const parsed = blob?.kind === 'read' ? parseEntry(blob.bytes) : undefined;
    if (parsed?.ok === true) entries.set(path, parsed.entry);
  }
  return entries;
}

/** The machine that a run is started on is another one: that run finds out what works there. */
const anyMachine: Tried[] = localIsolations.map((isolation) => ({ isolation, works: true, why: '' }));

/** Looks into issues in their order until there is one for every run that may be started. */
async function readWaiting(
  context: Context,
  base: SeenState,
  ground: Ground,
  {
    known,
    found,
    entries,
  }: { known: FanOutState; found: readonly Labelled[]; entries: ReadonlyMap<string, Entry> },
): Promise<Pick<FanOutState, 'waiting' | 'refused' | 'asleep' | 'unlooked'>> {
  const { settings } = context;
  const { busy, free } = occupancyOf(settings, known);
  const wasStarted = ({ repository, number, issue: { updated_at: touched } }: Labelled): boolean =>
    known.workflow.kind === 'forgejo-workflow' &&
    known.starts.some(
      (start) =>
        start.issue === issueKey(repository, number) &&
        isSeen(start, known) &&
        !(Date.parse(touched ?? '') > Date.parse(start.mark?.at ?? '')),
    );
  // An issue whose run left it waiting is looked into after the others: they would never have their turn.
  const ordered = turned(
    inOrder(
      found.filter(({ repository, number, issue }) => {
        const entry = entries.get(entryPath(issueName(repository, number)));
        const isOver = entry?.status === 'destroyed' && isUntouched(entry, issue.updated_at ?? null);
        return !isOver && !busy.has(issueKey(repository, number));
      }),
    ).sort((one, other) => Number(wasStarted(one)) - Number(wasStarted(other))),
    base.nonce,
  );
  const waiting: Waiting[] = [];
  const refused: FanOutState['refused'] = [];
  const asleep: Candidate[] = [];
  let looks = 0;
  for (const item of ordered) {
    if (looks === mostLooked + free || chosenOf(settings, { ...known, waiting }).length === free) break;
    looks += 1;
    const { candidate, verdict } = await judge(
      context,
      { ...base, tried: anyMachine },
      item,
      await readCandidate(context, base, ground, item, item.issue),
    );
    const { repository, number } = candidate;
    if (verdict.kind === 'taken')
      waiting.push({
        repository,
        number,
        agent: verdict.agent.name,
        askedAt: lastAskedOf(candidate),
        left: verdict.agent.maxRunsPerDay === null ? null : verdict.agent.maxRunsPerDay - candidate.runsToday,
      });
    else if (candidate.talk !== null) asleep.push(candidate);
    if (verdict.kind === 'not')
      refused.push({
        what: `${repository}#${number} is not taken: ${verdict.why}`,
        isQuiet: verdict.isQuiet,
      });
  }
  return { waiting, refused, asleep, unlooked: ordered.length - looks };
}

/** When somebody last said something that an agent would work on the issue for. */
function lastAskedOf({ labelled, talk }: Candidate): string | null {
  const times = [labelled?.at ?? null, ...(talk?.news ?? []).map(({ at }) => at)].flatMap((at) => at ?? []);
  return times.sort((one, other) => Date.parse(one) - Date.parse(other)).at(-1) ?? null;
}
