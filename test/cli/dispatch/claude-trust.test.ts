import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addClaudeTrust, removeClaudeTrust, type TrustSeams } from '../../../cli/dispatch/claude-trust.ts';
import { withoutTrust, withTrust } from '../../../cli/dispatch/claude-trust-text.ts';
import { fuzzRuns } from '../../thorough.ts';

const worktree = '/work/trees/12-mend';

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-trust-'));
  file = path.join(folder, '.claude.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Time passes at once; `reads` says what the file holds from the read of that number on. */
function seams(reads: Record<number, string> = {}): TrustSeams {
  let count = 0;
  return {
    read: (name) => {
      count += 1;
      const other = reads[count];
      if (other !== undefined) writeFileSync(name, other);
      return readFileSync(name);
    },
    pause: async () => undefined,
    now: Date.now,
  };
}

const text = (): string => readFileSync(file, 'utf8');

describe('the trust of a folder in a text', () => {
  it('is added as the text is set, and nothing else is changed', () => {
    const before = `{\n  "userID": "x",\n  "big": 12345678901234567890.10,\n  "a": 1, "a": 2,\n  "projects": {\n    "/one": {\n      "history": ["}", "\\"{"]\n    }\n  },\n  "last": null\n}\n`;

    expect(withTrust(before, worktree)).toEqual({
      kind: 'changed',
      text: before.replace(
        ']\n    }\n  }',
        `]\n    },\n    "${worktree}": {"hasTrustDialogAccepted":true}\n  }`,
      ),
    });
  });

  it.each([
    ['{}', `{"projects": {"${worktree}":{"hasTrustDialogAccepted":true}}}`],
    ['{"projects": { } }', `{"projects": {"${worktree}": {"hasTrustDialogAccepted":true}} }`],
    [
      `{"projects":{"${worktree}":{"allowedTools":[],"hasTrustDialogAccepted":false,"x":1}}}`,
      `{"projects":{"${worktree}":{"allowedTools":[],"hasTrustDialogAccepted":true,"x":1}}}`,
    ],
    [
      `{"projects":{"\\/work\\/trees\\/12-mend":{"x":1}}}`,
      `{"projects":{"\\/work\\/trees\\/12-mend":{"x":1,"hasTrustDialogAccepted": true}}}`,
    ],
  ])('%s becomes %s', (before, after) => {
    expect(withTrust(before, worktree)).toEqual({ kind: 'changed', text: after });
    expect(withTrust(after, worktree)).toEqual({ kind: 'same' });
  });

  it.each([
    ['', 'it is no JSON'],
    ['{"projects": {', 'it is no JSON'],
    ['[]', 'it is no object'],
    ['"projects"', 'it is no object'],
    ['{"projects": []}', '"projects" is no object'],
    ['{"projects": {}, "projects": {}}', '"projects" stands twice'],
    [`{"projects": {"${worktree}": 1}}`, 'what it says of the folder is no object'],
    [`{"projects": {"${worktree}": {}, "${worktree}": {}}}`, 'the folder stands twice'],
    [
      `{"projects": {"${worktree}": {"hasTrustDialogAccepted": 1, "hasTrustDialogAccepted": 2}}}`,
      '"hasTrustDialogAccepted" stands twice',
    ],
  ])('%s is left alone: %s', (before, why) => {
    expect(withTrust(before, worktree)).toEqual({ kind: 'unreadable', why });
    expect(withoutTrust(before, worktree)).toEqual({ kind: 'unreadable', why });
  });

  it('is taken away, and what Claude wrote of the folder stays', () => {
    const own = `{"projects":{"/a":{},"${worktree}":{"lastCost":1,"hasTrustDialogAccepted":true}}}`;

    expect(withoutTrust(own, worktree)).toEqual({
      kind: 'changed',
      text: `{"projects":{"/a":{},"${worktree}":{"lastCost":1}}}`,
    });
    expect(withoutTrust('{"projects":{"/a":{"hasTrustDialogAccepted":true}}}', worktree)).toEqual({
      kind: 'same',
    });
  });

  it('comes and goes without a trace in any configuration', () => {
    const projects = fc.dictionary(fc.string(), fc.dictionary(fc.string(), fc.jsonValue()), { minKeys: 1 });
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        projects,
        fc.constantFrom(undefined, 2, '\t'),
        fc.string(),
        (rest, known, indent, name) => {
          const before = JSON.stringify({ ...rest, projects: known }, null, indent);
          fc.pre(!(name in known) && name !== '__proto__' && !before.includes('"__proto__"'));

          const added = withTrust(before, name);

          expect(added.kind).toBe('changed');
          if (added.kind !== 'changed') return;
          const value = JSON.parse(added.text);
          expect(value.projects[name]).toEqual({ hasTrustDialogAccepted: true });
          expect(withoutTrust(added.text, name)).toEqual({ kind: 'changed', text: before });
        },
      ),
      { numRuns: fuzzRuns(1) },
    );
  });
});

