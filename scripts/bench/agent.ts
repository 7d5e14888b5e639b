// What forge-agent costs beside its agent: a run around one that writes a file and signals, against a plain script that clones, runs
// the same program, commits, pushes and opens the pull request; and one call to the sidecar against asking the forge itself.
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createAgentForge } from '../../core/agent/sidecar/api-agent-forge.ts';
import { fixedScope } from '../../core/agent/sidecar/scope.ts';
import { openSidecar } from '../../core/agent/sidecar/sidecar.ts';
import { createSend } from '../../core/api/http.ts';
import { getIssue } from '../../core/forge/issues.ts';
import { createMask } from '../../core/mask.ts';
import { type AgentRig, startAgents } from '../../test/agent.ts';
import { median, type Row, timed } from './measure.ts';

const runs = 5;
const calls = 300;

export const conditions = `medians of ${runs} runs, taken in turn; the embedded forge in this process, its answers not delayed.`;

const work = "require('node:fs').writeFileSync('poem.txt', 'a poem')";
const program = `${work}; require('node:child_process').execFileSync('forge', ['signal-done', 'success', '--summary', 'Done.'])`;

/** The role, from the claim to the closed entry. */
async function byRole(): Promise<number> {
  const rig = await startAgents();
  try {
    await rig.declare(program);
    // The state repo and the fork are there, as they are from the second issue on.
    await rig.run();
    await fork(rig);
    await rig.ask();
    const begin = performance.now();
    const { code, text } = await rig.run();
    const ms = performance.now() - begin;
    if (code !== 0 || (await rig.pulls()).length !== 1) throw new Error(`a measured run failed:\n${text}`);
    return ms;
  } finally {
    await rig.close();
  }
}

async function fork({ seed, project, worker }: AgentRig): Promise<void> {
  const { status } = await seed.api('POST', `/repos/${project}/forks`, {}, worker.token);
  if (status !== 202) throw new Error(`the fork was answered ${status}`);
}

/** What a script would do that trusts everything: the agent has the token beside it. */
async function byScript(): Promise<number> {
  const rig = await startAgents();
  const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-bench-'));
  try {
    await fork(rig);
    const { url } = rig.forge;
    const withToken = url.replace('://', `://${rig.worker.login}:${rig.worker.token}@`);
    const open = JSON.stringify({
      head: `${rig.worker.login}:crew/1`,
      base: 'main',
      title: 'A poem',
      body: '',
    });
    const script = [
      'set -e',
      `git clone -q ${withToken}/${rig.project}.git work`,
      'cd work',
      `node -e "${work.replaceAll('"', '\\"')}"`,
      'git add --all',
      'git -c user.name=a -c user.email=a@example.test commit -qm work',
      `git push -q ${withToken}/${rig.worker.login}/project.git HEAD:refs/heads/crew/1`,
      `curl -fsS -H 'authorization: token ${rig.worker.token}' -H 'content-type: application/json' -d '${open}' ${url}/api/v1/repos/${rig.project}/pulls`,
    ].join('\n');
    return (await timed('sh', ['-c', script], {}, folder)).ms;
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await rig.close();
  }
}

/** One call of a client that stays connected, and the same read asked of the forge itself. */
async function ofCalls(): Promise<{ sidecar: number; direct: number }> {
  const rig = await startAgents();
  const door = mkdtempSync(path.join(tmpdir(), 'forgecrew-door-'));
  const sending = createSend({
    url: rig.forge.url,
    token: rig.worker.token,
    deadline: Date.now() + 3_600_000,
    mask: createMask(),
  });
  try {
    const issue = await rig.ask();
    const scope = fixedScope({ repository: rig.project, issue, pulls: [] });
    const sidecar = await openSidecar({
      door,
      forge: createAgentForge({
        repository: rig.project,
        send: sending,
        write: async () => [],
        pullOf: async () => null,
        run: 'bench',
      }),
      scope,
      mask: createMask(),
      say: () => undefined,
      now: () => new Date(),
      mayWrite: () => true,
      strangers: false,
      limits: { linesPerSecond: 1_000_000, calls: 1_000_000 },
    });
    const socket = net.connect(sidecar.socket);
    let left = '';
    let answered: () => void = () => undefined;
    socket.setEncoding('utf8').on('data', (text: string) => {
      left += text;
      for (let at = left.indexOf('\n'); at >= 0; at = left.indexOf('\n')) {
        left = left.slice(at + 1);
        answered();
      }
    });
    const call = (id: number): Promise<void> =>
      new Promise((done) => {
        answered = done;
        socket.write(
          `${JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'read_issue', arguments: {} } })}\n`,
        );
      });
    const time = async (ask: (nth: number) => Promise<unknown>): Promise<number> => {
      const begin = performance.now();
      for (let nth = 1; nth <= calls; nth += 1) await ask(nth);
      return (performance.now() - begin) / calls;
    };
    await call(0);
    const measured = {
      sidecar: await time(call),
      direct: await time(() => getIssue(sending, rig.project, issue)),
    };
    socket.destroy();
    await sidecar.close();
    return measured;
  } finally {
    sending.close();
    rmSync(door, { recursive: true, force: true });
    await rig.close();
  }
}

export async function measure(): Promise<Row[]> {
  const [role, script, sidecar, direct]: number[][] = [[], [], [], []];
  for (let nth = 0; nth < runs; nth += 1) {
    process.stderr.write(`run ${nth + 1} of ${runs} ...\n`);
    role?.push(await byRole());
    script?.push(await byScript());
    const found = await ofCalls();
    sidecar?.push(found.sidecar);
    direct?.push(found.direct);
  }
  const [ofRole, ofScript, ofSidecar, ofDirect] = [role, script, sidecar, direct].map((list) =>
    median(list ?? []),
  );
  const ratio = (one = 0, other = 1): number => one / other;
  const whole = ratio(ofRole, ofScript);
  const call = ratio(ofSidecar, ofDirect);
  return [
    {
      what: 'a run around an agent that does next to nothing: its time over that of a plain script',
      measured: `${whole.toFixed(1)} x (${((ofRole ?? 0) / 1000).toFixed(1)} s)`,
      limit: `at most ${mostWhole} x`,
      holds: whole <= mostWhole,
    },
    {
      what: 'one call to the sidecar, read_issue: its time over asking the forge itself',
      measured: `${call.toFixed(2)} x (${(ofSidecar ?? 0).toFixed(2)} ms)`,
      limit: `at most ${mostCall} x`,
      holds: call <= mostCall,
    },
  ];
}

/** It claims, isolates, searches, examines and records; a script does none of that. */
const mostWhole = 6;
const mostCall = 2;
