// How many calls an idle run of architect-pitch makes, where many pitches are merged or declined and their visions closed, and five wait for
// a word.
import { branchPrefix } from '../../actions/architect-pitch/text.ts';
import type { Person } from '../../embedded-forge/seed.ts';
import { type Pitching, pitchText, startPitching } from '../../test/pitching.ts';
import type { Row } from './measure.ts';

const open = 5;

/** What an idle run asks among so many finished pitches. */
export async function pitchesAmong(finished: number): Promise<string[]> {
  const forge = await startPitching();
  try {
    const settings = { PLUGIN_MAX_OPEN_PITCHES: String(open) };
    await finish(forge, finished);
    // Nothing of what is finished is as new as the visions below.
    forge.later();
    for (let nth = 0; nth < open; nth += 1) await forge.vision(`Goal ${nth}`);
    const made = await forge.run(settings);
    if (made.code !== 0) throw new Error(`the pitches were not made:\n${made.text}`);
    const { code, text, calls } = await forge.run(settings);
    const pulls = calls.filter((call) => call.includes('/timeline '));
    if (code !== 0 || calls.some((call) => !call.startsWith('GET')) || pulls.length !== open)
      throw new Error(`an idle run was not idle:\n${text}`);
    return calls;
  } finally {
    await forge.close();
  }
}

/** How many of what is finished people merged; the rest they declined, which is made faster and is listed just the same. */
const fewMerged = 5;

/** Visions that are closed, each with a document on main and a pitch that is closed. */
async function finish({ seed, architect, owner, project, ops }: Pitching, count: number): Promise<void> {
  const fork = `${architect.login}/ops`;
  const must = async (by: Person, method: string, path: string, body?: unknown): Promise<void> => {
    const { status, body: said } = await seed.api(method, path, body, by.token);
    if (status > 299) throw new Error(`${method} ${path} was answered ${status}: ${JSON.stringify(said)}`);
  };
  const visions: number[] = [];
  for (let nth = 0; nth < count; nth += 1) {
    const vision = await seed.createIssue(owner, project, { title: `Done ${nth}` });
    await seed.closeIssue(owner, project, vision);
    visions.push(vision);
  }
  const fileOf = (vision: number): { operation: string; path: string; content: string } => ({
    operation: 'create',
    path: `sprints/done-${vision}.md`,
    content: Buffer.from(pitchText(vision, { name: `done ${vision}` }), 'utf8').toString('base64'),
  });
  await must(owner, 'POST', `/repos/${ops}/contents`, {
    branch: 'main',
    message: 'documents',
    files: visions.slice(fewMerged).map(fileOf),
  });
  await must(architect, 'POST', `/repos/${ops}/forks`, {});
  for (const [nth, vision] of visions.entries()) {
    const branch = `${branchPrefix}${vision}`;
    const isMerged = nth < fewMerged;
    if (isMerged || nth === fewMerged)
      await must(architect, 'POST', `/repos/${fork}/contents`, {
        branch: 'main',
        new_branch: branch,
        message: 'a document',
        files: [isMerged ? fileOf(vision) : { ...fileOf(vision), path: 'sprints/declined.md' }],
      });
    else
      await must(architect, 'POST', `/repos/${fork}/branches`, {
        new_branch_name: branch,
        old_ref_name: `${branchPrefix}${visions[fewMerged]}`,
      });
    const pull = await seed.openPull(architect, ops, {
      head: `${architect.login}:${branch}`,
      base: 'main',
      title: `sprint: done ${vision}`,
    });
    if (isMerged) {
      await seed.mergePull(owner, ops, pull);
      await must(architect, 'DELETE', `/repos/${fork}/branches/${encodeURIComponent(branch)}`);
    } else await must(owner, 'PATCH', `/repos/${ops}/pulls/${pull}`, { state: 'closed' });
  }
}

const mostCalls = 16;

export async function pitchGrowth(sizes: number[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const size of sizes) {
    process.stderr.write(`architect-pitch among ${size} finished pitches ...\n`);
    const { length } = await pitchesAmong(size);
    rows.push({
      what: `architect-pitch, ${size.toLocaleString('en')} finished pitches and ${open} open: calls of an idle run`,
      measured: String(length),
      limit: `at most ${mostCalls}`,
      holds: length <= mostCalls,
    });
  }
  return rows;
}
