import { describe, expect, it } from 'vitest';
import { type ApiResponse, pathOf, type Send } from '../../../core/api/send.ts';
import { readBlobs } from '../../../core/forge/blobs.ts';

const idOf = (nth: number): string => nth.toString(16).padStart(40, '0');

interface Habits {
  /** The most that one answer gives. */
  most?: number;
  /** The most bytes of a blob that are given. */
  largest?: number;
  /** Whether many can be asked for at once. */
  many?: boolean;
}

/** A repository's blobs as the forge gives them, with what it was asked. */
function repository(
  texts: Record<string, string>,
  { most = 50, largest = 10_000_000, many = true }: Habits = {},
): { send: Send; asked: string[] } {
  const asked: string[] = [];
  const shape = (sha: string, text: string): object => ({
    sha,
    size: Buffer.byteLength(text),
    encoding: 'base64',
    content: Buffer.byteLength(text) > largest ? '' : Buffer.from(text).toString('base64'),
  });
  const answer = (status: number, body: unknown): ApiResponse => ({ status, headers: {}, body });
  const absent = (sha: string): ApiResponse =>
    answer(400, { message: `object does not exist [id: ${sha}, rel_path: ]` });
  const send: Send = async (request) => {
    const { path, query } = pathOf(request);
    asked.push(`${path}${query}`);
    const single = request.params?.sha;
    if (single !== undefined) {
      const text = texts[String(single)];
      return text === undefined ? absent(String(single)) : answer(200, shape(String(single), text));
    }
    if (!many) return answer(404, '404 page not found');
    const shas = String(request.params?.shas).split(',').slice(0, most);
    const missing = shas.find((sha) => texts[sha] === undefined);
    return missing === undefined
      ? answer(
          200,
          shas.map((sha) => shape(sha, texts[sha] ?? '')),
        )
      : absent(missing);
  };
  return { send, asked };
}

/** As many blobs, each of which says which it is. */
function numbered(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, nth) => [idOf(nth + 1), `text ${nth + 1}\n`]));
}

const wantedOf = (texts: Record<string, string>): { sha: string; size: number }[] =>
  Object.entries(texts).map(([sha, text]) => ({ sha, size: Buffer.byteLength(text) }));

describe('many blobs', () => {
  it('are read 45 at a time, by addresses that no server or proxy refuses', async () => {
    const texts = numbered(100);
    const { send, asked } = repository(texts);

    const found = await readBlobs(send, 'owner-with-a-name/repository-with-a-name', wantedOf(texts));

    expect(asked).toHaveLength(3);
    expect(Math.max(...asked.map((path) => `https://forge.example/api/v1${path}`.length))).toBeLessThan(2000);
    expect(
      Object.fromEntries([...found].map(([sha, blob]) => [sha, blob.kind === 'read' && String(blob.bytes)])),
    ).toEqual(texts);
  });

  it('are all read where some are not there, and those are said to be missing', async () => {
    const texts = numbered(10);
    const { send, asked } = repository(texts);
    const wanted = [...wantedOf(texts), { sha: idOf(900) }, { sha: idOf(901) }];

    const found = await readBlobs(send, 'owner/ops', wanted);

    expect(found.size).toBe(12);
    expect([...found].filter(([, { kind }]) => kind === 'missing').map(([sha]) => sha)).toEqual([
      idOf(900),
      idOf(901),
    ]);
    expect([...found.values()].filter(({ kind }) => kind === 'read')).toHaveLength(10);
    expect(asked).toHaveLength(3);
  });

  it('are asked for once, however often they are wanted', async () => {
    const texts = numbered(1);
    const { send, asked } = repository(texts);

    await readBlobs(send, 'owner/ops', [...wantedOf(texts), ...wantedOf(texts)]);

    expect(asked).toEqual([`/repos/owner/ops/git/blobs?shas=${idOf(1)}`]);
  });

  it('are asked for again where a server gives fewer at once than were asked for', async () => {
    const texts = numbered(45);
    const { send, asked } = repository(texts, { most: 20 });

    const found = await readBlobs(send, 'owner/ops', wantedOf(texts));

    expect([...found.values()].every(({ kind }) => kind === 'read')).toBe(true);
    expect(asked).toHaveLength(3);
  });

  it('are never asked for in one answer that would be too large', async () => {
    const texts = Object.fromEntries([1, 2, 3, 4, 5].map((nth) => [idOf(nth), 'x'.repeat(1_000_000)]));
    const { send, asked } = repository(texts);

    const found = await readBlobs(send, 'owner/ops', wantedOf(texts));

    expect([...found.values()].every(({ kind }) => kind === 'read')).toBe(true);
    expect(asked).toHaveLength(2);
  });

  it('are left alone when they are too large, by what the tree says, what came, or what the forge leaves out', async () => {
    const texts = { [idOf(1)]: 'x'.repeat(3000), [idOf(2)]: 'y'.repeat(3000), [idOf(3)]: 'small' };
    const told = repository(texts);
    const cut = repository(texts, { largest: 2000 });

    const known = await readBlobs(told.send, 'owner/ops', wantedOf(texts), { largest: 1000 });
    const unknown = await readBlobs(told.send, 'owner/ops', [{ sha: idOf(1) }], { largest: 1000 });
    const left = await readBlobs(cut.send, 'owner/ops', [{ sha: idOf(2) }, { sha: idOf(3) }]);

    expect(known.get(idOf(1))).toEqual({ kind: 'too-large', size: 3000 });
    expect(known.get(idOf(3))?.kind).toBe('read');
    expect(told.asked[0]).toBe(`/repos/owner/ops/git/blobs?shas=${idOf(3)}`);
    expect(unknown.get(idOf(1))).toEqual({ kind: 'too-large', size: 3000 });
    expect(left.get(idOf(2))).toEqual({ kind: 'too-large', size: 3000 });
    expect(left.get(idOf(3))?.kind).toBe('read');
  });

  it('an empty one is read, and nothing is asked for nothing', async () => {
    const { send, asked } = repository({ [idOf(1)]: '' });

    expect((await readBlobs(send, 'owner/ops', [])).size).toBe(0);
    expect(asked).toEqual([]);
    expect((await readBlobs(send, 'owner/ops', [{ sha: idOf(1), size: 0 }])).get(idOf(1))).toEqual({
      kind: 'read',
      bytes: Buffer.from(''),
    });
  });

  it('are read one by one on a forge that does not give many', async () => {
    const texts = numbered(3);
    const { send, asked } = repository(texts, { many: false });

    const found = await readBlobs(send, 'owner/ops', [...wantedOf(texts), { sha: idOf(900) }]);

    expect([...found.values()].map(({ kind }) => kind)).toEqual(['read', 'read', 'read', 'missing']);
    expect(asked).toHaveLength(5);
  });

  it('are never taken for missing when the repository cannot be seen, or a server gives nothing', async () => {
    const unseen: Send = async () => ({ status: 404, headers: {}, body: { message: "couldn't be found" } });
    const mute: Send = async () => ({ status: 200, headers: {}, body: [] });

    await expect(readBlobs(unseen, 'owner/ops', [{ sha: idOf(1) }])).rejects.toMatchObject({
      kind: 'not-found',
    });
    await expect(readBlobs(mute, 'owner/ops', [{ sha: idOf(1) }])).rejects.toMatchObject({
      kind: 'incomplete',
    });
  });
});
