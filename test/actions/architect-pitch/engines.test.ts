import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { architectPitch } from '../../../actions/architect-pitch/role.ts';
import type { PitchSettings } from '../../../actions/architect-pitch/state.ts';
import type { ModelAnswer, ModelQuestion } from '../../../core/model.ts';
import type { Programs } from '../../../core/role.ts';
import { parseSettings } from '../../../core/settings.ts';
import { scripted } from '../../scripted.ts';

const question: ModelQuestion = {
  engine: 'x',
  system: 'The rules.',
  prompt: 'The material.',
  about: {
    purpose: 'pitch',
    vision: { number: 7, title: 'A goal', body: 'Why.' },
    labels: ['backlog'],
    mostEntries: 3,
  },
};

function settingsWith(given: Record<string, string>): PitchSettings {
  const values: Record<string, string> = {
    'forge-url': 'http://forge.test',
    'forge-token': 'forge-token-of-the-role',
    'forge-login': 'architect',
    'ops-repo': 'owner/ops',
    'project-repo': 'owner/project',
    ...given,
  };
  return parseSettings(architectPitch, {
    name: 'terminal',
    facts: { isPullRequest: false, isEnvironmentChosen: false, workspace: '/' },
    setting: (name) => values[name],
    givenSettings: () => [],
    automaticTokens: [],
    group: (_, body) => body(),
    hide: () => undefined,
    output: () => undefined,
    summary: async () => undefined,
  });
}

const programs = { path: process.env.PATH ?? '', home: process.env.HOME };