describe("Claude's configuration", () => {
  it('is written whole and keeps its mode, also through a link', async () => {
    const real = path.join(folder, 'dotfiles.json');
    writeFileSync(real, '{"userID":"x","projects":{}}');
    chmodSync(real, 0o600);
    symlinkSync(real, file);

    expect(await addClaudeTrust(file, worktree)).toEqual({ kind: 'changed' });
    expect(await addClaudeTrust(file, worktree)).toEqual({ kind: 'same' });

    expect(lstatSync(file).isSymbolicLink()).toBe(true);
    expect(JSON.parse(text())).toEqual({
      userID: 'x',
      projects: { [worktree]: { hasTrustDialogAccepted: true } },
    });
    expect(statSync(real).mode & 0o777).toBe(0o600);
    expect(await removeClaudeTrust(file, worktree)).toEqual({ kind: 'changed' });
    expect(text()).toBe('{"userID":"x","projects":{}}');
    expect(readdirSync(folder).sort()).toEqual(['.claude.json', 'dotfiles.json']);
  });

  it('is not made where there is none', async () => {
    expect(await addClaudeTrust(file, worktree)).toEqual({ kind: 'absent' });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('that cannot be understood is left as it is, and said', async () => {
    writeFileSync(file, Buffer.from([0x7b, 0xff, 0x7d]));

    expect(await addClaudeTrust(file, worktree, seams())).toEqual({
      kind: 'left',
      why: 'it is no text in UTF-8',
    });
    expect(readFileSync(file)).toEqual(Buffer.from([0x7b, 0xff, 0x7d]));
    expect(readdirSync(folder)).toEqual(['.claude.json']);
  });

  it('that was half written is read again', async () => {
    writeFileSync(file, '{"user');

    expect(await addClaudeTrust(file, worktree, seams({ 2: '{"userID":"x"}' }))).toEqual({ kind: 'changed' });
    expect(JSON.parse(text()).userID).toBe('x');
  });

  it('keeps what another program writes between our look and our write', async () => {
    writeFileSync(file, '{"a":1}');

    expect(await addClaudeTrust(file, worktree, seams({ 2: '{"a":2}' }))).toEqual({ kind: 'changed' });
    expect(JSON.parse(text())).toEqual({ a: 2, projects: { [worktree]: { hasTrustDialogAccepted: true } } });
  });

  it('is written again where another program put an older one in its place', async () => {
    writeFileSync(file, '{"a":1}');

    expect(await addClaudeTrust(file, worktree, seams({ 3: '{"a":3}' }))).toEqual({ kind: 'changed' });
    expect(JSON.parse(text())).toEqual({ a: 3, projects: { [worktree]: { hasTrustDialogAccepted: true } } });
  });

  it('waits for the lock of another program, and leaves it alone when that never ends', async () => {
    writeFileSync(file, '{}');
    mkdirSync(`${file}.lock`);
    let pauses = 0;
    const waiting = {
      ...seams(),
      pause: async () => {
        pauses += 1;
        if (pauses === 3) rmSync(`${file}.lock`, { recursive: true });
      },
    };

    expect(await addClaudeTrust(file, worktree, waiting)).toEqual({ kind: 'changed' });
    mkdirSync(`${file}.lock`);
    expect(await removeClaudeTrust(file, worktree, seams())).toEqual({
      kind: 'left',
      why: 'other programs changed it or held its lock all the time',
    });
    expect(pauses).toBe(3);
  });

  it('takes away a lock that was left behind', async () => {
    writeFileSync(file, '{}');
    mkdirSync(`${file}.lock`);
    utimesSync(`${file}.lock`, 1, 1);

    expect(await addClaudeTrust(file, worktree, seams())).toEqual({ kind: 'changed' });
    expect(readdirSync(folder)).toEqual(['.claude.json']);
  });

  it('holds every folder of many that are added at once', async () => {
    writeFileSync(file, '{"a":1}');
    const all = Array.from({ length: 12 }, (_, index) => `/work/trees/${index}`);

    const outcomes = await Promise.all(all.map((each) => addClaudeTrust(file, each, seams())));

    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['changed']));
    expect(Object.keys(JSON.parse(text()).projects).sort()).toEqual([...all].sort());
  });
});
