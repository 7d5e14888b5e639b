// How many calls ops-filer makes, and how near it comes to the latency floor of those calls.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startForge } from '../../embedded-forge/main.ts';
import { allScopes, seeder } from '../../embedded-forge/seed.ts';
import { median, type Row, root, timed } from './measure.ts';

const compiled = path.join(root, 'dist/ops-filer/index.js');
const latencyMs = 20;

const entries = Array.from(
  { length: 8 },
  (_, index) =>
    `- id: e${index}\n  title: Entry ${index}\n  labels: [backlog]\n  body: |\n    Text of entry ${index}.`,
).join('\n\n');
const sprint = (vision: number): string =>
  `# Sprint: bench\n\n## Vision issues\n- #${vision} — bench\n\n## Sub-issues\n\n<!-- filer:begin -->\n${entries}\n<!-- filer:end -->\n`;

/** Eight entries into a project with this many issues of other people, then the same run again. */
async function filing(others: number): Promise<Row[]> {
  const rows: Row[] = [];
  const calls: number[] = [];
  const ratios: number[] = [];
  const again: number[] = [];
  for (let nth = 0; nth < 3; nth += 1) {
    process.stderr.write(`filing into ${others} issues, ${nth + 1} of 3 ...\n`);
    const forge = await startForge({ latencyMs: 0 });
    const seed = seeder(forge.url, forge.adminToken);
    const owner = await seed.createUser('owner', allScopes);
    const filer = await seed.createUser('filer', ['write:issue', 'read:repository', 'read:user']);
    const project = await seed.createRepository(owner, 'project');
    const ops = await seed.createRepository(owner, 'ops');
    await seed.addCollaborator(owner, project, 'filer', 'write');
    const label = await seed.createLabel(owner, project, 'vision');
    for (const name of ['in-progress', 'backlog']) await seed.createLabel(owner, project, name);
    await seed.api('PATCH', `/repos/${project}`, { internal_tracker: { enable_issue_dependencies: false } });
    for (let index = 0; index < others; index += 1)
      await seed.createIssue(owner, project, { title: `other ${index}` });
    const vision = await seed.createIssue(owner, project, { title: 'bench', labels: [label] });
    const { body } = await seed.api('GET', `/repos/${ops}/branches/main`);
    forge.setLatency(latencyMs);
    const workspace = mkdtempSync(path.join(tmpdir(), 'forgecrew-bench-'));
    mkdirSync(path.join(workspace, 'sprints'));
    writeFileSync(path.join(workspace, 'sprints/bench.md'), sprint(vision));
    const environment = {
      CI: 'woodpecker',
      CI_FORGE_URL: forge.url,
      CI_REPO: ops,
      CI_REPO_DEFAULT_BRANCH: 'main',
      CI_COMMIT_BRANCH: 'main',
      CI_COMMIT_SHA: (body as { commit: { id: string } }).commit.id,
      CI_PIPELINE_EVENT: 'push',
      CI_WORKSPACE: workspace,
      PLUGIN_FORGE_TOKEN: filer.token,
      PLUGIN_FORGE_LOGIN: 'filer',
      PLUGIN_PROJECT_REPO: project,
    };
    forge.requests.length = 0;
    await timed(process.execPath, [compiled], environment);
    const made = [...forge.requests];
    calls.push(made.length);
    // How many calls had to wait for another: two that overlap do not wait for each other.
    const depth = depthOf(made);
    const span =
      Math.max(...made.map(({ answered }) => answered)) - Math.min(...made.map(({ arrived }) => arrived));
    ratios.push(span / (depth * latencyMs));
    forge.requests.length = 0;
    await timed(process.execPath, [compiled], environment);
    again.push(forge.requests.length);
    if (forge.requests.some(({ method }) => method !== 'GET'))
      throw new Error('a run with nothing to do wrote something');
    await forge.close();
    rmSync(workspace, { recursive: true, force: true });
  }
  rows.push({
    what: `8 entries into ${others.toLocaleString('en')} issues: calls`,
    measured: String(median(calls)),
    limit: 'at most 17 (15, the head of the ops repo, and whether it is paused)',
    holds: median(calls) <= 17,
  });
  rows.push({
    what: `8 entries into ${others.toLocaleString('en')} issues: time over latency floor`,
    measured: `${median(ratios).toFixed(2)} x`,
    limit: 'at most 1.5 x',
    holds: median(ratios) <= 1.5,
  });
  rows.push({
    what: `a second run, nothing to do, ${others.toLocaleString('en')} issues: reads`,
    measured: String(median(again)),
    limit: 'at most 7, no write',
    holds: median(again) <= 7,
  });
  return rows;
}

/** The longest chain of calls of which each began after the one before was answered. */
function depthOf(calls: { arrived: number; answered: number }[]): number {
  let depth = 0;
  let free = 0;
  for (const call of [...calls].sort((a, b) => a.answered - b.answered)) {
    if (call.arrived < free) continue;
    depth += 1;
    free = call.answered;
  }
  return depth;
}

export const conditions = `every answer of the server delayed by ${latencyMs} ms; medians.`;

export async function measure(): Promise<Row[]> {
  return [...(await filing(500)), ...(await filing(5000))];
}
