import { randomInt } from 'node:crypto';
import path from 'node:path';
import type { ConnectionOptions } from '../api/connection.ts';
import { UserError } from '../errors.ts';
import type { Mask } from '../mask.ts';
import type { AgentRun } from './agent-run.ts';
import { bridgeScript } from './bridge.ts';
import type { Cell, Program } from './cell/cell.ts';
import type { EngineStart } from './engines/engine.ts';
import { engineOf } from './engines/engines.ts';
import type { AgentOutcome } from './outcome.ts';
import { openProxy } from './proxy/proxy.ts';

/** Where a model is, and the key for it. */
export interface ModelSettings {
  /** The public one of its API where absent. */
  url: string | undefined;
  key: string;
  /** What it speaks, for an engine that does not say. */
  api: 'anthropic' | 'openai';
  maxOutputTokens: number;
}

/** An agent's way to its model, while it works. */
export interface ModelAccess {
  /** What the engine is told; `null` where there is no model. */
  access: EngineStart['access'];
  /** The program as it has to be started, so that it reaches the model. */
  wrap(program: Program): Program;
  use(): AgentOutcome['models'];
  close(): Promise<void>;
}

const publicUrls = { anthropic: 'https://api.anthropic.com', openai: 'https://api.openai.com/v1' };

const modelSocket = 'model.sock';

/** Where the bridge listens on the agent's loopback address; not always at the same place, should that be shared with another. */
const bridgePorts = [20_000, 30_000] as const;

/** Opens the way to the model that the settings name, or none where they name none. */
export async function openModel(
  run: AgentRun,
  given: {
    model: ModelSettings | undefined;
    connection: ConnectionOptions;
    mask: Mask;
    say(line: string): void;
    clock(): Date;
  },
  cell: Cell,
  heard: () => void,
): Promise<ModelAccess> {
  const { model, connection, mask, say, clock } = given;
  // Without any network there is no way to a model either.
  if (model === undefined || cell.network === 'none') {
    if (run.maxCost !== null)
      throw new UserError(
        'max_cost cannot be kept: the role has no engine-key, so nothing counts what the agent asks of a model.',
        'Give engine-key, so that its model is asked through the role, or take max_cost out of the manifest.',
      );
    return { access: null, wrap: (program) => program, use: () => null, close: async () => undefined };
  }
  if (run.model === null)
    throw new UserError(
      `The manifest of ${run.agent} names no model, and the role asks only for one that is named.`,
      'Set model in the manifest.',
    );
  const api = engineOf(run.engine).api ?? model.api;
  const bySocket = !cell.hasOurLoopback;
  const socket = path.join(cell.door.folder, modelSocket);
  const proxy = await openProxy({
    api,
    upstream: model.url ?? publicUrls[api],
    key: model.key,
    model: run.model,
    listen: bySocket ? { kind: 'socket', path: socket } : { kind: 'loopback' },
    prices:
      run.prices === null
        ? null
        : {
            input: run.prices.input,
            output: run.prices.output,
            ...(run.prices.cacheRead === null ? {} : { cacheRead: run.prices.cacheRead }),
            ...(run.prices.cacheWrite === null ? {} : { cacheWrite: run.prices.cacheWrite }),
          },
    maxCost: run.maxCost,
    spent: run.spent,
    maxOutputTokens: model.maxOutputTokens,
    connection,
    say: (line) => {
      heard();
      say(line);
    },
    clock,
  });
  if (bySocket) {
    cell.door.admit(modelSocket);
    cell.place('bridge.mjs', bridgeScript, 0o644);
  }
  const bridgePort = randomInt(...bridgePorts);
  const origin = bySocket ? `http://127.0.0.1:${bridgePort}` : proxy.address;
  return {
    access: { url: api === 'openai' ? `${origin}/v1` : origin, placeholder: proxy.placeholder, api },
    wrap: (program) =>
      bySocket
        ? {
            ...program,
            command: `${cell.inside.bin}/node`,
            args: [
              `${cell.inside.bin}/bridge.mjs`,
              String(bridgePort),
              `${cell.inside.door}/${modelSocket}`,
              program.command,
              ...program.args,
            ],
          }
        : program,
    use() {
      const { calls, inputTokens, outputTokens, cost } = proxy.use();
      return {
        calls,
        inputTokens,
        outputTokens,
        cost,
        // Paths and names of fields are the agent's, and the record is not written where it holds a secret.
        refused: proxy.refused.map(({ at, why }) => ({ at, why: mask.apply(why) })),
        reachedLimit: proxy.reached,
      };
    },
    close: () => proxy.close(),
  };
}
