// How many calls ops-filer makes, through the API, where everything but five visions is finished.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { opsFiler } from '../../actions/ops-filer/role.ts';
import { runRole } from '../../core/run.ts';
import { sealBody } from '../../core/sealed.ts';
import { markLine } from '../../core/sprint/marker.ts';
import { startForge } from '../../embedded-forge/main.ts';
import { allScopes, seeder } from '../../embedded-forge/seed.ts';
import type { Row } from './measure.ts';

/** Visions that are still worked on; one has an entry that depends on a closed one. */
const open = 5;

export interface Growth {
  documents: number;
  /** Issues that the filer wrote. */
  issues: number;
  /** What one idle run asked, `GET /path`. */
  calls: string[];
  code: number;
  lines: string[];
}

/** A project with so many finished visions, a document and an issue each, and five open ones; and what an idle run asks there. */
export async function idleAmong(finished: number): Promise<Growth> {
  const forge = await startForge({ latencyMs: 0 });
  const workspace = mkdtempSync(path.join(tmpdir(), 'forgecrew-growth-'));
  try {
    const seed = seeder(forge.url, forge.adminToken);
    const owner = await seed.createUser('owner', allScopes);
    const filer = await seed.createUser('filer', ['write:issue', 'read:repository', 'read:user']);
    const project = await seed.createRepository(owner, 'project');
    const ops = await seed.createRepository(owner, 'ops');
    await seed.addCollaborator(owner, project, filer.login, 'write');
    const [label, progress, backlog] = [
      await seed.createLabel(owner, project, 'vision'),
      await seed.createLabel(owner, project, 'in-progress'),
      await seed.createLabel(owner, project, 'backlog'),
    ];
    const files: { operation: string; path: string; content: string }[] = [];
    let issues = 0;
    for (let nth = 0; nth < finished + open; nth += 1) {
      const isOpen = nth >= finished;
      const vision = await seed.createIssue(owner, project, {
        title: `Goal ${nth}`,
        labels: isOpen ? [label, progress] : [label],
      });
      const slug = `document-${nth}`;
      const file = async (id: string, on?: number): Promise<number> => {
        const title = `Title of ${id}`;
        const content = on === undefined ? 'Text.\n' : `Text.\n\n## Depends on\n- #${on}\n`;
        issues += 1;
        return seed.createIssue(filer, project, {
          title,
          body: sealBody(title, content, markLine({ vision, sprint: slug, id })),
          labels: [backlog],
        });
      };
      const first = await file('first');
      if (nth !== finished + open - 1) {
        if (!isOpen) {
          await seed.closeIssue(filer, project, first);
          await seed.closeIssue(owner, project, vision);
        }
        files.push(documentFile(slug, vision, [['first']]));
        continue;
      }
      await seed.closeIssue(filer, project, first);
      await file('second', first);
      files.push(documentFile(slug, vision, [['first'], ['second', 'first']]));
    }
    await seed.api('POST', `/repos/${ops}/contents`, { message: 'documents', files }, owner.token);
    forge.requests.length = 0;
    const lines: string[] = [];
    const code = await runRole(opsFiler, {
      environment: {
        CI: 'woodpecker',
        CI_FORGE_URL: forge.url,
        CI_REPO: project,
        CI_COMMIT_BRANCH: 'main',
        CI_PIPELINE_EVENT: 'cron',
        CI_WORKSPACE: workspace,
        PLUGIN_FORGE_TOKEN: filer.token,
        PLUGIN_FORGE_LOGIN: filer.login,
        PLUGIN_PROJECT_REPO: project,
        PLUGIN_OPS_REPO: ops,
      },
      args: [],
      workingDirectory: workspace,
      print: (line) => lines.push(line),
      now: () => new Date(),
    });
    return {
      documents: files.length,
      issues,
      calls: forge.requests.map(({ method, path: where }) => `${method} ${where}`),
      code,
      lines,
    };
  } finally {
    await forge.close();
    rmSync(workspace, { recursive: true, force: true });
  }
}

function documentFile(
  slug: string,
  vision: number,
  entries: [id: string, on?: string][],
): { operation: string; path: string; content: string } {
  const block = entries
    .map(
      ([id, on]) =>
        `- id: ${id}\n  title: Title of ${id}\n  labels: [backlog]\n  depends_on: [${on ?? ''}]\n  body: |\n    Text.\n`,
    )
    .join('');
  const text = `# Sprint: ${slug}\n\n## Vision issues\n- #${vision} — a goal\n\n<!-- filer:begin -->\n${block}<!-- filer:end -->\n`;
  return {
    operation: 'create',
    path: `sprints/${slug}.md`,
    content: Buffer.from(text, 'utf8').toString('base64'),
  };
}

/** What an idle run may cost at most: two things may grow, and nothing else. */
export function mostCalls({ documents, issues }: { documents: number; issues: number }): number {
  return 8 + Math.ceil(documents / 45) + Math.ceil(issues / 50);
}

export async function filingGrowth(sizes: number[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const size of sizes) {
    process.stderr.write(`ops-filer among ${size} finished visions ...\n`);
    const growth = await idleAmong(size);
    if (growth.code !== 0 || growth.calls.some((call) => !call.startsWith('GET')))
      throw new Error(`an idle run was not idle:\n${growth.lines.join('\n')}`);
    const most = mostCalls(growth);
    rows.push({
      what: `ops-filer through the API, ${size.toLocaleString('en')} finished visions and ${open} open: calls`,
      measured: String(growth.calls.length),
      limit: `at most ${most} (8, one for 45 documents, one for 50 issues of ours)`,
      holds: growth.calls.length <= most,
    });
  }
  return rows;
}
