import { describe, expect, it } from 'vitest';
import { ifThere } from '../../../core/api/errors.ts';
import type { Send } from '../../../core/api/send.ts';
import { createSnapshot } from '../../../core/forge/snapshot.ts';

const entry = (path: string, type = 'blob', sha = `${type}-${path}`): object => ({
  path,
  type,
  sha,
  mode: type === 'tree' ? '040000' : '100644',
});

/** A commit `c` with `vault/actions/x.toml`, `vault/policy.toml` and `a`, and so many more files; trees by their ids as well. */
function repository(more = 0): { send: Send; asked: string[] } {
  const asked: string[] = [];
  const flat: Record<string, object[]> = {
    c: [entry('a'), entry('vault', 'tree', 'v')],
    v: [entry('actions', 'tree', 's'), entry('policy.toml', 'blob', 'p')],
    s: [entry('x.toml', 'blob', 'x')],
  };
  const all = [
    entry('a'),
    entry('vault', 'tree', 'v'),
    entry('vault/actions', 'tree', 's'),
    entry('vault/actions/x.toml', 'blob', 'x'),
    entry('vault/policy.toml', 'blob', 'p'),
    ...Array.from({ length: more }, (_, nth) => entry(`z${nth}`)),
  ];
  const send: Send = async ({ params = {} }) => {
    const isWhole = params.recursive === true;
    asked.push(`${params.sha}${isWhole ? ' whole' : ''}`);
    const entries = isWhole && params.sha === 'c' ? all : flat[String(params.sha)];
    if (entries === undefined) return { status: 400, headers: {}, body: { message: 'sha not found [d]' } };
    const page = Number(params.page ?? 1);
    const tree = entries.slice((page - 1) * 1000, page * 1000);
    return { status: 200, headers: {}, body: { sha: params.sha, tree, total_count: entries.length } };
  };
  return { send, asked };
}

describe('a commit that is read at once', () => {
  it('tells every folder afterwards, as asking for each would', async () => {
    const [one, many] = [repository(), repository()];
    const [whole, walked] = [one, many].map(({ send }) => createSnapshot(send, 'o/r', new Map()));

    await whole?.whole('c');

    for (const path of [
      'a',
      'vault',
      'vault/actions',
      'vault/actions/x.toml',
      'vault/policy.toml',
      'b',
      'a/b',
    ])
      expect(await whole?.entryAt('c', path)).toEqual(await walked?.entryAt('c', path));
    for (const folder of ['vault', 'vault/actions', 'nowhere', 'a'])
      expect(await whole?.folderAt('c', folder)).toEqual(await walked?.folderAt('c', folder));
    expect(one.asked).toEqual(['c whole']);
    expect(many.asked).toEqual(['c', 'v', 's']);
  });

  it('is walked where it is too large, and no other commit of the repository is tried then', async () => {
    const { send, asked } = repository(3000);
    const snapshot = createSnapshot(send, 'o/r', new Map());

    await snapshot.whole('c');
    await snapshot.whole('other');

    expect(await snapshot.entryAt('c', 'vault/policy.toml')).toMatchObject({ sha: 'p' });
    expect(asked).toEqual(['c whole', 'c', 'v']);
  });

  it('that is not there is said to be missing', async () => {
    const snapshot = createSnapshot(repository().send, 'o/r', new Map());

    expect(await ifThere(snapshot.whole('d').then(() => 'there'))).toBeUndefined();
  });
});
