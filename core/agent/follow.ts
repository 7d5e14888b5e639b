import type { Readable } from 'node:stream';
import type { Mask } from '../mask.ts';
import { plain } from '../text/log-line.ts';
import type { Cell, Program, Ending as ProgramEnding } from './cell/cell.ts';
import { type CheckIn, minuteMs } from './check-in.ts';
import { type AgentEngine, type EngineReport, silentReport } from './engines/engine.ts';
import type { AgentOutcome } from './outcome.ts';
import type { Sidecar } from './sidecar/sidecar.ts';

/** What following an agent to its end takes. */
export interface Following {
  engine: AgentEngine;
  sidecar: Pick<Sidecar, 'signalled' | 'closed'>;
  /** When it was last seen to do anything, in milliseconds since the epoch; kept up by whoever sees it. */
  alive: { at: number };
  run: { timeoutMinutes: number; watchdogMinutes: number };
  checkIn: Pick<CheckIn, 'look' | 'lost' | 'calledOff'>;
  /** A person sits at its own screen: they end it, and not its word that it is done. */
  hasScreen?: boolean;
  /** When the role's run has to be over, in milliseconds since the epoch. */
  deadline: number;
  clock(): Date;
  say(line: string): void;
  mask: Mask;
}

export type AgentEnding = Pick<
  AgentOutcome,
  'end' | 'why' | 'signal' | 'exitCode' | 'exitSignal' | 'session'
>;

type Ended = Omit<AgentEnding, 'session'>;

/** After it has called its work done, it may finish what it prints. */
const lastWordsMs = 10_000;
/** How often its times are looked at. */
const tickMs = 1000;
/** What the role needs after the agent, to examine, push and write: it is no longer the agent's. */
export const reserveMs = 5 * 60_000;

/**
 * Starts an agent and follows it until it ends, signals, is called off, or its time is over. The caller ends what is left of
 * its processes: this only says that it is over, and how.
 */
export async function followAgent(
  cell: Pick<Cell, 'start'>,
  program: Program,
  following: Following,
): Promise<AgentEnding> {
  const log = createLog(following);
  const ended = await follow(cell, program, following, log);
  const { session, usage } = log.report();
  if (usage !== null)
    following.say(
      `It says that it used ${usage.inputTokens} tokens of input and ${usage.outputTokens} of output.`,
    );
  return { ...ended, session };
}

async function follow(
  cell: Pick<Cell, 'start'>,
  program: Program,
  following: Following,
  log: Log,
): Promise<Ended> {
  const { sidecar, clock, say } = following;
  const started = cell.start(program);
  const read = Promise.all([started.stdout, started.stderr].map((stream) => log.read(stream)));
  const watch = watchOver(following);
  try {
    const first = await Promise.race([
      started.ended.then((ended) => ({ by: 'itself' as const, ended })),
      ...(following.hasScreen === true
        ? []
        : [sidecar.signalled.then((signal) => ({ by: 'signal' as const, signal }))]),
      sidecar.closed.then(() => ({ by: 'sidecar' as const })),
      watch.over.then((over) => ({ by: 'us' as const, over })),
    ]);
    switch (first.by) {
      case 'signal': {
        say(`It signals ${first.signal.status}.`);
        const ended = await within(lastWordsMs, started.ended);
        await within(1000, read);
        return {
          ...exitOf(ended),
          end: 'signalled',
          why: errorOf(following, log.report()) ?? null,
          signal: first.signal,
        };
      }
      case 'itself': {
        await within(1000, read);
        // Its last word may have come while it was ending.
        const signal = await within(0, sidecar.signalled);
        return {
          ...exitOf(first.ended),
          end: signal === undefined ? 'exited' : 'signalled',
          why: signal === undefined ? whyOf(errorOf(following, log.report()), first.ended) : null,
          signal: signal ?? null,
        };
      }
      case 'sidecar':
        return { ...exitOf(undefined), end: 'sidecar-gone', why: 'its way to the forge broke', signal: null };
      case 'us': {
        say(`It is ended: ${first.over.why}.`);
        // Where it stays open after that, its work was called done before somebody ended it.
        const signal = following.hasScreen === true ? await within(0, sidecar.signalled) : undefined;
        return { ...exitOf(undefined), ...first.over, signal: signal ?? null };
      }
    }
  } finally {
    watch.stop();
    log.stop();
    say(`It worked for ${((clock().getTime() - watch.from) / 1000).toFixed(1)} s.`);
  }
}

