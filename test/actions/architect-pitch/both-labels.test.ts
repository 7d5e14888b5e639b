import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readVisions } from '../../../actions/architect-pitch/read-project.ts';
import type { Context } from '../../../actions/architect-pitch/state.ts';
import { createSend } from '../../../core/api/http.ts';
import { createMask } from '../../../core/mask.ts';
import type { EmbeddedForge } from '../../../embedded-forge/main.ts';
import { allScopes, type Person, type Seeder, seeder } from '../../../embedded-forge/seed.ts';
import { startTestForge } from '../../embedded.ts';

// A label may be one of the repository, of its organisation, or of both by the same name: people cannot tell which they choose.

const project = 'acme/project';
let forge: EmbeddedForge;
let seed: Seeder;
let owner: Person;
beforeEach(async () => {
  forge = await startTestForge();
  seed = seeder(forge.url, forge.adminToken);
  owner = await seed.createUser('owner', allScopes);
  await must('POST', '/orgs', { username: 'acme' });
  await must('POST', '/orgs/acme/repos', { name: 'project', auto_init: true });
});
afterEach(() => forge.close());

async function must<T>(method: string, where: string, body?: unknown): Promise<T> {
  const answer = await seed.api(method, where, body, owner.token);
  if (answer.status > 299) throw new Error(`${method} ${where}: ${answer.status}`);
  return answer.body as T;
}

const label = async (where: 'orgs/acme' | 'repos/acme/project'): Promise<number> =>
  (await must<{ id: number }>('POST', `/${where}/labels`, { name: 'vision', color: '#112233' })).id;

/** The open visions of a project with too many open issues to list them all, and what was asked for them. */
async function visions(): Promise<{ numbers: number[]; asked: string[] }> {
  const from = forge.requests.length;
  const send = createSend({
    url: forge.url,
    token: owner.token,
    mask: createMask(),
    deadline: Date.now() + 60_000,
  });
  try {
    const settings = { 'project-repo': project, 'vision-label': 'vision' };
    const context = { settings, send, kept: new Map() } as unknown as Context;
    const found = await readVisions(context, { issues: [], allIssues: false });
    const asked = forge.requests.slice(from).map(({ path }) => path);
    return { numbers: found.map(({ number }) => number).sort(), asked };
  } finally {
    send.close();
  }
}

describe('visions of a project with many open issues are found', () => {
  it('by the label of the repository and by that of its organisation, where both are called the same', async () => {
    const [ofOrganisation, ofRepository] = [await label('orgs/acme'), await label('repos/acme/project')];
    const first = await seed.createIssue(owner, project, { title: 'a', labels: [ofOrganisation] });
    const second = await seed.createIssue(owner, project, { title: 'b', labels: [ofRepository] });
    await seed.createIssue(owner, project, { title: 'none' });

    const { numbers, asked } = await visions();

    expect(numbers).toEqual([first, second]);
    // Whoever asked the forge by the name might be shown those of one of the two labels alone.
    expect(asked.filter((path) => path.includes('labels=vision'))).toEqual([]);
  });

  it('by that of the organisation alone', async () => {
    const first = await seed.createIssue(owner, project, { title: 'a', labels: [await label('orgs/acme')] });

    expect((await visions()).numbers).toEqual([first]);
  });

  it('by that of the repository alone, which the forge is asked by', async () => {
    const first = await seed.createIssue(owner, project, {
      title: 'a',
      labels: [await label('repos/acme/project')],
    });

    const { numbers, asked } = await visions();

    expect(numbers).toEqual([first]);
    expect(asked.some((path) => path.includes('labels=vision'))).toBe(true);
  });

  it('not at all where the repository has two of that name: nobody can say which is meant', async () => {
    await label('orgs/acme');
    await label('repos/acme/project');
    await label('repos/acme/project');

    await expect(visions()).rejects.toThrow('acme/project has 2 labels named vision');
  });
});
