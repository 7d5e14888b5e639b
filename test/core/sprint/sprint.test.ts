import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { formatFault } from '../../../core/errors.ts';
import { type Entry, inDependencyOrder } from '../../../core/sprint/entry.ts';
import { parseSprint } from '../../../core/sprint/sprint.ts';

function document(
  block: string,
  before = '# Sprint: x\n\n## Vision issues\n- #41 — a goal\n\n## Sub-issues\n\n',
): string {
  return `${before}<!-- filer:begin -->\n${block}\n<!-- filer:end -->\n`;
}

function parse(text: string, file = 'sprints/x.md'): ReturnType<typeof parseSprint> {
  return parseSprint(file, Buffer.from(text, 'utf8'));
}

function entriesOf(text: string): Entry[] {
  const parsed = parse(text);
  if (parsed.kind !== 'sprint') throw new Error(faultsOf(text).join('\n') || parsed.kind);
  return parsed.sprint.entries;
}

function faultsOf(text: string): string[] {
  const parsed = parse(text);
  return parsed.kind === 'faulty' ? parsed.faults.map(formatFault) : [];
}

const one = '- id: a\n  title: A\n  body: text';

describe('a sprint document', () => {
  it('gives the vision and the entries of its filer block', () => {
    const parsed = parse(
      document(
        '- id: a\n  title: First\n  labels: [backlog]\n  body: |\n    ## Goal\n\n    x\n- id: b\n  title: Second\n  depends_on: [a]\n  body: y',
      ),
    );

    expect(parsed).toMatchObject({
      kind: 'sprint',
      sprint: {
        slug: 'x',
        vision: 41,
        entries: [
          {
            id: 'a',
            title: 'First',
            labels: ['backlog'],
            dependsOn: [],
            body: '## Goal\n\nx\n',
            line: 9,
            column: 3,
          },
          { id: 'b', title: 'Second', labels: [], dependsOn: ['a'], body: 'y' },
        ],
      },
    });
  });

  it('without a filer block is nobody’s business', () => {
    expect(parse('# Sprint\n\nno block\n').kind).toBe('no-block');
    expect(parse('# Sprint\n\n```\n<!-- filer:begin -->\n- id: a\n<!-- filer:end -->\n```\n').kind).toBe(
      'no-block',
    );
  });

  const real = new URL('../../../../shared/ops-repo/sprints/edge-subpath-chat.md', import.meta.url);
  it.skipIf(!existsSync(real))('as a real ops repo has it gives four entries in order', () => {
    const parsed = parseSprint('sprints/edge-subpath-chat.md', readFileSync(real));

    expect(parsed).toMatchObject({ kind: 'sprint', sprint: { vision: 623 } });
    expect(parsed.kind === 'sprint' && inDependencyOrder(parsed.sprint.entries).map(({ id }) => id)).toEqual([
      'subpath-routing-smoke-test',
      'websocket-streaming-chat',
      'chat-working-dir-scoping',
      'subpath-fallback-automation',
    ]);
  });
});

describe('titles and bodies that look like something else', () => {
  it('keeps a title that looks like JSON as it is', () => {
    const [entry] = entriesOf(document(`- id: a\n  title: 'x","labels":[],"id":"evil'\n  body: b`));

    expect(entry).toMatchObject({ id: 'a', labels: [], title: 'x","labels":[],"id":"evil' });
  });

  it('keeps markers, comment ends, fences, tabs and emoji inside a body', () => {
    const body =
      '<!-- filer:begin -->\n<!-- filer:end -->\n-->\n```\n- id: evil\n```\n\ta tab\n🙂\n\n\nend\n';
    const indented = body
      .split('\n')
      .map((line) => (line === '' ? '' : `    ${line}`))
      .join('\n');

    const [entry] = entriesOf(document(`- id: a\n  title: A\n  body: |\n${indented}`));

    expect(entry?.body).toBe(body);
  });

  it('reads CRLF as LF, and a body of 60 kB whole', () => {
    const long = 'line of text\n'.repeat(5000);
    const text = document(
      `- id: a\n  title: A\n  body: |\n${long
        .split('\n')
        .map((line) => `    ${line}`)
        .join('\n')}`,
    );

    const [entry] = entriesOf(text.replaceAll('\n', '\r\n'));

    expect(entry?.body).toBe(long);
  });

  it('refuses NUL and invalid UTF-8 with line and column', () => {
    expect(faultsOf(document('- id: a\n  title: A\n  body: a\u0000b'))).toEqual([
      'sprints/x.md:11:10: a control character (U+0000): remove it',
    ]);
    const parsed = parseSprint(
      'sprints/x.md',
      Buffer.concat([Buffer.from(document(one)), Buffer.from([0xff])]),
    );
    expect(parsed.kind === 'faulty' && parsed.faults.map(formatFault)).toEqual([
      'sprints/x.md:13:1: not valid UTF-8: save the document as UTF-8',
    ]);
  });

  it('refuses what YAML escapes would smuggle in: NUL, newline in a title, half a character', () => {
    expect(faultsOf(document('- id: a\n  title: A\n  body: "a\\0b"')).join()).toContain(
      'body: expected a body without control characters',
    );
    expect(faultsOf(document('- id: a\n  title: "A\\nB"\n  body: b')).join()).toContain(
      'title: expected a title on one line',
    );
    expect(faultsOf(document('- id: a\n  title: A\n  body: "\\ud800"')).join()).toContain('lone surrogate');
  });

  it('gives back any body byte for byte that YAML can hold', () => {
    const text = fc
      .string({ unit: 'grapheme', maxLength: 200 })
      .filter(
        (body) =>
          !/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufeff\ufffd\ufffe\uffff\u2028\u2029]/.test(body) &&
          body.isWellFormed(),
      );
    fc.assert(
      fc.property(text, text, (title, body) => {
        fc.pre(title.trim() !== '' && Buffer.byteLength(title) < 255);
        const block = stringify([{ id: 'a', title, body }], { version: '1.2' });

        const [entry] = entriesOf(document(block));

        expect(entry?.body).toBe(body);
        expect(entry?.title).toBe(title.trim());
      }),
    );
  });
});

