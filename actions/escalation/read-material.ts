import { namesLogin } from '../../core/accounts.ts';
import { listComments } from '../../core/forge/comments.ts';
import { defaultHead } from '../../core/forge/commits.ts';
import { getIssue } from '../../core/forge/issues.ts';
import { createSnapshot } from '../../core/forge/snapshot.ts';
import type { People } from '../../core/vault/read-rights.ts';
import type { Context, Material, Thread } from './state.ts';

/** A thread as a model is shown it: what people said who may write there now, and what this role answered. */
export async function readMaterial(context: Context, people: People, thread: Thread): Promise<Material> {
  const { send, settings } = context;
  const issue = await getIssue(send, thread.repository, thread.number);
  const comments = await listComments(send, thread.repository, thread.number);
  const logins = [...new Set(comments.flatMap(({ user }) => (user == null ? [] : [user.login])))];
  const writers = await people.writers(thread.repository, { of: logins });
  return {
    title: issue.title,
    body: issue.body,
    author: issue.user?.login ?? '(gone)',
    isPull: issue.pull_request != null,
    comments: comments
      .filter(({ user }) => user != null && namesLogin([...writers, settings['forge-login']], user.login))
      .map(({ user, created_at, body }) => ({ by: user?.login ?? '', at: created_at, body })),
    files: await readFiles(context, thread.repository),
  };
}

async function readFiles({ send, kept, settings }: Context, repository: string): Promise<Material['files']> {
  const names = settings['context-files'];
  const head = names.length === 0 ? undefined : await defaultHead(send, repository);
  if (head === undefined) return [];
  const snapshot = createSnapshot(send, repository, kept);
  const files = await Promise.all(
    names.map(async (name) => {
      const found = await snapshot.fileAt(head, name);
      return found.kind === 'file' ? [{ name, text: found.bytes.toString('utf8') }] : [];
    }),
  );
  return files.flat();
}
