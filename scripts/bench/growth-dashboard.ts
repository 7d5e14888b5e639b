// How many calls an idle run of dashboard makes, with a hundred visions and two hundred sprint documents, where many vault actions
// are finished.
import { type Boards, startBoards } from '../../test/boards.ts';
import { actionText } from '../../test/vault.ts';
import type { Row } from './measure.ts';

const visions = 100;
const sprints = 200;

const sha = '1'.repeat(40);

function recordsOf(id: string): Record<string, string> {
  return {
    [`fired/${id}.json`]: JSON.stringify({ version: 2, id }),
    [`ended/${id}.json`]: JSON.stringify({
      version: 2,
      id,
      outcome: 'success',
      run: { id: 7, url: 'https://ci.example/7' },
      at: '2026-11-26T07:30:00Z',
      by: 'dispatcher',
    }),
  };
}

async function commit(boards: Boards, files: Record<string, string>): Promise<void> {
  const { status, body } = await boards.seed.api(
    'POST',
    `/repos/${boards.ops}/contents`,
    {
      branch: 'main',
      message: 'documents',
      files: Object.entries(files).map(([path, text]) => ({
        operation: 'create',
        path,
        content: Buffer.from(text).toString('base64'),
      })),
    },
    boards.owner.token,
  );
  if (status > 299) throw new Error(`${status}: ${JSON.stringify(body)}`);
}

/** What an idle run asks among so many finished actions. */
async function boardAmong(finished: number): Promise<number> {
  const boards = await startBoards();
  try {
    for (let nth = 0; nth < visions; nth += 1) await boards.vision(`Goal ${nth}`);
    const ids = Array.from({ length: finished }, (_, nth) => `backup-${nth}`);
    await commit(boards, {
      ...Object.fromEntries(ids.map((id) => [`vault/actions/${id}.toml`, actionText()])),
      ...Object.fromEntries(
        Array.from({ length: sprints }, (_, nth) => [`sprints/s-${nth}.md`, `# Sprint: ${nth} ${sha}\n`]),
      ),
      'prerequisites.md': '## Objective: One\n- [ ] a (#1)\nStatus: BLOCKED\n',
      'vault/pending/a.md': '# Ask\n',
      'evidence/process/2026-11-25.json': '{}',
    });
    await boards.records(Object.assign({}, ...ids.map(recordsOf)));
    const made = await boards.run();
    if (made.code !== 0) throw new Error(`the dashboard was not made:\n${made.lines.join('\n')}`);
    const { code, lines, calls } = await boards.run();
    if (code !== 0 || calls.some((call) => !call.startsWith('GET')))
      throw new Error(`an idle run was not idle:\n${lines.join('\n')}`);
    if (process.env.FORGECREW_BENCH_CALLS !== undefined) process.stderr.write(`${calls.join('\n')}\n`);
    return calls.length;
  } finally {
    await boards.close();
  }
}

export async function dashboardGrowth(sizes: number[]): Promise<Row[]> {
  const rows: Row[] = [];
  const most = 25 + Math.ceil(visions / 50);
  for (const size of sizes) {
    process.stderr.write(`dashboard among ${size} finished actions ...\n`);
    const measured = await boardAmong(size);
    rows.push({
      what: `dashboard, ${visions} visions, ${sprints} sprint documents, ${size.toLocaleString('en')} finished actions: calls of an idle run`,
      measured: String(measured),
      limit: `at most ${most} (25, and one for 50 issues)`,
      holds: measured <= most,
    });
  }
  return rows;
}
