import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Collecting, date, line, startCollecting } from '../collecting.ts';
import { compiledFile, loadedFiles, story as readable } from '../compiled.ts';

const compiled = existsSync(
  fileURLToPath(new URL('../../dist/collect-engagement/index.js', import.meta.url)),
);

type Ran = Awaited<ReturnType<Collecting['run']>>;

/** What differs from run to run is named instead. */
function steady(ran: Ran): string {
  return readable({ ...ran, calls: ran.calls.map((item) => item.replace(/ref=[0-9a-f]{40}/, 'ref=…')) });
}

describe.skipIf(!compiled)('the compiled collect-engagement', () => {
  let story: Collecting;
  beforeEach(async () => {
    story = await startCollecting();
  });
  afterEach(() => story.close());

  it('commits the evidence and its page, then has nothing to do', async () => {
    const first = await story.run();
    const second = await story.run();

    expect([first, second].map(steady).join('\n')).toMatchSnapshot();
    expect(await story.textOf(`evidence/engagement/${date}.json`)).toMatchSnapshot();
    expect(await story.textOf('evidence/engagement/README.md')).toMatchSnapshot();
  });

  it('goes through a pull request where main is protected', async () => {
    await story.protect();

    expect(steady(await story.run())).toMatchSnapshot();
  });

  it('leaves the evidence in the workspace without any forge', async () => {
    const ran = await story.run({
      PLUGIN_COMMIT: 'none',
      PLUGIN_FORGE_TOKEN: '',
      CI_FORGE_URL: '',
      CI_REPO: '',
    });

    expect(steady(ran)).toMatchSnapshot();
  });

  it('counts a large log in two threads as one thread counts it', async () => {
    // Enough for several pieces of a file; lines of every length, so that pieces end anywhere in them.
    const some = Array.from({ length: 600 }, (_, index) =>
      index % 50 === 3
        ? 'bad\n'
        : line(`/${'x'.repeat((index * 37) % 900)}?${index}`, `10.0.0.${index % 250}`),
    ).join('');
    const times = 120;
    writeFileSync(path.join(story.workspace, 'access.log'), some.repeat(times));
    const evidence = (): Record<string, unknown> =>
      JSON.parse(readFileSync(path.join(story.workspace, 'engagement.json'), 'utf8'));
    const none = { PLUGIN_COMMIT: 'none', PLUGIN_TOP: '1000' };

    let ran: Awaited<ReturnType<typeof story.run>> | undefined;
    const loaded = await loadedFiles(compiledFile('collect-engagement'), async (environment) => {
      ran = await story.run({ ...none, ...environment });
    });
    const whole = evidence();
    writeFileSync(path.join(story.workspace, 'access.log'), some);
    await story.run(none);
    const one = evidence();

    expect(ran?.code).toBe(0);
    if (availableParallelism() > 1) expect(loaded).toContain('thread.js');
    const grown = (items: unknown): unknown =>
      (items as { path: string; views: number }[]).map(({ path: page, views }) => ({
        path: page,
        views: views * times,
      }));
    expect(whole).toEqual({
      ...one,
      total_requests: Number(one.total_requests) * times,
      page_views: Number(one.page_views) * times,
      lines: Number(one.lines) * times,
      bad_lines: Number(one.bad_lines) * times,
      status_classes: { ...(one.status_classes as object), '2xx': Number(one.total_requests) * times },
      top_pages: grown(one.top_pages),
    });
  });

  it('counts packed files side by side as it counts them in one file that is not packed', async () => {
    const texts = [0, 1, 2].map((file) =>
      Array.from({ length: 9000 }, (_, nth) => {
        const digest = createHash('sha512').update(`${file} ${nth}`).digest('hex');
        return nth % 400 === 7
          ? 'bad\n'
          : line(`/${nth % 9}?${digest}${digest.slice(0, 90)}`, `10.0.${file}.${nth % 250}`);
      }).join(''),
    );
    const evidence = (): Record<string, unknown> =>
      JSON.parse(readFileSync(path.join(story.workspace, 'engagement.json'), 'utf8'));
    const none = { PLUGIN_COMMIT: 'none' };
    writeFileSync(path.join(story.workspace, 'access.log'), texts.join(''));
    await story.run(none);
    const plain = evidence();
    rmSync(path.join(story.workspace, 'engagement.json'));
    for (const [nth, text] of texts.entries())
      writeFileSync(path.join(story.workspace, `packed-${nth}.log.gz`), gzipSync(text, { level: 1 }));

    const loaded = await loadedFiles(compiledFile('collect-engagement'), async (environment) => {
      await story.run({ ...none, PLUGIN_SOURCE: 'packed-*.gz', ...environment });
    });

    if (availableParallelism() > 1) expect(loaded).toContain('thread.js');
    expect(evidence()).toEqual({ ...plain, source: 'packed-*.gz' });
    expect(plain).toMatchObject({ lines: 27_000, bad_lines: 69 });
  });

  it.skipIf(spawnSync('zstd', ['--version']).status !== 0)(
    'unpacks zstd by the program where that is there, and by itself where it is not (needs zstd)',
    async () => {
      const text = line('/a', '10.0.0.1').repeat(30_000);
      const packed = spawnSync('zstd', ['-q', '-c'], { input: text }).stdout;
      writeFileSync(path.join(story.workspace, 'access.log.zst'), packed);
      writeFileSync(path.join(story.workspace, 'cut.log.zst'), packed.subarray(0, packed.length - 6));
      const none = { PLUGIN_COMMIT: 'none' };

      for (const PATH of [process.env.PATH ?? '', story.workspace]) {
        const whole = await story.run({ ...none, PATH, PLUGIN_SOURCE: 'access.log.zst' });
        const cut = await story.run({ ...none, PATH, PLUGIN_SOURCE: 'cut.log.zst' });

        expect(whole.lines.join('\n')).toContain('30000 page views by 1 visitor');
        expect(cut).toMatchObject({ code: 1 });
        expect(cut.lines.join('\n')).toContain('could not be read to its end');
      }
    },
  );
});