describe('the shapes YAML allows', () => {
  it.each([
    ['an indented list', '  - id: a\n    title: A\n    body: text'],
    ['title before id', '- title: A\n  id: a\n  body: text'],
    ['a quoted id', '- id: "a"\n  title: A\n  body: text'],
    ['comments', '# first\n- id: a # the id\n  title: A\n  body: text # not part of it'],
    [
      'anchors and aliases',
      '- id: a\n  title: &t A\n  labels: &l [x]\n  body: text\n- id: b\n  title: *t\n  labels: *l\n  body: text',
    ],
    ['a flow mapping', '- {id: a, title: A, body: text}'],
    ['block-style labels', '- id: a\n  title: A\n  labels:\n    - x\n    - y\n  body: text'],
    ['empty lists', '- id: a\n  title: A\n  labels:\n  depends_on:\n  body: text'],
  ])('reads %s', (_, block) => {
    expect(entriesOf(document(block))[0]).toMatchObject({ id: 'a', title: 'A', body: 'text' });
  });

  it('folds `body: >` and reads a file without a last newline', () => {
    expect(entriesOf(document('- id: a\n  title: A\n  body: >\n    one\n    two').trimEnd())[0]?.body).toBe(
      'one two\n',
    );
  });

  it.each([
    ['two filer blocks', `${document(one)}\n${document(one, '')}`, 'sprints/x.md:14:1: a second filer block'],
    [
      'begin without end',
      document(one).replace('<!-- filer:end -->', ''),
      'sprints/x.md:8:1: <!-- filer:begin --> without <!-- filer:end -->',
    ],
    [
      'a block behind a fence that never ends',
      `\`\`\`\n${document(one)}`,
      'sprints/x.md:1:1: this code fence never ends',
    ],
    [
      'a marker that is almost one',
      document(one).replace('<!-- filer:begin -->', '<!-- filer: begin -->'),
      'sprints/x.md:8:1: almost a marker',
    ],
    [
      'an indented marker',
      document(one).replace('<!-- filer:begin -->', '  <!-- filer:begin -->'),
      'sprints/x.md:8:1: almost a marker',
    ],
    ['end without begin', '<!-- filer:end -->\n', 'sprints/x.md:1:1: <!-- filer:end --> without'],
    [
      'a begin inside a block',
      document(`<!-- filer:begin -->\n${one}`),
      'sprints/x.md:9:1: a second <!-- filer:begin -->',
    ],
    ['no list', document('id: a'), 'sprints/x.md:9:1: expected a list'],
    ['a tab as indentation', document('- id: a\n\ttitle: A'), 'sprints/x.md:10:'],
    [
      'a duplicate key',
      document('- id: a\n  id: b\n  title: A\n  body: x'),
      'sprints/x.md:10:3: not YAML 1.2: Map keys must be unique',
    ],
    [
      'an unknown field',
      document('- id: a\n  title: A\n  boddy: x\n  body: x'),
      'sprints/x.md:11:3: unknown field "boddy"',
    ],
    ['a missing field', document('- id: a\n  title: A'), 'sprints/x.md:9:3: body is missing'],
    [
      'a number as id',
      document('- id: 7\n  title: A\n  body: x'),
      'id is a number to YAML: write it in quotes',
    ],
    ['a tag', document('- id: a\n  title: !!js/function A\n  body: x'), 'sprints/x.md:10:'],
    ['a second YAML document', document(`${one}\n---\n${one}`), 'a second YAML document'],
    [
      'an id with odd characters',
      document('- id: "a, id: b -->"\n  title: A\n  body: x'),
      'id: expected letters, digits',
    ],
    ['__proto__ as a key', document('- id: a\n  title: A\n  body: x\n  __proto__: {}'), '__proto__'],
  ])('refuses %s with its line', (_, text, message) => {
    expect(faultsOf(text).join('\n')).toContain(message);
  });

  it('refuses aliases that explode', () => {
    const bomb = [
      '- id: a',
      '  title: A',
      '  body: x',
      '  x0: &x0 [1,1,1,1,1,1,1,1,1]',
      ...Array.from(
        { length: 8 },
        (_, n) => `  x${n + 1}: &x${n + 1} [${Array.from({ length: 9 }, () => `*x${n}`).join(',')}]`,
      ),
    ].join('\n');

    expect(faultsOf(document(bomb)).join()).toContain('aliases cannot be followed');
  });

  it('takes constructor and other names of Node for ordinary ids', () => {
    const ids = ['constructor', 'toString', 'hasOwnProperty'];

    expect(
      entriesOf(document(ids.map((id) => `- id: ${id}\n  title: A\n  body: x`).join('\n'))).map(
        ({ id }) => id,
      ),
    ).toEqual(ids);
  });
});

