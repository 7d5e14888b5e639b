import { createRequire } from 'node:module';
import { type Node, Parser } from 'commonmark';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Fence, fenceAfter } from '../../../core/text/fences.ts';
import { cpuMs } from '../../cpu.ts';

const { tests: examples } = createRequire(import.meta.url)('commonmark-spec') as {
  tests: { markdown: string; section: string; number: number }[];
};

/** Which lines are fenced code, fences included, as our automaton has it; from 1. */
function fencedLines(markdown: string): number[] {
  let open: Fence | undefined;
  return linesOf(markdown).flatMap((line, index) => {
    const before = open;
    open = fenceAfter(open, line);
    return before !== undefined || open !== undefined ? [index + 1] : [];
  });
}

/** A line end at the very end of a document begins no further line. */
function linesOf(markdown: string): string[] {
  return markdown.replace(/\n$/, '').split('\n');
}

function blocksOf(markdown: string): Node[] {
  const blocks: Node[] = [];
  const walker = new Parser().parse(markdown).walker();
  for (let step = walker.next(); step !== null; step = walker.next())
    if (step.entering) blocks.push(step.node);
  return blocks;
}

/** The same, as CommonMark's reference implementation has it. Only of a fenced block it knows an info string, if only an empty one. */
function fencedByReference(markdown: string): number[] {
  return blocksOf(markdown)
    .filter(({ type, info }) => type === 'code_block' && info !== null)
    .flatMap(({ sourcepos: [[from], [to]] }) =>
      Array.from({ length: to - from + 1 }, (_, nth) => from + nth),
    );
}

/** What the automaton says of itself that it does not know. */
const unknown = ['block_quote', 'list', 'html_block'];

describe('code fences are where CommonMark has them', () => {
  const known = examples.filter(
    ({ markdown }) => !blocksOf(markdown).some(({ type }) => unknown.includes(type)),
  );

  it.each(
    known
      .filter(({ section }) => section === 'Fenced code blocks')
      .map(({ number, markdown }) => [number, markdown] as const),
  )('in example %i of its chapter on them', (_, markdown) => {
    expect(fencedLines(markdown)).toEqual(fencedByReference(markdown));
  });

  it('in every example of the specification without a list, a quote or HTML', () => {
    const wrong = known.filter(
      ({ markdown }) => String(fencedLines(markdown)) !== String(fencedByReference(markdown)),
    );

    expect(wrong).toEqual([]);
    expect(known.length).toBeGreaterThan(400);
  });

  it('in any lines of marks and text', () => {
    // No piece can begin a list, a quote or HTML.
    const piece = fc.constantFrom(
      ...['`', '```', '````', '~', '~~~', '~~~~~', ' ', '  ', '   ', '    ', '\t'],
      ...['a', 'sh', '#', '=', '[a]: /b', '\\', '&', '*', '\u00a0', '\u3000', '\u2060', '\f', '\u{1f642}'],
    );
    // A star begins a list where a line begins.
    const line = fc
      .array(piece, { maxLength: 6 })
      .map((pieces) => pieces.join('').replace(/^(\s*)\*/, '$1a'));
    let fenced = 0;

    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 12 }), (lines) => {
        const markdown = lines.join('\n');
        const ours = fencedLines(markdown);
        fenced += ours.length;

        expect(ours).toEqual(fencedByReference(markdown));
      }),
      { numRuns: 5000 },
    );
    expect(fenced).toBeGreaterThan(5000);
  });
});

it('a line separator of Unicode ends no line, so it hides no backtick of an info string', () => {
  expect(fencedLines('```\u2028`\ntext')).toEqual([]);
  expect(fencedLines('```\u2028a\ncode\n```\ntext')).toEqual([1, 2, 3]);
});

it('a long row of marks takes time in proportion to its length', () => {
  const began = cpuMs();

  fencedLines(
    `${'`'.repeat(1_000_000)} ${'`'.repeat(1_000_000)}\n${'~'.repeat(1_000_000)}${'\t'.repeat(1_000_000)}x`,
  );

  expect(cpuMs() - began).toBeLessThan(2000);
});
