import { randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import type { Cell } from '../../../core/agent/cell/cell.ts';
import { openCell } from '../../../core/agent/cell/open-cell.ts';
import type { AgentEngineName } from '../../../core/agent/manifest.ts';
import {
  giveSession,
  type ReceivedSession,
  receiveSession,
  type SessionCell,
  type SessionLimits,
  type SessionOf,
  sessionLimits,
} from '../../../core/agent/session.ts';
import { sha256 } from '../../../core/canonical.ts';
import { createMask } from '../../../core/mask.ts';
import { makeFolder, works } from './cell/machine.ts';
import { archive, entry } from './tar-entries.ts';

// What an agent may hand over as its session, to us or to another agent.

const id = '11111111-2222-4333-8444-555555555555';
const other = '99999999-2222-4333-8444-555555555555';
const ids: Record<AgentEngineName, string> = {
  claude: id,
  codex: id,
  opencode: 'ses_abcdefgh12',
  command: id,
};
const secret = 'forge-token-0123456789';
const mask = createMask();
mask.add(secret);

const good: Record<AgentEngineName, { name: string; content: string }> = {
  claude: { name: 'session.jsonl', content: `{"type":"user","sessionId":"${id}"}\n{"type":"summary"}\n` },
  codex: { name: 'rollout.jsonl', content: `{"type":"session_meta","payload":{"id":"${id}"}}\n{}\n` },
  opencode: { name: 'session.json', content: `{"info":{"id":"${ids.opencode}"},"messages":[]}` },
  command: { name: 'notes/a.txt', content: 'What I know.' },
};

const ofEngine = (engine: AgentEngineName): SessionOf => ({
  engine,
  command: ['agent'],
  sessionFolder: engine === 'command' ? '.memory' : null,
});

/** A cell whose program hands over these bytes, and takes note of what is put in. */
function scripted(stdout: Buffer, code = 0): SessionCell & { inputs: string[] } {
  const inputs: string[] = [];
  return {
    inside: { workspace: '/w', home: '/h', bin: '/b' },
    inputs,
    async run({ input }) {
      inputs.push(String(input ?? ''));
      return { code, signal: null, stdout, stderr: '' };
    },
  };
}

function handedOver(engine: AgentEngineName, packed: Buffer, ofId = ids[engine]): Promise<ReceivedSession> {
  return receiveSession(scripted(packed), { of: ofEngine(engine), id: ofId, mask });
}

const packed = (...entries: Buffer[]): Buffer => gzipSync(archive(...entries));

const engines: AgentEngineName[] = ['claude', 'codex', 'opencode', 'command'];

describe('a session that is handed over', () => {
  it.each(engines)('of %s is taken, in bytes of ours', async (engine) => {
    const bytes = packed(entry(good[engine]));

    const received = await handedOver(engine, bytes);

    if (received.kind !== 'session') throw new Error(received.why);
    expect(received.note).toEqual({
      engine,
      id: ids[engine],
      digest: sha256(received.bytes),
      size: received.bytes.length,
    });
    // Neither owner nor time of the agent's is in it.
    expect(received.bytes.equals(bytes)).toBe(false);
    expect(gunzipSync(received.bytes).toString('utf8')).toContain(good[engine].content);
  });

  it.each(engines.flatMap((engine) => engines.map((from) => [engine, from] as const)))(
    'as one of %s, but is one of %s',
    async (engine, from) => {
      const received = await handedOver(engine, packed(entry(good[from])));

      // The folder of a program that is not known may hold anything.
      expect(received.kind).toBe(engine === from || engine === 'command' ? 'session' : 'refused');
    },
  );

  it.each(['claude', 'codex', 'opencode'] as const)(
    'of %s, but of another session, is refused',
    async (engine) => {
      const another = engine === 'opencode' ? 'ses_zzzzzzzzzz' : other;

      const received = await handedOver(engine, packed(entry(good[engine])), another);

      expect(received).toMatchObject({
        kind: 'refused',
        why: expect.stringContaining('not of this session'),
      });
    },
  );

  it.each([
    ['as it is', secret],
    ['in base64', Buffer.from(`x${secret}`).toString('base64')],
    ['in a JSON string', JSON.stringify({ text: `a ${secret} b` })],
    ['in hex', Buffer.from(secret).toString('hex')],
    [
      'over several lines',
      `${Buffer.from(secret).toString('base64').slice(0, 12)}\n${Buffer.from(secret).toString('base64').slice(12)}`,
    ],
  ])('with a secret of the run in it, %s, is refused, and the secret is not said', async (_, text) => {
    const { name, content } = good.command;

    const received = await handedOver('command', packed(entry({ name, content: `${content} ${text}` })));

    expect(received).toEqual({ kind: 'refused', why: 'a secret of this run stands in it' });
  });

  it('with a secret of the run as a name is refused', async () => {
    const received = await handedOver('command', packed(entry({ name: `notes/${secret}` })));

    expect(received).toEqual({ kind: 'refused', why: 'a secret of this run stands in it' });
  });

  it.each([
    ['is not packed', archive(entry(good.command))],
    ['is no archive', gzipSync(Buffer.from('hello'))],
    ['is nothing', Buffer.alloc(0)],
    ['holds a link', packed(entry({ kind: '2', link: '/etc/shadow' }))],
    ['holds a device', packed(entry({ kind: '3' }))],
    ['leads out of its folder', packed(entry({ name: '../.bashrc' }))],
    ['names an absolute path', packed(entry({ name: '/etc/passwd' }))],
    ['unpacks to more than memory should hold', gzipSync(Buffer.alloc(80 * 1024 * 1024))],
    [
      'has more files than anybody counts',
      packed(...Array.from({ length: 1001 }, (__, at) => entry({ name: `f${at}` }))),
    ],
  ])('and %s is refused', async (_, bytes) => {
    expect(await handedOver('command', bytes)).toMatchObject({ kind: 'refused' });
  });

  it.each(['../../etc', '--last', '', `${id}\n`, `${id}/..`])(
    'under the id %j is not even asked for',
    async (bad) => {
      for (const engine of engines)
        expect(await handedOver(engine, packed(entry(good[engine])), bad)).toMatchObject({
          kind: 'refused',
          why: expect.stringContaining('id'),
        });
    },
  );
});

describe('a session that is put back', () => {
  async function kept(engine: AgentEngineName): Promise<Extract<ReceivedSession, { kind: 'session' }>> {
    const received = await handedOver(engine, packed(entry(good[engine])));
    if (received.kind !== 'session') throw new Error(received.why);
    return received;
  }

  it('is only the one that was kept: other bytes are refused, and nothing is written', async () => {
    const { note } = await kept('claude');
    const { bytes } = await kept('codex');
    const cell = scripted(Buffer.alloc(0));

    const given = await giveSession(cell, { of: ofEngine('claude'), note, bytes });

    expect(given).toEqual({ kind: 'refused', why: 'its bytes are not those that were kept' });
    expect(cell.inputs).toEqual([]);
  });

  it.each(engines)('of %s is put back only for that engine', async (engine) => {
    const { note, bytes } = await kept(engine);
    for (const to of engines) {
      const cell = scripted(Buffer.alloc(0));

      const given = await giveSession(cell, { of: ofEngine(to), note, bytes });

      expect(given.kind).toBe(to === engine ? 'given' : 'refused');
      expect(cell.inputs.length > 0).toBe(to === engine);
    }
  });

  it.each([
    ['another engine in the note', { engine: 'codex' }],
    ['an id that is a path', { id: '../../../etc/cron.d/x' }],
    ['an id that is an option', { id: '--dangerously' }],
    ['another id', { id: other }],
  ] as const)('is refused with %s', async (_, bent) => {
    const { note, bytes } = await kept('claude');
    const cell = scripted(Buffer.alloc(0));

    const given = await giveSession(cell, { of: ofEngine('claude'), note: { ...note, ...bent }, bytes });

    expect(given.kind).toBe('refused');
    expect(cell.inputs).toEqual([]);
  });

  it.each([
    ['a link', packed(entry({ kind: '2', link: '/etc/shadow' }))],
    ['a way out', packed(entry({ name: '../x' }))],
    ['more than it may be', gzipSync(Buffer.alloc(80 * 1024 * 1024))],
    ['more than it may be packed', Buffer.alloc(11 * 1024 * 1024)],
  ])('is refused where the state itself was bent to hold %s', async (_, bytes) => {
    const cell = scripted(Buffer.alloc(0));
    const note = { engine: 'command' as const, id, digest: sha256(bytes), size: bytes.length };

    const given = await giveSession(cell, { of: ofEngine('command'), note, bytes });

    expect(given.kind).toBe('refused');
    expect(cell.inputs).toEqual([]);
  });

  it('is refused where the engine does not take it in, with what it says', async () => {
    const { note, bytes } = await kept('opencode');
    let runs = 0;
    const cell: SessionCell = {
      ...scripted(Buffer.alloc(0)),
      run: async () => {
        runs += 1;
        return {
          code: runs === 2 ? 1 : 0,
          signal: null,
          stdout: Buffer.alloc(0),
          stderr: 'x\nNo such version\n',
        };
      },
    };

    expect(await giveSession(cell, { of: ofEngine('opencode'), note, bytes })).toEqual({
      kind: 'refused',
      why: 'opencode does not take it in: No such version',
    });
  });
});

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function cellOf(isolation: 'user' | 'bwrap'): Promise<Cell> {
  const { folder, remove } = makeFolder();
  const cell = await openCell({
    isolation,
    network: 'open',
    base: folder,
    uids: { first: 70_000, count: 256 },
  });
  open.push(async () => {
    await cell.remove();
    remove();
  });
  await cell.own();
  return cell;
}

/** What the agent does before its session is asked for. */
async function act(cell: Cell, script: string): Promise<string> {
  const { code, stderr, stdout } = await cell.run(
    {
      command: `${cell.inside.bin}/node`,
      args: ['-e', `const fs = require('node:fs'); ${script}`],
      environment: {},
      folder: cell.inside.home,
    },
    { timeoutMs: 60_000, mostBytes: 1024 * 1024 },
  );
  if (code !== 0) throw new Error(stderr);
  return stdout.toString('utf8');
}

const isolations = (['user', 'bwrap'] as const).filter(works);

describe.skipIf(isolations.length === 0).each(isolations)('in a cell (%s)', (isolation) => {
  const take = (cell: Cell, engine: AgentEngineName = 'command', limits: Partial<SessionLimits> = {}) =>
    receiveSession(cell, {
      of: ofEngine(engine),
      id: ids[engine],
      mask,
      limits: { ...sessionLimits, ...limits },
    });

  it('nothing left is no session', async () => {
    const cell = await cellOf(isolation);

    for (const engine of engines) expect((await take(cell, engine)).kind).toBe('none');
    expect(
      await receiveSession(cell, { of: { ...ofEngine('command'), sessionFolder: null }, id, mask }),
    ).toMatchObject({ kind: 'none' });
  });

  it('2 GB are refused', async () => {
    const cell = await cellOf(isolation);
    await act(
      cell,
      `fs.mkdirSync('.memory'); fs.truncateSync((fs.writeFileSync('.memory/big', ''), '.memory/big'), 2 * 1024 ** 3);`,
    );

    expect(await take(cell)).toMatchObject({ kind: 'refused', why: expect.stringContaining('larger') });
  });

  it('what does not pack is refused where it is too much', async () => {
    const cell = await cellOf(isolation);
    await act(
      cell,
      `fs.mkdirSync('.memory'); fs.writeFileSync('.memory/noise', require('node:crypto').randomBytes(11 * 1024 * 1024));`,
    );

    expect(await take(cell)).toMatchObject({ kind: 'refused', why: expect.stringContaining('packed') });
  });

  it('links, pipes and sockets are not followed, and do not stop what is taken', async () => {
    const cell = await cellOf(isolation);
    await act(
      cell,
      `fs.mkdirSync('.memory'); fs.writeFileSync('.memory/a', 'mine');
       fs.symlinkSync('/etc/passwd', '.memory/link'); fs.symlinkSync('/proc', '.memory/folder');
       require('node:child_process').execFileSync('mkfifo', ['.memory/pipe']);`,
    );

    const received = await take(cell);

    if (received.kind !== 'session') throw new Error(received.why);
    const tar = gunzipSync(received.bytes).toString('latin1');
    expect(tar).toContain('mine');
    expect(tar).not.toMatch(/root:|link|pipe/);
  });

  it('a session file that is a link is none', async () => {
    const cell = await cellOf(isolation);
    await act(
      cell,
      `fs.mkdirSync('.claude/projects/x', { recursive: true }); fs.symlinkSync('/etc/passwd', '.claude/projects/x/${id}.jsonl');`,
    );

    expect(await take(cell, 'claude')).toMatchObject({ kind: 'none' });
  });

  it('a program that never ends its session is ended', async () => {
    const cell = await cellOf(isolation);

    const received = await receiveSession(cell, {
      of: { engine: 'opencode', command: ['sh', '-c', 'while :; do sleep 1; done'], sessionFolder: null },
      id: ids.opencode,
      mask,
      limits: { ...sessionLimits, ms: 1500 },
    });

    expect(received).toMatchObject({ kind: 'refused', why: expect.stringContaining('within') });
  });

  it('long names, empty files and many folders come back as they were, as files of the agent alone', async () => {
    const cell = await cellOf(isolation);
    const long = `${'d'.repeat(90)}/${'e'.repeat(40)}/${'f'.repeat(95)}`;
    await act(
      cell,
      `for (const [name, text] of [['${long}', 'long'], ['empty', ''], ['ä/ö', 'umlaut'], ['.hidden/x', 'h']]) {
         fs.mkdirSync(require('node:path').dirname('.memory/' + name), { recursive: true });
         fs.writeFileSync('.memory/' + name, text); }`,
    );
    const received = await take(cell);
    if (received.kind !== 'session') throw new Error(received.why);
    const fresh = await cellOf(isolation);

    const given = await giveSession(fresh, { of: ofEngine('command'), ...received });

    expect(given).toEqual({ kind: 'given' });
    const found = await act(
      fresh,
      `console.log(JSON.stringify(fs.readdirSync('.memory', { recursive: true, withFileTypes: true }).filter((e) => e.isFile())
         .map((e) => require('node:path').join(e.parentPath ?? e.path, e.name)).sort()
         .map((file) => [file.slice('.memory/'.length), fs.readFileSync(file, 'utf8'), fs.statSync(file).mode & 0o777, fs.statSync(file).uid === process.getuid()])))`,
    );
    expect(JSON.parse(found)).toEqual([
      ['.hidden/x', 'h', 0o600, true],
      [long, 'long', 0o600, true],
      ['empty', '', 0o600, true],
      ['ä/ö', 'umlaut', 0o600, true],
    ]);
  });

  it('a file that stands in its way is not written over', async () => {
    const cell = await cellOf(isolation);
    await act(cell, `fs.mkdirSync('.memory'); fs.writeFileSync('.memory/a', 'kept');`);
    const received = await take(cell);
    if (received.kind !== 'session') throw new Error(received.why);

    const given = await giveSession(cell, { of: ofEngine('command'), ...received });

    expect(given).toMatchObject({ kind: 'refused', why: expect.stringContaining('cannot be written') });
  });

  it('a large session of much text is taken', async () => {
    const cell = await cellOf(isolation);
    await act(
      cell,
      `fs.mkdirSync('.memory'); fs.writeFileSync('.memory/a', '${randomBytes(16).toString('hex')} some text\\n'.repeat(200_000));`,
    );

    expect((await take(cell)).kind).toBe('session');
  });
});
