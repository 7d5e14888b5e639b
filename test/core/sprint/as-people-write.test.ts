import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { formatFault } from '../../../core/errors.ts';
import { parseSprint } from '../../../core/sprint/sprint.ts';
import { inert } from '../../../core/text/inert.ts';
import { cpuMs } from '../../cpu.ts';
import { fuzzRuns } from '../../thorough.ts';

// Sprint documents as editors, formatters and habits from Markdown leave them. Each has one fault, at the place of its
// cause, with what to do; and what only looks like it is read.

const before = '# Sprint: x\n\n## Vision issues\n- #41 — a goal\n\n';
const begin = '<!-- filer:begin -->';
const end = '<!-- filer:end -->';
const entry = '- id: a\n  title: A title\n  labels: [backlog]\n  body: |\n    text\n';

function document(block: string, [first, last] = [begin, end]): string {
  return `${before}${first}\n${block}${last}\n`;
}

function parse(text: string): ReturnType<typeof parseSprint> {
  return parseSprint('x.md', Buffer.from(text, 'utf8'));
}

function faultsOf(text: string): string[] {
  const parsed = parse(text);
  return parsed.kind === 'faulty' ? parsed.faults.map(formatFault) : [];
}

function bodyOf(text: string): string | undefined {
  const parsed = parse(text);
  return parsed.kind === 'sprint' ? parsed.sprint.entries[0]?.body : undefined;
}

describe('a marker in other dress is a fault, and nothing is left unfiled in silence', () => {
  it.each<[string, string, string]>([
    ['- ', '- ', 'it is in a list'],
    ['1. ', '2. ', 'it is in a list'],
    ['> ', '> ', 'it is in a quote'],
    ['    ', '    ', 'it is indented'],
    ['\t', '\t', 'it is indented'],
    ['\u00a0', '\u00a0', 'it is indented'],
    ['\u200b', '\u200b', 'it is written in another way'],
  ])('with %j before it', (first, last, dress) => {
    expect(faultsOf(document(entry, [first + begin, last + end]))).toEqual([
      `x.md:6:1: almost a marker (${dress}): write ${begin} or ${end}, alone on its line and at its very start; the same in line 12`,
    ]);
  });

  it.each<[string, string, string]>([
    ['<!– filer:begin –>', '<!– filer:end –>', 'its hyphens became dashes'],
    ['<!— filer:begin —>', '<!— filer:end —>', 'its hyphens became dashes'],
    ['<!-– filer:begin -–>', '<!-– filer:end -–>', 'its hyphens became dashes'],
    ['\\<!-- filer:begin --\\>', '\\<!-- filer:end --\\>', 'it is escaped'],
    ['<!-- filer\\:begin -->', '<!-- filer\\:end -->', 'it is escaped'],
    ['&lt;!-- filer:begin --&gt;', '&lt;!-- filer:end --&gt;', 'it is escaped'],
    ['`<!-- filer:begin -->`', '`<!-- filer:end -->`', 'it is marked as code'],
    ['**<!-- filer:begin -->**', '**<!-- filer:end -->**', 'it is written in another way'],
    ['<!--filer:begin-->', '<!--filer:end-->', 'it is written in another way'],
    ['<!-- Filer:Begin -->', '<!-- Filer:End -->', 'it is written in another way'],
    ['<!-- filer：begin -->', '<!-- filer：end -->', 'it is written in another way'],
    ['<!-- filer-begin -->', '<!-- filer-end -->', 'it is written in another way'],
    ['filer:begin', 'filer:end', 'it is written in another way'],
    ['| <!-- filer:begin --> |', '| <!-- filer:end --> |', 'it is written in another way'],
  ])('as %s', (first, last, dress) => {
    expect(faultsOf(document(entry, [first, last]))).toEqual([
      `x.md:6:1: almost a marker (${dress}): write ${begin} or ${end}, alone on its line and at its very start; the same in line 12`,
    ]);
  });

  it('where only one of the two is dressed up, as its place and nothing else', () => {
    expect(faultsOf(document(entry, [`- ${begin}`, end]))).toEqual([
      expect.stringContaining('x.md:6:1: almost a marker (it is in a list)'),
    ]);
    expect(faultsOf(document(entry, [begin, `- ${end}`]))).toEqual([
      expect.stringContaining('x.md:12:1: almost a marker (it is in a list)'),
    ]);
  });

  it('with an entry on its line', () => {
    expect(faultsOf(`${before}${begin} - id: a\n  title: A\n${end}\n`)).toEqual([
      expect.stringContaining(
        'x.md:6:1: almost a marker (something else is on its line, as formatters do it)',
      ),
    ]);
  });

  it('but not where a role of ours has made it harmless before it wrote it', () => {
    expect(parse(`${before}Q1: ${inert(`One ${begin} later?`)}\n`).kind).toBe('no-block');
  });

  it('but not where a text tells of it as code, inside a fence, or in a body', () => {
    expect(parse(`${before}Entries stand between \`${begin}\` and \`${end}\`.\n`).kind).toBe('no-block');
    expect(parse(`${before}\`\`\`\n- ${begin}\n\`\`\`\n`).kind).toBe('no-block');
    expect(bodyOf(document(`- id: a\n  title: A\n  body: |\n    - ${begin}\n    - ${end}\n`))).toBe(
      `- ${begin}\n- ${end}\n`,
    );
  });
});

