import { canonicalJson } from './canonical.ts';
import type { Change } from './change.ts';
import { UserError } from './errors.ts';
import type { TextFile } from './forge/contents.ts';
import type { User } from './forge/users.ts';
import { notice } from './plan.ts';
import {
  type Ground,
  openAlike,
  type Proposal,
  propose,
  type proposeChanges,
  type Standing,
} from './propose.ts';
import type { Way } from './read-ground.ts';

// What roles that write dated evidence have in common: one file a day in a folder of the ops repo, and beside the days a page
// and a chart over the newest of them. Pure; read-evidence.ts reads what stands there.

/** Where one kind of evidence stands in the ops repo. */
export interface EvidencePlaces {
  folder: string;
  page: string;
  chart: string;
  /** How many days the page shows. */
  pageDays: number;
  /** The file of a day. */
  file: (date: string) => string;
  /** The branch of a pull request that begins with a day. */
  branch: (date: string) => string;
  /** Whether a branch is that of a pull request with this kind of evidence. */
  isBranch: (branch: string) => boolean;
}

/** The places of a kind of evidence by its name, such as `engagement`. */
export function evidencePlaces(
  name: string,
  { chart, pageDays }: { chart: string; pageDays: number },
): EvidencePlaces {
  const folder = `evidence/${name}`;
  const branch = (date: string): string => `${folder}-${date}`;
  return {
    folder,
    page: `${folder}/README.md`,
    chart: `${folder}/${chart}`,
    pageDays,
    file: (date) => `${folder}/${date}.json`,
    branch,
    isBranch: (given) => isDay(given.slice(-10)) && given === branch(given.slice(-10)),
  };
}

/** Whether a text looks like a day: `YYYY-MM-DD`. */
export function isDay(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text);
}

/** A day of the evidence: what was counted, or `null` where there is no file, or one that is no evidence. */
export interface PageDay<Evidence> {
  date: string;
  evidence: Evidence | null;
}

/** The two files of the page, and the days it shows beside the one that is collected. */
export interface PageFiles<Evidence> {
  readme: TextFile;
  chart: TextFile;
  others: PageDay<Evidence>[];
}

/** Evidence as it stands in the repository: for people as well, so one field a line. */
export function evidenceText(evidence: object): string {
  return `${JSON.stringify(evidence, null, 2)}\n`;
}

/**
 * Evidence as it should stand: where nothing but the hour has changed since it was last written, and the day is not over, that is
 * what stands there, so that a run by the hour makes no commit that says nothing.
 */
export function sinceRecord<Evidence extends { period_hours: number }>(
  evidence: Evidence,
  /** The evidence of the same day that the forge has. */
  onRecord: readonly Evidence[],
): Evidence {
  if (evidence.period_hours >= 24) return evidence;
  const asOf = ({ period_hours }: Evidence): Evidence => ({ ...evidence, period_hours });
  const same = onRecord.find(
    (known) =>
      known.period_hours <= evidence.period_hours && canonicalJson(known) === canonicalJson(asOf(known)),
  );
  return same === undefined ? evidence : asOf(same);
}

/**
 * Which way the evidence goes where that is not a plain commit: a protected branch must never fail in silence. Whether a
 * path is exempt only trying tells, so a branch that took the evidence says so in the round after that.
 */
export function wayText(
  { folder }: EvidencePlaces,
  commit: string,
  {
    repository,
    branch,
    way,
    evidence,
    account,
  }: {
    repository: string;
    branch: string;
    way: Way;
    /** The evidence of the day on the branch. */
    evidence: TextFile;
    account: User | undefined;
  },
): string | undefined {
  const where = `${branch} of ${repository}`;
  const until = 'which takes in each day until it is merged';
  switch (way.kind) {
    case 'commit':
      return undefined;
    case 'pull':
      if (commit === 'pull') return `The evidence goes to a pull request into ${where}, ${until}.`;
      return way.ground.fork === 'not-needed'
        ? `${where} is protected and ${folder}/ is not exempt: the evidence goes to a pull request, ${until}.`
        : `${account?.login ?? 'our account'} may not push to ${repository}: the evidence goes to a pull request from its fork, ${until}.`;
    case 'commit-or-pull':
      return evidence === null
        ? `${where} is protected: a commit is tried first, which it takes where ${folder}/ is exempt.`
        : `${where} is protected, and has the evidence: nothing else is tried than a commit.`;
  }
}

/** The body of a day's pull request: what it holds, and lines about that. */
export function pullText({ folder }: EvidencePlaces, what: string, lines: readonly string[]): string {
  return [
    `${what}, because this branch takes no commit from its collector. Each further day is added here until this is merged, so merge it when you like; closed without a merge, its days are not asked for again.`,
    '',
    ...lines.map((line) => `- ${line}`),
    '',
    `To have it committed without a pull request, give the collector write access, which reaches the secrets of CI, and let the protection of the branch exempt \`${folder}/**\` (unprotected file patterns).`,
  ].join('\n');
}

