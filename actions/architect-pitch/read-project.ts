import { sameAccount } from '../../core/accounts.ts';
import { isApiError } from '../../core/api/errors.ts';
import { UserError } from '../../core/errors.ts';
import { findFile, getFile, listDirectory } from '../../core/forge/contents.ts';
import { firstIssues, type Issue, listIssues } from '../../core/forge/issues.ts';
import { everyLabel } from '../../core/forge/labels.ts';
import { listWriters } from '../../core/forge/people.ts';
import type { Repository } from '../../core/forge/repositories.ts';
import type { User } from '../../core/forge/users.ts';
import type { Ground } from '../../core/propose.ts';
import { together } from '../../core/together.ts';
import { partOf } from './choose.ts';
import type { Context, FiledIssue, Live, PitchSettings } from './state.ts';

// The project, of which everything is only read: its visions, what is filed for them, and the files a model is shown.

/** Pages of open issues that are read for counting references. */
const mostPages = 10;

/** Throws where the project cannot be read as it has to be, or our account may do more there than read. */
export function refuseProject(settings: PitchSettings, project: Repository, account: User): void {
  if (!project.has_issues)
    throw new UserError(
      `Issues are switched off in ${project.full_name}.`,
      'Switch them on (Settings, Units), or name another project-repo.',
    );
  if (project.permissions?.push === true && !settings['allow-project-write'])
    throw new UserError(
      `${account.login} may push to ${project.full_name}: an account that writes pitches has to be one that can do nothing else there.`,
      `Take its write access to ${project.full_name} away, or give the role another account. allow-project-write: true runs it all the same.`,
    );
}

type Listed = Pick<Live, 'issues' | 'allIssues'>;

/** The open issues, or as many as references are counted in. */
export async function readIssues({ settings, send }: Context): Promise<Listed> {
  const { issues, complete } = await firstIssues(send, settings['project-repo'], 'open', mostPages);
  return { issues, allIssues: complete };
}

/** Every open vision, also where there are more open issues than were listed. */
export async function readVisions(context: Context, { issues, allIssues }: Listed): Promise<Issue[]> {
  const open = allIssues ? issues : await listLabelled(context);
  return open.filter(({ labels }) => labels.some(({ name }) => name === context.settings['vision-label']));
}

/** By label only where exactly one label has that name: of two the forge finds none, of none it finds everything. */
async function listLabelled({ settings, send, kept }: Context): Promise<Issue[]> {
  const project = settings['project-repo'];
  const label = settings['vision-label'];
  const { own, organisation } = await everyLabel({ send, kept }, project);
  const named = own.filter(({ name }) => name === label).length;
  // Not every forge's filter is known to know labels of an organisation (17's does): whoever asked by one looks through everything.
  if (named < 2 && organisation.some(({ name }) => name === label))
    return listIssues(send, project, { state: 'open' });
  if (named !== 1)
    throw new UserError(
      `${project} has ${named} labels named ${label}, and too many open issues to look through.`,
      'Make exactly one label of that name.',
    );
  return listIssues(send, project, { state: 'open', label });
}

/** Sub-issues by the filer, and open ones by whoever may write to the project. Anybody else's marker is only a text. */
export async function readFiled({ settings, send }: Context, issues: Issue[]): Promise<FiledIssue[]> {
  const filer = settings['filer-login'];
  if (filer === undefined) return [];
  const project = settings['project-repo'];
  const [own, writers] = await together(
    listIssues(send, project, { state: 'all', createdBy: filer }),
    listWriters(send, project),
  );
  const byOthers = issues.filter(
    ({ number, user }) =>
      writers.some((writer) => sameAccount(user, writer)) && !own.some((issue) => issue.number === number),
  );
  return [...own, ...byOthers].flatMap((issue) => {
    const vision = partOf(issue.body);
    return vision === undefined ? [] : [{ vision, number: issue.number, closed: issue.state === 'closed' }];
  });
}

/** Files for the model to read; one that is not there is left out, one that cannot be read is an error. */
export async function readContext(
  { settings, send }: Context,
  project: Repository,
  ground: Ground,
): Promise<Live['context']> {
  const wanted = [
    ...settings['context-files'].map((path) => ({
      repository: project.full_name,
      path,
      ref: project.default_branch,
    })),
    ...settings['ops-context-files'].map((path) => ({
      repository: ground.repository,
      path,
      ref: ground.commit,
    })),
  ];
  const found = await Promise.all(
    wanted.map(async ({ repository, path, ref }) => {
      const file = await newestAt(send, repository, path, ref);
      return file === undefined ? [] : [{ name: `${file.path} of ${repository}`, text: file.text }];
    }),
  );
  return found.flat();
}

/** A file, or of a folder the one whose name sorts last, which is the newest where names are days. */
async function newestAt(
  send: Context['send'],
  repository: string,
  path: string,
  ref: string,
): Promise<{ path: string; text: string } | undefined> {
  try {
    const file = await findFile(send, repository, path, ref);
    return file === undefined ? undefined : { path, text: file.bytes.toString('utf8') };
  } catch (error) {
    // The forge answers with a list for a folder.
    if (!isApiError(error, 'shape')) throw error;
    const files = (await listDirectory(send, repository, path, ref)).filter(({ type }) => type === 'file');
    const last = files.sort((one, other) => (one.name < other.name ? 1 : -1))[0];
    if (last === undefined) return undefined;
    const { bytes } = await getFile(send, repository, last.path, ref);
    return { path: last.path, text: bytes.toString('utf8') };
  }
}
