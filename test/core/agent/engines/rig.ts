import { realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { LocalIsolation, Network, Program } from '../../../../core/agent/cell/cell.ts';
import { admit } from '../../../../core/agent/cell/door.ts';
import { openCell } from '../../../../core/agent/cell/open-cell.ts';
import type { EngineStart } from '../../../../core/agent/engines/engine.ts';
import { engineOf } from '../../../../core/agent/engines/engines.ts';
import { type AgentEnding, followAgent } from '../../../../core/agent/follow.ts';
import type { AgentEngineName } from '../../../../core/agent/manifest.ts';
import { openModel } from '../../../../core/agent/model-access.ts';
import type { AgentOutcome } from '../../../../core/agent/outcome.ts';
import {
  type GivenSession,
  giveSession,
  placeInHome,
  type ReceivedSession,
  receiveSession,
} from '../../../../core/agent/session.ts';
import type { SessionNote } from '../../../../core/agent/session-note.ts';
import { forgeCommand, glue } from '../../../../core/agent/sidecar/command.ts';
import { openSidecar, socketName } from '../../../../core/agent/sidecar/sidecar.ts';
import type { Change } from '../../../../core/change.ts';
import { createMask } from '../../../../core/mask.ts';
import { makeFolder } from '../cell/machine.ts';
import { plainForge } from '../sidecar/rig.ts';
import { standIn } from './stand-in.ts';

/** A round of an engine in a cell of its own, with a sidecar before a forge of plain data and a proxy before a scripted model. */
export interface Round {
  engine: AgentEngineName;
  /** The program, or the stand-in for it. */
  command: string[] | 'stand-in';
  isolation: LocalIsolation;
  network?: Network;
  model?: { url: string; key: string; api: 'anthropic' | 'openai' };
  tools?: string[];
  sessionFolder?: string;
  prompt: string;
  /** Folders with programs, for `bwrap`. */
  readOnly?: string[];
  /** The session that goes on. */
  session?: { note: SessionNote; bytes: Buffer };
  /** Beside the key of the model. */
  secrets?: string[];
  /** It shows itself on the terminal of this process. */
  hasScreen?: boolean;
}

export interface RoundEnd {
  ending: AgentEnding;
  version: string | null;
  given: GivenSession | undefined;
  session: ReceivedSession;
  /** What the engine was shown to say. */
  said: string;
  /** What was asked of the forge. */
  calls: string[];
  models: AgentOutcome['models'];
  placeholder: string | undefined;
  /** What stands in its workspace under this name, as it reads it itself. */
  files: Record<string, string>;
  cell: { workspace: string; home: string };
}

const ourSession = '11111111-2222-4333-8444-555555555555';

export async function playRound(round: Round): Promise<RoundEnd> {
  const { engine: name, isolation, network = 'open', sessionFolder = null } = round;
  const { folder: base, remove } = makeFolder();
  const cell = await openCell({
    isolation,
    network,
    base,
    uids: { first: 70_000, count: 256 },
    readOnly: round.readOnly ?? [],
  });
  const lines: string[] = [];
  const say = (line: string): void => {
    lines.push(line);
  };
  const clock = (): Date => new Date();
  const mask = createMask();
  for (const secret of round.secrets ?? []) mask.add(secret);
  if (round.model !== undefined) mask.add(round.model.key);
  try {
    writeFileSync(
      path.join(cell.outside.bin, 'forge'),
      forgeCommand({ node: `${cell.inside.bin}/node`, socket: `${cell.inside.door}/${socketName}` }),
      { mode: 0o755 },
    );
    writeFileSync(path.join(cell.outside.bin, 'stand-in.mjs'), standIn, { mode: 0o644 });
    const command =
      round.command === 'stand-in'
        ? [`${cell.inside.bin}/node`, `${cell.inside.bin}/stand-in.mjs`, name]
        : round.command;
    await cell.own();
    const of = { engine: name, command, sessionFolder };
    const given = round.session === undefined ? undefined : await giveSession(cell, { of, ...round.session });
    const sidecar = await openSidecar({
      door: cell.outside.door,
      forge: plainForge(),
      scope: { repository: 'owner/project', issue: 5, pulls: [] },
      mask,
      say,
      now: clock,
      mayWrite: () => true,
      strangers: false,
    });
    admit(cell, socketName);
    const run = { agent: 'builder', engine: name, model: round.model === undefined ? null : 'vendor/big' };
    const model = await openModel(
      { ...run, maxCost: null, prices: null, spent: 0 } as Change<'run-agent'>,
      {
        model:
          round.model === undefined
            ? undefined
            : {
                ...round.model,
                url: round.model.api === 'openai' ? `${round.model.url}/v1` : round.model.url,
                maxOutputTokens: 8192,
              },
        connection: {},
        mask,
        say,
        clock,
      },
      cell,
      () => undefined,
    );
    const engine = engineOf(name);
    const asked = engine.version({ command });
    const version =
      asked === null
        ? null
        : (await cell.run({ ...asked, environment: {} }, { timeoutMs: 60_000, mostBytes: 4096 })).stdout
            .toString('utf8')
            .trim();
    const start: EngineStart = {
      command,
      model: run.model,
      tools: round.tools ?? null,
      prompt: round.prompt,
      home: cell.inside.home,
      workspace: cell.inside.workspace,
      mcp: { command: `${cell.inside.bin}/${glue.command}`, args: [...glue.args] },
      access: model.access,
      sessionFolder,
      session: { id: round.session?.note.id ?? ourSession, isResumed: round.session !== undefined },
    };
    let program: Program = engine.program(start);
    if (round.hasScreen === true) {
      const shown = engine.screen(start);
      await placeInHome(cell, shown.files);
      program = { ...shown.program, hasTerminal: true };
    }
    const ending = await followAgent(cell, model.wrap(program), {
      engine,
      sidecar,
      alive: { at: 0 },
      run: { timeoutMinutes: 10, watchdogMinutes: 10 },
      checkIn: { look: async () => undefined, lost: () => undefined, calledOff: () => undefined },
      hasScreen: round.hasScreen === true,
      deadline: Date.now() + 3_600_000,
      clock,
      say,
      mask,
    });
    await cell.endAll(2000);
    await sidecar.close();
    await model.close();
    const session = await receiveSession(cell, {
      of,
      id: ending.session ?? round.session?.note.id ?? ourSession,
      mask,
    });
    const read = await cell.run(
      {
        command: `${cell.inside.bin}/node`,
        args: [
          '-e',
          `const fs = require('node:fs'); console.log(JSON.stringify(Object.fromEntries(fs.readdirSync('.').filter((n) => !n.startsWith('.')).map((n) => [n, fs.readFileSync(n, 'utf8')]))))`,
        ],
        environment: {},
      },
      { timeoutMs: 10_000, mostBytes: 1024 * 1024 },
    );
    return {
      ending,
      version,
      given,
      session,
      said: lines.join('\n'),
      calls: sidecar.log.entries.map(({ tool }) => tool),
      models: model.use(),
      placeholder: model.access?.placeholder,
      files: JSON.parse(read.stdout.toString('utf8')),
      cell: { workspace: cell.inside.workspace, home: cell.inside.home },
    };
  } finally {
    await cell.remove();
    remove();
  }
}

/** Where the program and all that belongs to it stands: the folder above its node_modules. */
export function folderOf(program: string): string {
  const real = realpathSync(program);
  const at = real.indexOf('/node_modules/');
  return at < 0 ? path.dirname(real) : real.slice(0, at);
}
