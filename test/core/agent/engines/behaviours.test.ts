import { afterEach, describe, expect, it } from 'vitest';
import { engineOf } from '../../../../core/agent/engines/engines.ts';
import { agentEngines } from '../../../../core/agent/manifest.ts';
import { works } from '../cell/machine.ts';
import { playRound, type Round, type RoundEnd } from './rig.ts';
import { type ScriptedModel, startModel } from './scripted-model.ts';

// What every engine does for the role, whichever it is: one table, with a stand-in for each program.

let model: ScriptedModel | undefined;
afterEach(async () => {
  await model?.close();
  model = undefined;
});

const isolation = works('bwrap') ? 'bwrap' : 'user';

/** What each is started with beside what every program of a cell has. */
const own = {
  claude: [
    'ANTHROPIC_API_KEY',
    'ANTHROPIC_BASE_URL',
    'CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC',
    'CLAUDE_CONFIG_DIR',
    'DISABLE_AUTOUPDATER',
  ],
  codex: ['CODEX_HOME', 'FORGECREW_MODEL_KEY'],
  opencode: [
    'FORGECREW_MODEL_KEY',
    'OPENCODE_CONFIG_CONTENT',
    'OPENCODE_DISABLE_AUTOUPDATE',
    'OPENCODE_DISABLE_DEFAULT_PLUGINS',
    'OPENCODE_DISABLE_LSP_DOWNLOAD',
    'OPENCODE_DISABLE_MODELS_FETCH',
    'OPENCODE_DISABLE_PROJECT_CONFIG',
    'OPENCODE_PURE',
  ],
  command: ['FORGECREW_MODEL', 'FORGECREW_MODEL_KEY', 'FORGECREW_MODEL_URL', 'FORGECREW_SESSION_FOLDER'],
};

/** What a shell leaves on its way to the program. */
const usual =
  /^(?:PATH|HOME|TMPDIR|XDG_(?:CONFIG|DATA|STATE|CACHE)_HOME|XDG_RUNTIME_DIR|LANG|USER|LOGNAME|PWD|OLDPWD|SHLVL|_|FORGECREW_CELL)$/;

async function play(engine: (typeof agentEngines)[number], given: Partial<Round> = {}): Promise<RoundEnd> {
  model ??= await startModel([]);
  return playRound({
    engine,
    command: 'stand-in',
    isolation,
    model: { url: model.url, key: model.key, api: 'openai' },
    ...(engine === 'command' ? { sessionFolder: '.memory/own' } : {}),
    prompt: 'Mend the roof. KEPT-WORD',
    ...given,
  });
}

describe.skipIf(!works('user') && !works('bwrap')).each(agentEngines)('%s', (engine) => {
  it('gets the prompt, the tools and a model, signals, and says its version', async () => {
    const { said, ending, calls, version, session, placeholder } = await play(engine);

    expect(said).toContain('asked: Mend the roof.');
    expect(said).toContain('model: 200');
    expect(said).toContain(
      'tools: read_issue read_pr read_comments post_comment update_description propose_action signal_done',
    );
    expect(calls).toEqual(['read_issue', 'signal_done']);
    expect(ending).toMatchObject({ end: 'signalled', why: null, signal: { status: 'success' }, exitCode: 0 });
    expect(version).toEqual(
      { claude: '2.1.0 (Claude Code)', codex: 'codex-cli 0.9.0', opencode: '1.2.3', command: null }[engine],
    );
    if (engine !== 'command') expect(said).toContain('used 12 tokens of input and 3 of output');
    expect(session).toMatchObject({ kind: 'session', note: { engine } });
    expect(said).not.toContain(placeholder);
  });

  it('goes on in a fresh home with what it remembers, and is kept again with both rounds', async () => {
    const first = await play(engine);
    if (first.session.kind !== 'session') throw new Error(JSON.stringify(first.session));

    const second = await play(engine, { prompt: 'There is a comment.', session: first.session });

    expect(second.given).toEqual({ kind: 'given' });
    expect(second.said).toContain('asked: There is a comment.');
    expect(second.said).toContain('remembers: KEPT-WORD');
    expect(second.ending).toMatchObject({ end: 'signalled' });
    expect(second.cell.home === first.cell.home).toBe(isolation === 'bwrap');
    if (second.session.kind !== 'session') throw new Error(JSON.stringify(second.session));
    expect(second.session.note.id).toBe(first.session.note.id);
    const third = await play(engine, { prompt: 'And another one.', session: second.session });
    expect(third.said).toContain('remembers: KEPT-WORD');
  });

  it('has its own error told', async () => {
    const { ending, said } = await play(engine, { prompt: 'FAIL' });

    expect(ending).toMatchObject({ end: 'exited', exitCode: 1, signal: null });
    expect(ending.why).toContain('ended with code 1');
    // Of a program that is not known, nobody can say which of its words are an error; they stand in the log.
    if (engine === 'command') expect(said).toContain('the model is gone');
    else expect(ending.why).toContain('it said: the model is gone');
  });

  it('holds the placeholder in its environment alone, and no key and no variable of ours', async () => {
    const { files, placeholder } = await play(engine);

    const { environment, args } = JSON.parse(files['seen.json'] ?? '') as {
      environment: Record<string, string>;
      args: string[];
    };
    expect(
      Object.keys(environment)
        .filter((name) => !usual.test(name))
        .sort(),
    ).toEqual([...own[engine]].sort());
    expect(Object.values(environment)).toContain(placeholder);
    expect(args.join(' ')).not.toContain(placeholder);
    expect(JSON.stringify([environment, args])).not.toContain(model?.key);
  });

  it('is started without a model where the role has no key', async () => {
    const program = engineOf(engine).program({
      command: [],
      model: null,
      tools: null,
      prompt: 'Mend it.',
      home: '/home',
      workspace: '/work',
      mcp: { command: '/bin/forge', args: ['mcp'] },
      access: null,
      sessionFolder: null,
      session: { id: '11111111-2222-4333-8444-555555555555', isResumed: false },
    });

    expect(program.input).toBe('Mend it.');
    expect(JSON.stringify(program)).not.toMatch(/MODEL_KEY|API_KEY|base_?url|--model/i);
  });
});

describe('tools of the manifest', () => {
  const start = {
    command: [],
    model: 'm',
    tools: ['read', 'edit'],
    prompt: '',
    home: '/home',
    workspace: '/work',
    mcp: { command: '/bin/forge', args: ['mcp'] },
    access: null,
    sessionFolder: null,
    session: { id: 'x', isResumed: false },
  };

  it('are all that claude may use, beside the way to the forge', () => {
    const { args } = engineOf('claude').program(start);

    expect(args[args.indexOf('--tools') + 1]).toBe('read,edit');
    expect(args[args.indexOf('--allowedTools') + 1]).toBe('mcp__forge,read,edit');
  });

  it('are all that opencode may use, beside the way to the forge: the last rule that fits holds', () => {
    const { environment } = engineOf('opencode').program(start);

    expect(Object.entries(JSON.parse(environment.OPENCODE_CONFIG_CONTENT ?? '').permission)).toEqual([
      ['*', 'deny'],
      ['read', 'allow'],
      ['edit', 'allow'],
      ['forge_*', 'allow'],
    ]);
  });
});