async function put(
  given: Record<string, string>,
  { deadline = Date.now() + 60_000, ...context }: { deadline?: number; programs?: Programs } = {},
): Promise<ModelAnswer> {
  const answer = await architectPitch.ask?.(question, {
    settings: settingsWith(given),
    deadline,
    programs,
    ...context,
  });
  if (answer === undefined) throw new Error('the role has no model');
  return answer;
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-engines-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** An executable that does what the script says, with what it was given in `seen.json` beside it. */
function program(name: string, script: string): string {
  const file = path.join(folder, name);
  writeFileSync(
    file,
    `#!${process.execPath}
const fs = require('node:fs');
let input = '';
process.stdin.on('data', (chunk) => { input += chunk; }).on('end', () => {
  fs.writeFileSync(${JSON.stringify(path.join(folder, 'seen.json'))}, JSON.stringify({
    args: process.argv.slice(2), input, environment: Object.keys(process.env).sort(),
    key: process.env.ANTHROPIC_API_KEY ?? null, files: fs.readdirSync('.'),
  }));
  ${script}
});
`,
  );
  chmodSync(file, 0o755);
  return file;
}
const seen = (): Record<string, unknown> => JSON.parse(readFileSync(path.join(folder, 'seen.json'), 'utf8'));

describe('claude-cli', () => {
  it.each([
    ['gives money back', '-5'],
    ['is more than there is', '1e300'],
  ])('that says it %s costs an unknown sum', async (_, cost) => {
    const file = program(
      'claude',
      `process.stdout.write('{"is_error":false,"result":"text","total_cost_usd":${cost},"usage":{"input_tokens":-3,"output_tokens":0.5}}')`,
    );

    expect((await put({ engine: 'claude-cli', 'engine-command': file })).use).toMatchObject({
      inputTokens: 0,
      outputTokens: 0,
      cost: null,
    });
  });

  const answer = {
    type: 'result',
    subtype: 'success',
    is_error: false,
    result: '# Sprint: x',
    total_cost_usd: 0.0123,
    usage: {
      input_tokens: 4,
      cache_creation_input_tokens: 1000,
      cache_read_input_tokens: 200,
      output_tokens: 50,
    },
  };

  it('is asked once, without tools, servers, settings or a session, in an empty folder, and counts what it cost', async () => {
    const claude = program('claude', `process.stdout.write(${JSON.stringify(JSON.stringify(answer))})`);

    const given = await put({
      engine: 'claude-cli',
      'engine-command': claude,
      'engine-key': 'key-of-the-engine',
      model: 'sonnet',
    });

    expect(given).toEqual({
      text: '# Sprint: x',
      use: { engine: 'claude-cli', model: 'sonnet', inputTokens: 1204, outputTokens: 50, cost: 0.0123 },
    });
    expect(seen()).toMatchInlineSnapshot(`
      {
        "args": [
          "-p",
          "--output-format",
          "json",
          "--max-turns",
          "1",
          "--tools",
          "",
          "--strict-mcp-config",
          "--setting-sources",
          "",
          "--no-session-persistence",
          "--system-prompt",
          "The rules.",
          "--model",
          "sonnet",
        ],
        "environment": [
          "ANTHROPIC_API_KEY",
          "HOME",
          "LANG",
          "PATH",
        ],
        "files": [],
        "input": "The material.",
        "key": "key-of-the-engine",
      }
    `);
  });

  it.each([
    ['an error', JSON.stringify({ ...answer, is_error: true, result: 'Invalid API key' }), 'Invalid API key'],
    ['no JSON', 'Welcome to Claude Code!', 'gave no answer'],
    ['nothing', '', 'gave no answer'],
  ])('that answers %s is one sentence with what to check', async (_, output, message) => {
    const claude = program('claude', `process.stdout.write(${JSON.stringify(output)})`);

    await expect(put({ engine: 'claude-cli', 'engine-command': claude })).rejects.toThrow(message);
  });

  it('that is not installed is one sentence', async () => {
    await expect(
      put({ engine: 'claude-cli', 'engine-command': path.join(folder, 'nowhere') }),
    ).rejects.toThrow('cannot be started (ENOENT)');
  });
});

describe('command', () => {
  it('gets rules and material on its standard input, no shell, and none of the step’s environment', async () => {
    process.env.FORGECREW_TEST_SECRET = 'x';
    const file = program('engine', "process.stdout.write('text')");

    const given = await put({ engine: 'command', 'engine-command': `${file},--flag,$(touch x);a b` });
    delete process.env.FORGECREW_TEST_SECRET;

    expect(given.text).toBe('text');
    expect(given.use.cost).toBeNull();
    expect(seen()).toMatchObject({
      args: ['--flag', '$(touch x);a b'],
      input: 'The rules.\nThe material.',
      environment: ['HOME', 'LANG', 'PATH'],
      files: [],
    });
  });

  it('is found by the PATH that is handed in, and by no other', async () => {
    program('engine', "process.stdout.write('text')");

    const given = await put(
      { engine: 'command', 'engine-command': 'engine' },
      { programs: { path: folder, home: undefined } },
    );

    expect(given.text).toBe('text');
    await expect(put({ engine: 'command', 'engine-command': 'engine' })).rejects.toThrow(
      'engine cannot be started (ENOENT)',
    );
  });

  it('is not started when the time of the run is over', async () => {
    const file = program('engine', "process.stdout.write('text')");

    await expect(
      put({ engine: 'command', 'engine-command': file }, { deadline: Date.now() - 1 }),
    ).rejects.toThrow('The deadline passed before x was asked.');
    expect(existsSync(path.join(folder, 'seen.json'))).toBe(false);
  });

  it('that never ends is ended at its time, with everything it started', async () => {
    const file = program(
      'engine',
      `const child = require('node:child_process').spawn('sleep', ['60'], { stdio: 'inherit' });
  fs.writeFileSync(${JSON.stringify('PID')}.replace('PID', ${JSON.stringify('pid')}), String(child.pid));
  fs.writeFileSync(${JSON.stringify('FILE')}.replace('FILE', process.argv[2]), String(child.pid));
  setTimeout(() => {}, 60000);`,
    );
    const pidFile = path.join(folder, 'child.pid');
    const started = Date.now();

    await expect(
      put({ engine: 'command', 'engine-command': `${file},${pidFile}`, 'engine-timeout': '1s' }),
    ).rejects.toThrow('ran longer than 1 s, so it was ended');

    expect(Date.now() - started).toBeLessThan(20_000);
    const pid = Number(readFileSync(pidFile, 'utf8'));
    await expect.poll(() => isRunning(pid), { timeout: 60_000 }).toBe(false);
  });

  it('that leaves something running behind does not keep the run waiting', async () => {
    const file = program(
      'engine',
      `const child = require('node:child_process').spawn('sleep', ['60'], { stdio: 'inherit' });
  fs.writeFileSync(process.argv[2], String(child.pid));
  process.stdout.write('text', () => process.exit(0));`,
    );
    const pidFile = path.join(folder, 'child.pid');

    const given = await put({ engine: 'command', 'engine-command': `${file},${pidFile}` });

    expect(given.text).toBe('text');
    const pid = Number(readFileSync(pidFile, 'utf8'));
    await expect.poll(() => isRunning(pid), { timeout: 60_000 }).toBe(false);
  });

  it('that prints without end is ended at its limit', async () => {
    const file = program('engine', "setInterval(() => process.stdout.write('x'.repeat(100000)), 1)");

    await expect(put({ engine: 'command', 'engine-command': file })).rejects.toThrow(
      'printed more than 2097152 bytes',
    );
  });

  it('that fails tells its last words, on one plain line', async () => {
    const file = program(
      'engine',
      "process.stderr.write('first\\nno \\u001b[31mmodel\\n'); process.exitCode = 3",
    );

    await expect(put({ engine: 'command', 'engine-command': file })).rejects.toThrow(
      'ended with code 3. It said: no \\u{1b}[31mmodel',
    );
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie is not running: it only waits to be counted.
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

const prices = { 'price-input': '3', 'price-output': '15' };

describe('anthropic', () => {
  const message = {
    id: 'm',
    type: 'message',
    role: 'assistant',
    model: 'claude-x-1',
    content: [{ type: 'text', text: '# Sprint: x' }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 1000, output_tokens: 100 },
  };

  it('is sent one message without tools, with its key and nothing else of ours', async () => {
    process.env.ANTHROPIC_AUTH_TOKEN = 'of-the-environment';
    const server = await scripted(() => ({ status: 200, body: message }));

    const given = await put({
      engine: 'anthropic',
      model: 'claude-x',
      'engine-url': server.url,
      'engine-key': 'key-of-the-engine',
      ...prices,
    });
    delete process.env.ANTHROPIC_AUTH_TOKEN;
    await server.close();

    expect(given).toEqual({
      text: '# Sprint: x',
      use: { engine: 'anthropic', model: 'claude-x-1', inputTokens: 1000, outputTokens: 100, cost: 0.0045 },
    });
    const [{ path: where, headers, body }] = server.asked as [(typeof server.asked)[number]];
    expect({
      where,
      body,
      key: headers['x-api-key'],
      authorization: headers.authorization,
    }).toMatchInlineSnapshot(`
      {
        "authorization": "Bearer key-of-the-engine",
        "body": {
          "max_tokens": 8000,
          "messages": [
            {
              "content": "The material.",
              "role": "user",
            },
          ],
          "model": "claude-x",
          "system": "The rules.",
        },
        "key": undefined,
        "where": "POST /v1/messages",
      }
    `);
    expect(JSON.stringify(server.asked)).not.toContain('forge-token-of-the-role');
  });

  it('that does not take the key is one sentence, and the key is not in it', async () => {
    const server = await scripted(() => ({
      status: 401,
      body: { type: 'error', error: { type: 'authentication_error', message: 'invalid x-api-key' } },
    }));

    const failure = await put({
      engine: 'anthropic',
      model: 'claude-x',
      'engine-url': server.url,
      'engine-key': 'key-of-the-engine',
    }).catch((error: unknown) => error as Error & { remedy: string });
    await server.close();

    expect(failure).toMatchObject({ remedy: 'Check engine-key.' });
    expect(String(failure)).toContain('invalid x-api-key');
    expect(String(failure)).not.toContain('key-of-the-engine');
  });

  it('that sends us elsewhere is not followed: the key goes to one place', async () => {
    const elsewhere = await scripted(() => ({ status: 200, body: message }));
    const server = await scripted(() => ({
      status: 307,
      body: {},
      headers: { location: `${elsewhere.url}/v1/messages` },
    }));

    await expect(
      put({
        engine: 'anthropic',
        model: 'x',
        'engine-url': server.url,
        'engine-key': 'k',
        'engine-timeout': '5s',
      }),
    ).rejects.toThrow('anthropic gave no answer');
    await Promise.all([server.close(), elsewhere.close()]);

    expect(elsewhere.asked).toEqual([]);
  });
});

describe('openai, and what speaks like it', () => {
  const completion = {
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'local-1',
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: '# Sprint: x' } }],
    usage: { prompt_tokens: 2000, completion_tokens: 200, total_tokens: 2200 },
  };

  it('is sent rules and material as two messages, without tools', async () => {
    process.env.OPENAI_ORG_ID = 'of-the-environment';
    const server = await scripted(() => ({ status: 200, body: completion }));

    const given = await put({
      engine: 'openai',
      model: 'local',
      'engine-url': `${server.url}/v1`,
      ...prices,
    });
    delete process.env.OPENAI_ORG_ID;
    await server.close();

    expect(given).toEqual({
      text: '# Sprint: x',
      use: { engine: 'openai', model: 'local-1', inputTokens: 2000, outputTokens: 200, cost: 0.009 },
    });
    const [{ path: where, headers, body }] = server.asked as [(typeof server.asked)[number]];
    expect({ where, body, organization: headers['openai-organization'] }).toMatchInlineSnapshot(`
      {
        "body": {
          "max_tokens": 8000,
          "messages": [
            {
              "content": "The rules.",
              "role": "system",
            },
            {
              "content": "The material.",
              "role": "user",
            },
          ],
          "model": "local",
        },
        "organization": undefined,
        "where": "POST /v1/chat/completions",
      }
    `);
    expect(JSON.stringify(server.asked)).not.toContain('forge-token-of-the-role');
  });

  it('that is busy for a moment is asked again', async () => {
    const server = await scripted((nth) =>
      nth === 1
        ? { status: 503, body: { error: { message: 'loading' } }, headers: { 'retry-after-ms': '1' } }
        : { status: 200, body: completion },
    );

    const given = await put({ engine: 'openai', model: 'local', 'engine-url': `${server.url}/v1` });
    await server.close();

    expect(given.text).toBe('# Sprint: x');
    expect(server.asked).toHaveLength(2);
  });

  it('that answers without counting has an unknown cost, and without a message is one sentence', async () => {
    const { usage: _, ...uncounted } = completion;
    const quiet = await scripted(() => ({ status: 200, body: uncounted }));
    const given = await put({ engine: 'openai', model: 'local', 'engine-url': quiet.url, ...prices });
    await quiet.close();
    const wrong = await scripted(() => ({ status: 200, body: { hello: 'world' } }));

    await expect(put({ engine: 'openai', model: 'local', 'engine-url': wrong.url })).rejects.toThrow(
      'the server answered without a message',
    );
    await wrong.close();

    expect(given.use.cost).toBeNull();
  });
});

describe('outline', () => {
  it('is the same every time and costs nothing', async () => {
    const first = await put({});
    const second = await put({});

    expect(first).toEqual(second);
    expect(first.use).toEqual({ engine: 'outline', model: '-', inputTokens: 0, outputTokens: 0, cost: 0 });
    expect(first.text).toMatchInlineSnapshot(`
      "# Sprint: A goal

      ## Vision issues
      - #7 — A goal

      ## What this enables
      > Why.

      ## What exists today
      The issue does not say. Nobody has looked at the code for this pitch.

      ## Complexity
      - 1 sub-issue, because the issue lists no tasks
      - Not estimated: this pitch was outlined from the issue, without a model.

      ## Risks
      The issue names none.

      ## Cost — new infra to maintain
      The issue names none. Decide this before accepting.

      ## Recommendation
      None is given: an outline arranges what the issue says and judges nothing. Accept it if the sub-issues below are the right ones; the questions that follow are the place to correct them.

      ## Sub-issues

      <!-- filer:begin -->
      - id: a-goal
        title: "vision(#7): A goal"
        labels: [backlog]
        depends_on: []
        body: |
          ## Goal
          A goal

          A part of the vision "A goal".

          ## Acceptance criteria
          - [ ] It is there: A goal
      <!-- filer:end -->
      "
    `);
  });
});

describe('settings that contradict each other', () => {
  it.each([
    [
      { engine: 'anthropic' },
      ['model: engine anthropic needs a model', 'engine-key: engine anthropic needs engine-key'],
    ],
    [{ engine: 'anthropic', model: 'x' }, ['engine-key: engine anthropic needs engine-key']],
    [{ engine: 'anthropic', 'engine-key': 'k' }, ['model: engine anthropic needs a model']],
    [
      { engine: 'openai' },
      [
        'model: engine openai needs a model',
        'engine-key, engine-url: engine openai needs engine-key, or engine-url',
      ],
    ],
    [{ engine: 'openai', 'engine-url': 'http://localhost:1/v1' }, ['model: engine openai needs a model']],
    [{ engine: 'command' }, ['engine-command: engine is command, but engine-command names no program']],
    [
      { engine: 'command', 'engine-command': 'x', 'max-cost-per-run': '1', 'max-cost-per-day': '1' },
      ['engine, max-cost-per-run, max-cost-per-day: a limit on costs cannot be kept with engine command'],
    ],
    [
      { engine: 'openai', model: 'x', 'engine-key': 'k', 'max-cost-per-day': '1', 'price-input': '3' },
      ['price-input, price-output, max-cost-per-day: a limit on costs needs the prices of openai'],
    ],
    [
      { engine: 'anthropic', model: 'x', 'engine-key': 'k', 'price-output': '3' },
      ['price-input, price-output: one price is given without the other'],
    ],
  ] as [Record<string, string>, string[]][])('%j are refused before anybody is asked', (given, faults) => {
    let message = '';
    try {
      settingsWith(given);
    } catch (error) {
      message = String(error);
    }

    expect(message).toContain(
      `${faults.length} ${faults.length === 1 ? 'setting is' : 'settings are'} not right`,
    );
    for (const line of faults) expect(message).toContain(`  ${line}`);
  });

  it.each([
    { engine: 'outline', 'max-cost-per-run': '1' },
    { engine: 'claude-cli', 'max-cost-per-run': '1', 'price-input': '3' },
    { engine: 'openai', model: 'x', 'engine-url': 'http://localhost:1/v1' },
    { engine: 'anthropic', model: 'x', 'engine-key': 'k', 'max-cost-per-day': '1', ...prices },
  ])('%j do not', (given) => {
    expect(settingsWith(given as Record<string, string>).engine).toBe(given.engine);
  });
});

describe('what a server says of itself and its answer', () => {
  const settings = {
    model: 'asked-for',
    'engine-key': 'key-of-the-engine',
    'engine-timeout': '10s',
    ...prices,
  };
  const completion = (usage: unknown, model: unknown = 'm'): object => ({
    model,
    choices: [{ message: { content: 'text' } }],
    usage,
  });
  const message = (usage: unknown, model: unknown = 'm'): object => ({
    model,
    content: [{ type: 'text', text: 'text' }],
    usage,
  });
  const of = {
    openai: { path: '/v1', answer: completion, names: ['prompt_tokens', 'completion_tokens'] },
    anthropic: { path: '', answer: message, names: ['input_tokens', 'output_tokens'] },
  } as const;
  const engines = ['openai', 'anthropic'] as const;

  async function ask(engine: (typeof engines)[number], body: unknown): Promise<ModelAnswer> {
    const server = await scripted(() => ({ status: 200, body }));
    try {
      return await put({ ...settings, engine, 'engine-url': `${server.url}${of[engine].path}` });
    } finally {
      await server.close();
    }
  }

  describe.each(engines)('by %s', (engine) => {
    const { answer, names } = of[engine];

    it.each([
      ['gives money back', -1_000_000, 1],
      ['is a text', '100', 1],
      ['is a part of a token', 1.5, 1],
      ['is more than there is', 1e300, 1],
      ['is not there', undefined, 1],
      ['is not there for what came', 1, undefined],
    ])('that %s costs an unknown sum, and not nothing', async (_, input, output) => {
      const { use } = await ask(engine, answer({ [names[0]]: input, [names[1]]: output }));

      expect(use.cost).toBeNull();
      expect([use.inputTokens, use.outputTokens].every(Number.isSafeInteger)).toBe(true);
    });

    it('without any usage costs an unknown sum', async () => {
      expect((await ask(engine, answer(undefined))).use).toMatchObject({ cost: null, inputTokens: 0 });
    });

    it.each([
      ['an object', { a: 1 }, 'asked-for'],
      ['nothing', null, 'asked-for'],
      ['blank', ' ', 'asked-for'],
      ['lines', 'a\n-->b', 'a\\n-->b'],
      ['very long', 'm'.repeat(100_000), 'm'.repeat(200)],
    ])('as the name of its model, %s, is one short line', async (_, name, model) => {
      expect((await ask(engine, answer({ [names[0]]: 1, [names[1]]: 1 }, name))).use.model).toBe(model);
    });

    it.each([
      ['no object', 'hello'],
      ['nothing', null],
      ['empty', {}],
      ['a list', []],
      ['of another API', { content: 'text', choices: 'text', message: 'hello' }],
    ])('that is %s is one sentence', async (_, body) => {
      await expect(ask(engine, body)).rejects.toMatchObject({
        name: 'UserError',
        message: `${engine}: the server answered without a message.`,
      });
    });

    it('that never comes has the time of one question, with all tries', async () => {
      let tries = 0;
      const server = http
        .createServer(() => {
          tries += 1;
        })
        .listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;

      await expect(
        put({ ...settings, engine, 'engine-timeout': '1s', 'engine-url': `http://127.0.0.1:${port}` }),
      ).rejects.toThrow(`${engine} gave no answer: none came within 1 s.`);
      server.closeAllConnections();
      server.close();

      // Each of an SDK's three tries would have a second.
      expect(tries).toBeLessThan(3);
    });

    it('that begins and never goes on has no more time, whatever garbage is collected meanwhile', async () => {
      setFlagsFromString('--expose-gc');
      const collect = runInNewContext('gc') as () => void;
      const collecting = setInterval(collect, 50);
      const server = http
        .createServer((_, response) => {
          response.writeHead(200, { 'content-type': 'application/json' });
          response.write('{');
          // Whoever still reads by then has another answer.
          setTimeout(() => response.end('}'), 20_000).unref();
        })
        .listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;

      await expect(
        put({ ...settings, engine, 'engine-timeout': '2s', 'engine-url': `http://127.0.0.1:${port}` }),
      ).rejects.toThrow(`${engine} gave no answer: none came within 2 s.`);
      clearInterval(collecting);
      server.closeAllConnections();
      server.close();
    });

    it('that never ends is not kept', async () => {
      let sent = 0;
      const server = http
        .createServer((_, response) => {
          response.writeHead(200, { 'content-type': 'application/json' });
          const more = (): void => {
            for (let isTaken = true; isTaken && !response.destroyed && sent < 64 * 2 ** 20; sent += 65_536)
              isTaken = response.write(' '.repeat(65_536));
          };
          response.on('drain', more);
          more();
        })
        .listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;

      await expect(
        put({ ...settings, engine, 'engine-timeout': '5s', 'engine-url': `http://127.0.0.1:${port}` }),
      ).rejects.toThrow('its answer has more than 2097152 bytes');
      server.closeAllConnections();
      server.close();

      expect(sent).toBeLessThan(32 * 2 ** 20);
    });
  });
});
