import type { Send } from './api/send.ts';
import { type EvidencePlaces, isDay, type PageDay, type PageFiles } from './evidence.ts';
import { findText, namesIn, type TextFile } from './forge/contents.ts';
import type { Way } from './read-ground.ts';

/** Where evidence of one kind stands, and how its text is read: `null` where it is none, because anybody with write access may have changed it. */
export interface EvidenceKind<Evidence> {
  places: EvidencePlaces;
  parse: (text: string | undefined) => Evidence | null;
}

/** A repository, and a commit or branch of it. */
type Place = { repository: string; ref: string };

/** The page at a commit, and the newest days there beside one. */
export async function readPage<Evidence>(
  send: Send,
  kind: EvidenceKind<Evidence>,
  at: Place,
  date: string,
): Promise<PageFiles<Evidence>> {
  const names = await namesIn(send, at.repository, kind.places.folder, at.ref);
  const isThere = new Set(names.map((name) => `${kind.places.folder}/${name}`));
  const file = (path: string): Promise<TextFile> =>
    isThere.has(path) ? findText(send, at.repository, path, at.ref) : Promise.resolve(null);
  const [readme, chart, others] = await Promise.all([
    file(kind.places.page),
    file(kind.places.chart),
    readDays(send, kind, at, newestDays(kind.places, names, date)),
  ]);
  return { readme, chart, others };
}

/** The days that the page of a pull request shows beside the one that is collected. */
export async function readProposed<Evidence>(
  send: Send,
  kind: EvidenceKind<Evidence>,
  { ground, standing }: Extract<Way, { kind: 'pull' }>,
  date: string,
): Promise<PageDay<Evidence>[]> {
  const at = standing.exists
    ? { repository: ground.home, ref: standing.branch }
    : { repository: ground.repository, ref: ground.commit };
  const names = await namesIn(send, at.repository, kind.places.folder, at.ref);
  return readDays(send, kind, at, newestDays(kind.places, names, date));
}

/** The evidence of some days. */
export function readDays<Evidence>(
  send: Send,
  kind: EvidenceKind<Evidence>,
  at: Place,
  dates: readonly string[],
): Promise<PageDay<Evidence>[]> {
  return Promise.all(
    dates.map(async (date) => ({ date, evidence: await readEvidence(send, kind, at, date) })),
  );
}

/** The evidence of a day; `null` where there is no file, or one that is none. */
export async function readEvidence<Evidence>(
  send: Send,
  { places, parse }: EvidenceKind<Evidence>,
  { repository, ref }: Place,
  date: string,
): Promise<Evidence | null> {
  return parse((await findText(send, repository, places.file(date), ref))?.text);
}

function newestDays({ pageDays }: EvidencePlaces, names: readonly string[], beside: string): string[] {
  return names
    .filter((name) => name.endsWith('.json') && isDay(name.slice(0, -5)))
    .map((name) => name.slice(0, -5))
    .filter((date) => date !== beside)
    .sort()
    .reverse()
    .slice(0, pageDays);
}