describe('text behind a number sign that YAML takes for a comment is a fault at the sign', () => {
  const lost = (lines: string): string[] => faultsOf(document(`- id: a\n${lines}`));

  it.each<[string, string, string]>([
    [
      'in a title',
      '  title: Finish the work of #12 and ship it\n  body: x\n',
      'x.md:8:29: "#12 and ship it" is a comment to YAML, so title ends before it: put the value in quotes',
    ],
    [
      'that is the whole title',
      '  title: #12 x\n  body: x\n',
      'x.md:8:10: "#12 x" is a comment to YAML, so title ends before it: put the value in quotes',
    ],
    [
      'with a blank behind it, in a title',
      '  title: Learn C # and more\n  body: x\n',
      'x.md:8:18: "# and more" is a comment to YAML, so title ends before it: put the value in quotes',
    ],
    [
      'in a body',
      '  title: A\n  body: as in #7\n',
      'x.md:9:15: "#7" is a comment to YAML, so body ends before it: put the value in quotes, or write it as `body: |`',
    ],
    [
      'in a list on one line',
      '  title: A\n  labels: [backlog, #urgent]\n  body: x\n',
      'x.md:9:21: "#urgent]" is a comment to YAML, so labels ends before it: put the value in quotes',
    ],
    [
      'that is a whole label',
      '  title: A\n  labels: #urgent\n  body: x\n',
      'x.md:9:11: "#urgent" is a comment to YAML, so labels ends before it: put the value in quotes',
    ],
    [
      'that is an item of a list',
      '  title: A\n  labels:\n    - #urgent\n  body: x\n',
      'x.md:10:7: "#urgent" is a comment to YAML: put the value in quotes',
    ],
    [
      'that is a heading below a body',
      '  title: A\n  body: First\n    # Head\n',
      'x.md:10:5: "# Head" is a comment to YAML, so body ends before it: a body over several lines needs `body: |`, and its lines below, indented',
    ],
  ])('%s', (_, lines, fault) => {
    expect(lost(lines)).toEqual([fault]);
  });

  it.each([
    ['quoted', '  title: "Mend #12"\n  body: "#7"\n'],
    ['without a blank before it', '  title: C#12 and F#\n  body: x#y\n'],
    ['in a literal body', '  title: A\n  body: |\n    # Head\n    see #12\n'],
    ['as a comment that is meant', '  title: A  # why\n  labels: [x] # why\n  body: x # why\n# TODO\n'],
    ['as a comment above a title', '  # the title\n  title: A\n  #depends_on: [b]\n  body: x\n'],
  ])('and none %s', (_, lines) => {
    expect(lost(lines)).toEqual([]);
  });
});