function exitOf(ended: ProgramEnding | undefined): Pick<Ended, 'exitCode' | 'exitSignal'> {
  return { exitCode: ended?.code ?? null, exitSignal: ended?.signal ?? null };
}

/** What the engine says of its own end, if anything: the agent's words, which go into the record. */
function errorOf({ mask }: Following, { error }: EngineReport): string | undefined {
  return error === null ? undefined : plain(mask.apply(error)).slice(0, 500);
}

function whyOf(error: string | undefined, { code, signal }: ProgramEnding): string {
  return `it ended with ${signal ?? `code ${code}`} and never called its work done${error === undefined ? '' : `; it said: ${error}`}`;
}

/** Times and the will of people, looked at while the agent works. */
function watchOver({ alive, run, checkIn, deadline, clock }: Following): {
  from: number;
  over: Promise<Pick<Ended, 'end' | 'why'> & { why: string }>;
  stop(): void;
} {
  const from = clock().getTime();
  alive.at = from;
  const ownEnd = from + run.timeoutMinutes * 60_000;
  const last = Math.min(ownEnd, deadline - reserveMs);
  let stop = (): void => undefined;
  const over = new Promise<Pick<Ended, 'end' | 'why'> & { why: string }>((done) => {
    const times = setInterval(() => {
      const now = clock().getTime();
      if (now >= last)
        done({
          end: 'timeout',
          why:
            last === ownEnd
              ? `its ${run.timeoutMinutes} minutes are over`
              : 'the deadline of this run is near, and what it made has still to be looked at',
        });
      else if (now - alive.at >= run.watchdogMinutes * 60_000)
        done({
          end: 'watchdog',
          why: `it did nothing that could be seen for ${run.watchdogMinutes} minutes`,
        });
    }, tickMs);
    let isLooking = false;
    const looks = setInterval(() => {
      if (isLooking) return;
      isLooking = true;
      checkIn
        .look()
        .catch(() => undefined)
        .finally(() => {
          isLooking = false;
          const [lost, calledOff] = [checkIn.lost(), checkIn.calledOff()];
          if (lost !== undefined) done({ end: 'claim-lost', why: lost });
          else if (calledOff !== undefined) done({ end: 'called-off', why: calledOff });
        });
    }, minuteMs);
    stop = () => {
      clearInterval(times);
      clearInterval(looks);
    };
  });
  return { from, over, stop };
}

const mostLines = 2000;
const mostOfLine = 2000;

interface Log {
  read(stream: Readable): Promise<void>;
  report(): EngineReport;
  stop(): void;
}

/** What an agent prints: shown as plain lines of the log, a bounded number of them, and every one of them read by its engine. */
function createLog({ engine, alive, clock, say, mask }: Following): Log {
  let report = silentReport;
  const streams: Readable[] = [];
  let shown = 0;
  const take = (line: string): void => {
    alive.at = clock().getTime();
    report = engine.read(report, line);
    const text = engine.shown(line);
    if (text === null || text.trim() === '') return;
    shown += 1;
    if (shown === mostLines) say('  | (further lines of it are not shown)');
    if (shown >= mostLines) return;
    // Masked before it is cut: half a secret would no longer be found.
    say(`  | ${plain(mask.apply(text).slice(0, mostOfLine))}`);
  };
  return {
    async read(stream) {
      streams.push(stream);
      // Lines are cut by us: one without an end would grow in memory for ever.
      let left = '';
      stream.setEncoding('utf8');
      try {
        for await (const chunk of stream as AsyncIterable<string>) {
          const parts = `${left}${chunk}`.split('\n');
          left = parts.pop() ?? '';
          for (const part of parts) take(part.slice(0, longestLine));
          if (left.length > longestLine) {
            take(left.slice(0, longestLine));
            left = '';
          }
        }
        if (left !== '') take(left);
      } catch {
        // It was ended in the middle of a line.
      }
    },
    report: () => report,
    stop() {
      for (const stream of streams) stream.destroy();
    },
  };
}

/** Longer ones are taken apart. An engine's own report of its end is one line, and not a short one. */
const longestLine = 1024 * 1024;

/** What comes within a time, or undefined. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((done) => {
    timer = setTimeout(() => done(undefined), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