/** The evidence of one day that the forge has: on the branch, and on that of the pull request, of which it is the first file. */
export function evidenceOnRecord<Evidence>(
  parse: (text: string | undefined) => Evidence | null,
  { evidence, way }: { evidence: TextFile; way: Way },
): Evidence[] {
  const proposed = way.kind === 'pull' && way.standing.exists ? [way.standing.files[0]?.there] : [];
  return [evidence, ...proposed].flatMap((file) => parse(file?.text) ?? []);
}

type File = Proposal['files'][number];

/** The page and its chart as they should be, over the newest of some days and the one that is collected. */
export function pageWith<Evidence extends { date: string }>(
  places: EvidencePlaces,
  others: readonly PageDay<Evidence>[],
  evidence: Evidence,
  /** From the days, newest first. */
  texts: Record<'page' | 'chart', (days: PageDay<Evidence>[]) => string>,
): Record<'page' | 'chart', File> {
  const days = [...others, { date: evidence.date, evidence }]
    .sort((a, b) => (a.date < b.date ? 1 : -1))
    .slice(0, places.pageDays);
  return {
    page: { path: places.page, content: texts.page(days) },
    chart: { path: places.chart, content: texts.chart(days) },
  };
}

/** Those of the page's two files that are not as they should be, to be written in place of what stands there. */
export function pageWrites(
  { readme, chart }: PageFiles<unknown>,
  wanted: Record<'page' | 'chart', File>,
): (File & { expects: string | null })[] {
  return [
    { ...wanted.page, found: readme },
    { ...wanted.chart, found: chart },
  ]
    .filter(({ content, found }) => found?.text !== content)
    .map(({ path, content, found }) => ({ path, content, expects: found?.sha ?? null }));
}

/**
 * What has surely passed, in ISO 8601: the time of this machine's clock, or of the forge's where that one is behind. With either
 * clock wrong by a day a collector would otherwise write down as a whole what has only begun, and no later run counts it anew.
 */
export function passedBy({ now, forgeNow }: Clocks): string {
  return Date.parse(forgeNow) < Date.parse(now) ? forgeNow : now;
}

/** The time by the clock of this machine, and by that of the forge, both in ISO 8601. */
export interface Clocks {
  now: string;
  forgeNow: string;
}

/** What a person should know of a day (`YYYY-MM-DD`, UTC) that is over by one clock and not by the other. */
export function clockNotices(date: string, clocks: Clocks): Change<'keep'>[] {
  const { now, forgeNow } = clocks;
  const end = Date.parse(date) + 86_400_000;
  if (Date.parse(now) < end === Date.parse(forgeNow) < end) return [];
  const [ours, theirs] = Date.parse(now) < end ? ['not over', 'over'] : ['over', 'not over'];
  return [
    notice(
      `${date} is ${ours} by the clock of this machine (${now}) and ${theirs} by the forge's (${forgeNow})`,
      'it is taken for over once it is so by both: set the clock that is wrong',
    ),
  ];
}

/** A day (`YYYY-MM-DD`, UTC) some days before a moment. */
export function daysBefore(now: string, days: number): string {
  return new Date(Date.parse(now) - days * 86_400_000).toISOString().slice(0, 10);
}

/** The day that evidence is of: the one that was asked for, or yesterday. Throws where it is no day, or has not begun. */
export function evidenceDay(given: string | undefined, now: string): string {
  const date = given ?? daysBefore(now, 1);
  const isReal =
    isDay(date) && !Number.isNaN(Date.parse(date)) && new Date(date).toISOString().startsWith(date);
  if (!isReal) throw new UserError(`date: ${JSON.stringify(date)} is no day.`, 'Write it as YYYY-MM-DD.');
  if (Date.parse(date) > Date.parse(now)) throw new UserError(`date: ${date} has not begun yet.`);
  return date;
}

/** Of a chart: a round number at or above the largest value, whose quarters, where the lines of the grid are, are whole. */
export function ceiling(value: number): number {
  const step = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return (
    [1, 2, 3, 4, 6, 8, 10, 12]
      .map((factor) => factor * step)
      .find((item) => item >= value && item >= 4 && item % 4 === 0) ?? value
  );
}

/**
 * One pull request with a day's evidence, and the page and its chart over the last days: opened, or brought up to date. While another
 * one of the same kind, by `isAlike` of its branch, is to bring the page, this one asks for the evidence alone.
 */
export function proposeEvidence(
  ground: Ground,
  standing: Standing,
  {
    evidence,
    page,
    chart,
    isAlike,
    title,
    ...said
  }: Record<'evidence' | 'page' | 'chart', File> &
    Pick<Proposal, 'title' | 'body' | 'why'> & { isAlike: (branch: string) => boolean },
): Change<(typeof proposeChanges)[number]>[] {
  const [first] = openAlike(ground, isAlike);
  // Two that change the page would be in conflict once one of them is merged.
  const waits = first !== undefined && first.number !== standing.pull?.number;
  return [
    ...(waits
      ? [
          notice(
            `${page.path} and its chart wait: pull request #${first.number} changes them as well`,
            'merge it, and the next pull request that is opened brings them up to date',
          ),
        ]
      : []),
    ...propose(ground, standing, {
      files: [evidence, ...(waits ? [] : [page, chart])],
      message: title,
      title,
      ...said,
    }),
  ];
}