describe('a body over several lines that YAML folds', () => {
  it.each([
    ['a list', '  body: First line\n    - [ ] one\n    - [ ] two\n'],
    ['a list and a heading', '  body: First line\n    - [ ] one\n\n    ## Head\n\n'],
    ['two lines', '  body: First line\n    second line\n'],
    ['two paragraphs', '  body: First paragraph.\n\n    Second paragraph.\n'],
    ['a list in quotes', '  body: "Do:\n    - one\n    - two"\n'],
    ['a list below the key', '  body:\n    First line\n    - one\n'],
    ['a list that is folded on purpose', '  body: >\n    - one\n    - two\n'],
    ['a heading that is folded on purpose', '  body: >-\n    ## Head\n    text\n'],
  ])('is a fault at its key: %s', (_, body) => {
    expect(faultsOf(document(`- id: a\n  title: A\n${body}`))[0]).toMatch(
      /^x\.md:(9:3|12:5|11:5): .*a body over several lines needs `body: \|`, and its lines below, indented$/,
    );
    expect(faultsOf(document(`- id: a\n  title: A\n${body}`))).toHaveLength(1);
  });

  it('is read where a machine wrapped long lines, or prose is folded on purpose', () => {
    const prose = 'word '.repeat(60).trim();

    for (const body of [prose, `${prose} "quoted": ${prose}`, `${prose}\n\n- one\n- two\n\n${prose}\n`]) {
      const block = stringify([{ id: 'a', title: 'A', body }], { version: '1.2' });
      expect(bodyOf(document(block))).toBe(body);
    }
    expect(bodyOf(document('- id: a\n  title: A\n  body: >\n    one\n    two\n'))).toBe('one two\n');
  });

  it('is never one of those that a YAML library writes', () => {
    const words = fc.array(
      fc.constantFrom('a', 'word', 'longer-word', '"x"', "it's", 'a:b', 'x #y', '- ', '  '),
      {
        maxLength: 80,
      },
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 3 }), (lines) => {
        const body = `${lines.map((line) => line.join(' ')).join('\n')}.`;
        const block = stringify([{ id: 'a', title: 'A', body }], { version: '1.2' });

        expect(bodyOf(document(block))).toBe(body);
      }),
      { numRuns: fuzzRuns(5) },
    );
  });
});

describe('what YAML does not take for what it looks like is named at its place', () => {
  it.each<[string, string, string]>([
    [
      'a no-break space behind a hyphen',
      entry.replace('- id', '-\u00a0id'),
      'x.md:7:2: a no-break space (U+00A0): write a plain space',
    ],
    [
      'one before a name',
      entry.replace('  title', ' \u00a0title'),
      'x.md:8:2: a no-break space (U+00A0): write a plain space',
    ],
    [
      'one behind a colon',
      entry.replace('title: ', 'title:\u00a0'),
      'x.md:8:9: a no-break space (U+00A0): write a plain space',
    ],
    [
      'an ideographic space',
      entry.replace('  labels', '\u3000labels'),
      'x.md:9:1: a space of another width (U+3000): write a plain space',
    ],
    [
      'an invisible character',
      entry.replace('title', '\u200btitle'),
      'x.md:8:3: an invisible character (U+200B): write nothing',
    ],
    [
      'a colon of another width',
      entry.replace('title: ', 'title：'),
      'x.md:8:8: a colon of another width (U+FF1A): write :',
    ],
    [
      'a dash for a hyphen',
      entry.replace('- id', '– id'),
      'x.md:7:1: a dash that is no hyphen (U+2013): write -',
    ],
    [
      'a tab before a name',
      entry.replace('  title', '\ttitle'),
      'x.md:8:1: a tab (U+0009): YAML is indented with spaces',
    ],
    [
      'a tab before a body',
      entry.replace('    text', '\ttext'),
      'x.md:11:1: a tab (U+0009): YAML is indented with spaces',
    ],
    [
      'an HTML comment',
      `<!-- the first -->\n${entry}`,
      'x.md:7:1: an HTML comment inside the block, which is YAML: take it out, or begin the line with #',
    ],
    [
      'an HTML comment between entries',
      `${entry}<!-- next -->\n${entry.replace('id: a', 'id: b')}`,
      'x.md:12:1: an HTML comment inside the block',
    ],
    [
      'a code fence',
      `\`\`\`yaml\n${entry}\`\`\`\n`,
      'x.md:7:1: a code fence inside the block: take it out, the two markers are all the block needs; the same in 1 more line of the block',
    ],
    ['a fence of tildes', `~~~\n${entry}~~~\n`, 'x.md:7:1: a code fence inside the block'],
  ])('%s', (_, block, fault) => {
    expect(faultsOf(document(block))).toEqual([expect.stringContaining(fault)]);
  });

  it('a no-break space in each line, once', () => {
    expect(faultsOf(document(entry.replaceAll('  ', '\u00a0\u00a0')))).toEqual([
      'x.md:8:1: a no-break space (U+00A0): write a plain space; the same in 3 more lines of the block',
    ]);
  });

  it('and all of these are read where they are text', () => {
    const body = '\u00a0x\n\ttab\n<!-- y -->\n```\n– z\n';
    const indented = body.replace(/^(?=.)/gm, '    ');
    expect(bodyOf(document(`- id: a\n  title: "A\u00a0title – “so”"\n  body: |\n${indented}`))).toBe(body);
  });
});

