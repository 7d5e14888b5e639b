import { describe, expect, it } from 'vitest';
import { ifThere } from '../../../core/api/errors.ts';
import type { Send } from '../../../core/api/send.ts';
import { isFile, listFolder, listTree, type TreeEntry } from '../../../core/forge/trees.ts';

const file = (path: string): TreeEntry => ({
  path,
  mode: '100644',
  type: 'blob',
  size: 3,
  sha: `blob-${path}`,
});
const folder = (path: string): TreeEntry => ({
  path,
  mode: '040000',
  type: 'tree',
  size: 0,
  sha: `tree-${path}`,
});

/** Trees by their id, as the forge gives them: at most `most` on a page, and `truncated` on the last one too. */
function trees(all: Record<string, TreeEntry[]>, most = 1000): { send: Send; asked: unknown[] } {
  const asked: unknown[] = [];
  const send: Send = async ({ params = {} }) => {
    asked.push(params);
    const entries = all[String(params.sha)];
    if (entries === undefined)
      return { status: 400, headers: {}, body: { message: `sha not found [${params.sha}]` } };
    const size = Math.min(Number(params.per_page), most);
    const page = Number(params.page ?? 1);
    const shown = entries.slice((page - 1) * size, page * size);
    const body = {
      sha: params.sha,
      tree: shown.length === 0 ? null : shown,
      truncated: entries.length > size,
      page,
      total_count: entries.length,
    };
    return { status: 200, headers: {}, body };
  };
  return { send, asked };
}

describe('a tree', () => {
  it('is read whole, page by page, as large as the pages are that the forge gives', async () => {
    const entries = Array.from({ length: 2500 }, (_, nth) => file(`f-${nth}`));
    const { send, asked } = trees({ head: entries }, 1000);

    expect(await listTree(send, 'owner/ops', 'head', { recursive: true })).toEqual(entries);
    expect(asked).toHaveLength(3);
    expect(asked[0]).toMatchObject({ owner: 'owner', repo: 'ops', sha: 'head', recursive: true });
  });

  it('that is empty is empty, and one that is not there is not there', async () => {
    const { send } = trees({ head: [] });

    expect(await listTree(send, 'owner/ops', 'head')).toEqual([]);
    expect(await ifThere(listTree(send, 'owner/ops', 'gone'))).toBeUndefined();
  });

  it('is refused when it is larger than anybody needs, before more of it is asked for', async () => {
    const { send, asked } = trees({ head: Array.from({ length: 3000 }, (_, nth) => file(`f-${nth}`)) });

    await expect(listTree(send, 'owner/ops', 'head', { most: 2000 })).rejects.toMatchObject({
      kind: 'incomplete',
    });
    expect(asked).toHaveLength(1);
  });

  it('is never half a tree: a page that is short, or of another commit, ends the reading', async () => {
    const whole = trees({ head: Array.from({ length: 20 }, (_, nth) => file(`f-${nth}`)) }, 10);
    const second = (change: (body: Record<string, unknown>) => object): Send => {
      let nth = 0;
      return async (request) => {
        nth += 1;
        const answer = await whole.send(request);
        return nth < 2 ? answer : { ...answer, body: change(answer.body as Record<string, unknown>) };
      };
    };

    for (const change of [
      (body: Record<string, unknown>) => ({ ...body, tree: [file('f-10')] }),
      (body: Record<string, unknown>) => ({ ...body, sha: 'moved' }),
    ])
      await expect(listTree(second(change), 'owner/ops', 'head')).rejects.toMatchObject({
        kind: 'incomplete',
      });
  });
});

describe('a folder', () => {
  const all = {
    head: [file('README.md'), folder('vault'), file('sprints')],
    'tree-vault': [folder('actions')],
    'tree-actions': [file('a.toml')],
  };

  it('is found by its path, one tree after the other, and never the rest of the repository', async () => {
    const { send, asked } = trees(all);

    expect(await listFolder(send, 'owner/ops', 'head', 'vault/actions', new Map())).toEqual([
      { ...file('a.toml'), path: 'vault/actions/a.toml' },
    ]);
    expect(asked).toHaveLength(3);
  });

  it('that is not there, or is a file, is undefined, and a commit that is not there is an error', async () => {
    const { send } = trees(all);

    expect(await listFolder(send, 'owner/ops', 'head', 'vault/incidents', new Map())).toBeUndefined();
    expect(await listFolder(send, 'owner/ops', 'head', 'sprints', new Map())).toBeUndefined();
    await expect(listFolder(send, 'owner/ops', 'gone', 'vault', new Map())).rejects.toMatchObject({
      kind: 'not-found',
    });
  });
});

it('only an ordinary file is one: no folder, link or submodule', () => {
  const modes = {
    '100644': 'blob',
    '100755': 'blob',
    '120000': 'blob',
    '040000': 'tree',
    '160000': 'commit',
  };
  const files = Object.entries(modes).filter(([mode, type]) => isFile({ ...file('x'), mode, type }));

  expect(files.map(([mode]) => mode)).toEqual(['100644', '100755']);
});