describe('dependencies', () => {
  it.each([
    ['an unknown id', '- id: a\n  title: A\n  depends_on: [nope]\n  body: x', 'no entry has the id "nope"'],
    ['itself', '- id: a\n  title: A\n  depends_on: [a]\n  body: x', 'cannot depend on itself'],
    [
      'a circle',
      '- id: a\n  title: A\n  depends_on: [b]\n  body: x\n- id: b\n  title: B\n  depends_on: [a]\n  body: x',
      'depends_on goes in a circle: a, b',
    ],
    ['a duplicate id', `${one}\n${one}`, 'the id "a" is taken by the entry of line 9'],
  ])('refuses %s', (_, block, message) => {
    expect(faultsOf(document(block)).join()).toContain(message);
  });

  it('orders entries after what they depend on, and otherwise as the document has them', () => {
    const entries = entriesOf(
      document(
        '- {id: c, title: C, depends_on: [b], body: x}\n- {id: a, title: A, body: x}\n- {id: b, title: B, depends_on: [a], body: x}',
      ),
    );

    expect(inDependencyOrder(entries).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });
});

describe('the vision', () => {
  it.each([
    ['no section', document(one, '# Sprint\n\n'), 'there is no section "## Vision issues"'],
    ['no bullet', document(one, '## Vision issues\n\nthe colour #123456\n\n'), 'no vision is named'],
    ['two bullets', document(one, '## Vision issues\n- #41 — a\n- #419 — b\n\n'), 'a second vision'],
    ['a bullet in a fence', document(one, '## Vision issues\n```\n- #41\n```\n\n'), 'no vision is named'],
    ['a colour as the bullet', document(one, '## Vision issues\n- #12ab56 — a\n\n'), 'no vision is named'],
    ['issue zero', document(one, '## Vision issues\n- #0 — a\n\n'), 'there is no issue #0'],
    [
      'a number beyond 2^53',
      document(one, '## Vision issues\n- #99999999999999999999 — a\n\n'),
      'no vision is named',
    ],
  ])('is refused with %s', (_, text, message) => {
    expect(faultsOf(text).join()).toContain(message);
  });

  it('is only what the section says', () => {
    const parsed = parse(
      document(one, 'see #7\n\n## Vision issues\n- #41 — like #9 but better\n\n## Later\n- #12 — other\n\n'),
    );

    expect(parsed).toMatchObject({ kind: 'sprint', sprint: { vision: 41 } });
  });
});

describe('titles the forge would cut or break', () => {
  it('counts bytes as the forge does, after trimming', () => {
    const exactly = 'é'.repeat(127);

    expect(entriesOf(document(`- id: a\n  title: "  ${exactly}  "\n  body: x`))[0]?.title).toBe(exactly);
    expect(faultsOf(document(`- id: a\n  title: "${'é'.repeat(128)}"\n  body: x`)).join()).toContain(
      'at most 255 bytes',
    );
  });
});

describe('a document that is too large', () => {
  it('is refused, and its vision is not closed meanwhile', () => {
    const parsed = parse(document(one) + 'x'.repeat(1024 * 1024));

    expect(parsed).toMatchObject({ kind: 'faulty', visions: [41] });
    expect(parsed.kind === 'faulty' && parsed.faults.map(formatFault)).toEqual([
      expect.stringMatching(/^sprints\/x.md: the document has \d+ bytes; at most 1048576 are read$/),
    ]);
  });
});

describe('long input', () => {
  it('does not slow down more than in proportion', () => {
    const hostile = [
      `${'#'.repeat(100_000)} x`,
      `- ${' '.repeat(100_000)}#1`,
      '`'.repeat(100_000),
      `<!-- ${'-'.repeat(100_000)}`,
    ].join('\n');

    expect(parse(document(one, `${hostile}\n\n## Vision issues\n- #41\n\n`)).kind).toBe('faulty');
  });
});