describe('a block that a formatter rewrapped', () => {
  const hint =
    'put the line <!-- prettier-ignore-start --> above <!-- filer:begin --> and the line <!-- prettier-ignore-end --> below <!-- filer:end -->';

  it.each<[string, string, string]>([
    [
      'with every line of an entry in one',
      '\n- id: a title: ok labels: [backlog] body: | text\n\n',
      'x.md:8:1: ',
    ],
    [
      'wrapped at a width',
      '\n- id: a title: ok_title _x_ [1] labels: [backlog] depends_on: [] body: | First\n  line of the body\n\n',
      'x.md:8:1: ',
    ],
    [
      'with bodies that lost their indentation',
      '\n- id: a\n  title: ok\n  labels: [backlog]\n  body: |\n  First line\n\n  ## Head\n  - [ ] one\n\n',
      'x.md:11:3: ',
    ],
    ['with asterisks for hyphens', '\n* id: a\n  title: ok\n  body: |\n    text\n\n', 'x.md:8:1: '],
    ['with escaped brackets', '- id: a\n  title: ok\n  labels: \\[backlog]\n  body: x\n', 'x.md:9:3: '],
  ])('is told so once, with what to put around it: %s', (_, block, place) => {
    const faults = faultsOf(document(block));

    expect(faults).toEqual([expect.stringContaining(hint)]);
    expect(faults[0]).toContain(place);
  });

  it.each<[string, string, string]>([
    ['around the markers', '<!-- prettier-ignore-start -->\n\n', '\n<!-- prettier-ignore-end -->\n'],
    [
      'around the markers, without blank lines',
      '<!-- prettier-ignore-start -->\n',
      '<!-- prettier-ignore-end -->\n',
    ],
    ['for another formatter', '<!-- dprint-ignore-start -->\n', '<!-- dprint-ignore-end -->\n'],
  ])('is read with that %s', (_, above, below) => {
    expect(bodyOf(`${before}${above}${begin}\n${entry}${end}\n${below}`)).toBe('text\n');
  });

  it.each([
    ['before the first entry', `<!-- prettier-ignore -->\n${entry}`],
    ['on both sides', `\n<!-- prettier-ignore-start -->\n\n${entry}\n<!-- prettier-ignore-end -->\n`],
    ['for a linter', `<!-- markdownlint-disable MD013 -->\n${entry}`],
  ])('is read with that inside the markers, %s', (_, block) => {
    expect(bodyOf(document(block))).toMatch(/^text\n+$/);
    expect(faultsOf(document(block))).toEqual([]);
  });

  it('is read where the formatter only added blank lines, and escaped the number of the vision', () => {
    const text = `# Sprint: x\n\n## Vision issues\n\n* \\#41 — a goal\n\n${begin}\n\n${entry}\n${end}\n`;

    expect(parse(text)).toMatchObject({
      kind: 'sprint',
      sprint: { vision: 41, entries: [{ body: 'text\n' }] },
    });
  });

  it('but a block that is wrong in another way is not', () => {
    expect(faultsOf(document('- id: a\n  title: A\n  labels: x\n  body: y\n'))).toEqual([
      'x.md:9:3: labels: expected a list',
    ]);
    expect(faultsOf(document('- id: "a, title: b"\n  title: A\n  body: y\n')).join()).toContain(
      'id: expected letters, digits',
    );
  });
});

