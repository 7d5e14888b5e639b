import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { UserError } from '../../core/errors.ts';
import { getFile } from '../../core/forge/contents.ts';
import { isForgeError } from '../../core/forge/errors.ts';
import { getBranch, getRepository } from '../../core/forge/repositories.ts';
import { getOwnUser, type User } from '../../core/forge/users.ts';
import type { ReadContext, State } from '../../core/role.ts';
import type { ValuesOf } from '../../core/settings.ts';
import { formatOf } from './format.ts';
import type { settings } from './settings.ts';
import { createTally, type Totals } from './tally.ts';
import { evidencePath } from './text.ts';

export type EngagementSettings = ValuesOf<typeof settings>;
type Context = ReadContext<typeof settings, EngagementState>;

export interface EngagementState extends State {
  date: string;
  totals: Totals;
  /** Names of the files that were read. */
  files: string[];
  /** What a log that holds no record at all looks like, by file. */
  foreign: { file: string; looksLike: string }[];
  /** Why a source could not be read to its end, by file. */
  broken: { file: string; why: string }[];
  /** What stands in evidence-file now. */
  local: string | null;
  /** Where it is to be committed, and what stands there. */
  target: { repository: string; branch: string; sha: string | null; text: string | null } | null;
}

export async function read(context: Context): Promise<EngagementState> {
  const { settings, facts, previous } = context;
  // A log is read once: what our own commit changed is only what stands in the forge.
  if (previous !== undefined) {
    const { target, account } = await readTarget(context, previous.state.date);
    return { ...previous.state, now: context.now, target, account, local: localText(context) };
  }
  const date = settings.date ?? new Date(Date.parse(context.now) - 86_400_000).toISOString().slice(0, 10);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date) || Number.isNaN(Date.parse(date))) {
    throw new UserError(`date: ${JSON.stringify(date)} is no day.`, 'Write it as YYYY-MM-DD.');
  }
  if (Date.parse(date) > Date.parse(context.now)) throw new UserError(`date: ${date} has not begun yet.`);
  const { target, account } = await readTarget(context, date);
  const tally = createTally({
    date,
    units: { time: settings['time-format'], duration: settings['duration-format'] },
    ownHosts: settings['own-hosts'],
    top: settings.top,
  });
  const files = settings.source.flatMap((pattern) => expand(facts.workspace, pattern));
  const foreign: EngagementState['foreign'] = [];
  const broken: EngagementState['broken'] = [];
  for (const file of files) {
    const first: string[] = [];
    const why = await readLog(
      path.resolve(facts.workspace, file),
      (line) => {
        if (first.length < 5 && line.trim() !== '') first.push(line);
        tally.add(line);
      },
      tally.begin,
    );
    if (why !== undefined) broken.push({ file, why });
    if (tally.isForeign()) foreign.push({ file, looksLike: formatOf(first) });
  }
  return {
    now: context.now,
    account,
    date,
    totals: tally.totals(),
    files,
    foreign,
    broken,
    target,
    local: localText(context),
  };
}

function localText({ settings, facts }: Context): string | null {
  const file = path.resolve(facts.workspace, settings['evidence-file']);
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

/** Paths that a pattern stands for, by name; one that stands for none is an error, because unread is not empty. */
function expand(workspace: string, pattern: string): string[] {
  const name = path.basename(pattern);
  const folder = path.dirname(pattern);
  const parts = name.split('*');
  if (parts.length === 1) {
    if (!existsSync(path.resolve(workspace, pattern)))
      throw new UserError(
        `source: there is no file ${pattern}.`,
        'Check the path; a relative one starts at the workspace.',
      );
    return [pattern];
  }
  const all = existsSync(path.resolve(workspace, folder))
    ? readdirSync(path.resolve(workspace, folder)).sort()
    : [];
  const found = all.filter((item) => fits(item, parts));
  if (found.length === 0)
    throw new UserError(
      `source: no file fits ${pattern}.`,
      'Check the path; a relative one starts at the workspace.',
    );
  return found.map((item) => path.join(folder, item));
}

/** Whether a name has the parts in their order, the first at its start and the last at its end. */
function fits(name: string, parts: string[]): boolean {
  const [first = '', ...rest] = parts;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const [index, part] of rest.entries()) {
    const found =
      index === rest.length - 1 ? Math.max(name.length - part.length, at) : name.indexOf(part, at);
    if (found < 0 || !name.startsWith(part, found)) return false;
    at = found + part.length;
  }
  return true;
}

/** Reads a log line by line; resolves to why it broke off, or undefined at a clean end. */
async function readLog(
  file: string,
  add: (line: string) => void,
  begin: () => void,
): Promise<string | undefined> {
  if (file.endsWith('.zst')) return 'zstd is not read yet: unpack it first';
  begin();
  const source = createReadStream(file);
  const stream = file.endsWith('.gz') ? source.pipe(createGunzip()) : source;
  try {
    // An error of the file does not reach the unpacker by itself, and would wait for ever.
    source.once('error', (error) => stream.destroy(error));
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }))
      add(line);
    if (stream.errored !== null) return stream.errored.message;
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function readTarget(
  { settings, facts, send }: Context,
  date: string,
): Promise<{ target: EngagementState['target']; account: User | null }> {
  if (settings.commit === 'none' || facts.isPullRequest) return { target: null, account: null };
  const repository = settings['ops-repo'];
  const missing = Object.entries({
    'forge-url': settings['forge-url'],
    'forge-token': settings['forge-token'],
    'ops-repo': repository,
  }).filter(([, value]) => value === undefined);
  if (repository === undefined || missing.length > 0) {
    throw new UserError(
      `commit: ${settings.commit} needs ${missing.map(([name]) => name).join(', ')}.`,
      'Set them, or use commit: none.',
    );
  }
  const account = await getOwnUser(send);
  const login = settings['forge-login'];
  if (login !== undefined && login.toLowerCase() !== account.login.toLowerCase()) {
    throw new UserError(
      `forge-token belongs to ${account.login}, but forge-login says ${login}.`,
      `Give forge-token a token of ${login}.`,
    );
  }
  const name = settings['ops-branch'] ?? (await getRepository(send, repository)).default_branch;
  const branch = await getBranch(send, repository, name);
  try {
    const { bytes, sha } = await getFile(send, repository, evidencePath(date), branch.commit.id);
    return { target: { repository, branch: name, sha, text: bytes.toString('utf8') }, account };
  } catch (error) {
    if (!isForgeError(error, 'not-found')) throw error;
    return { target: { repository, branch: name, sha: null, text: null }, account };
  }
}