describe('a document that is made to hurt is refused at once', () => {
  const many = (count: number, line: (n: number) => string): string =>
    Array.from({ length: count }, (_, n) => line(n)).join('');

  it.each<[string, string, string]>([
    ['keys in keys', `${'? '.repeat(700)}\n`, 'things inside each other more than 24 deep'],
    ['lists in lists', `${'['.repeat(200_000)}\n`, 'things inside each other more than 24 deep'],
    ['items in items', `${'- '.repeat(200_000)}\n`, 'things inside each other more than 24 deep'],
    [
      'deeper and deeper',
      many(500, (n) => `${' '.repeat(n)}a:\n`),
      'things inside each other more than 24 deep',
    ],
    ['keys without end', many(15_000, (n) => `k${n}: 1\n`), 'more than 60000 pieces'],
    ['comments without end', '#\n'.repeat(300_000), 'more than 20000 lines'],
    ['documents without end', '---\n'.repeat(15_000), 'a second YAML document'],
    ['aliases without end', `- &a x\n${'- *a\n'.repeat(15_000)}`, 'aliases'],
    ['faults without end', 'a # b\n'.repeat(10_000), 'not YAML 1.2'],
    ['lost text without end', 'a #b\n'.repeat(10_000), 'is a comment to YAML'],
    [
      'labels without end',
      `- id: a\n  title: A\n  labels: [${'x,'.repeat(20_000)}]\n  body: x\n`,
      'labels: expected at most 50',
    ],
    [
      'dependencies that are not there',
      `- id: a\n  title: A\n  depends_on: [${many(400, (n) => `n${n},`)}]\n  body: x\n`,
      'no entry has the id "n0"',
    ],
    ['numbers of no vision', `${'#1'.repeat(200_000)}\n`, ''],
  ])('%s', (_, block, message) => {
    const began = cpuMs();
    const faults = faultsOf(document(block));

    expect(faults.join('\n')).toContain(message);
    expect(faults.length).toBeLessThanOrEqual(21);
    expect(cpuMs() - began).toBeLessThan(1500);
  });

  it('says how many faults there are beyond the first twenty', () => {
    const faults = faultsOf(document(many(40, (n) => `- id: e${n}\n  title: A\n`)));

    expect(faults).toHaveLength(21);
    expect(faults[20]).toBe('x.md: and 20 more faults: mend the ones above first');
  });

  it('and one in UTF-16 is named, and its vision stays open', () => {
    const little = parseSprint('x.md', Buffer.from(`\ufeff${document(entry)}`, 'utf16le'));
    const big = parseSprint('x.md', Buffer.from(`\ufeff${document(entry)}`, 'utf16le').swap16());

    for (const parsed of [little, big])
      expect(parsed).toEqual({
        kind: 'faulty',
        file: 'x.md',
        faults: [{ file: 'x.md', line: 0, column: 0, message: 'the document is UTF-16: save it as UTF-8' }],
        visions: [41],
      });
  });
});

const cases = fileURLToPath(new URL('../../../../shared/field-cases/documents', import.meta.url));

describe.skipIf(!existsSync(cases))('documents from the field', () => {
  const wanted: Record<string, string> = {
    'folded-body.md': 'a body over several lines needs `body: |`',
    'hash-in-title.md': 'is a comment to YAML',
    'marker-in-list.md': 'almost a marker (it is in a list)',
    'marker-smart-dash.md': 'almost a marker (its hyphens became dashes)',
    'nbsp.md': 'a no-break space (U+00A0)',
  };
  const files = existsSync(cases) ? readdirSync(cases).filter((name) => name.endsWith('.md')) : [];

  it.each(files)('%s has one fault, which names its cause', (name) => {
    const parsed = parseSprint(name, readFileSync(path.join(cases, name)));

    expect(parsed.kind === 'faulty' && parsed.faults.map(formatFault)).toEqual([
      expect.stringContaining(wanted[name] ?? 'no such case is known'),
    ]);
  });
});
