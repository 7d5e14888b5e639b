// What forgecrew asks of Woodpecker. Runs against the embedded one, and unchanged against a real one with
// WOODPECKER_CONTRACT_URL, WOODPECKER_CONTRACT_TOKEN and WOODPECKER_CONTRACT_REPO: a repository that is active there,
// that the token's account may push to, and whose default branch (WOODPECKER_CONTRACT_BRANCH, else main) has a workflow
// that takes the event `manual`. One pipeline is started on it.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSend } from '../../core/api/http.ts';
import { createMask } from '../../core/mask.ts';
import {
  findPipeline,
  getLogin,
  getPipeline,
  lookupRepository,
  startPipeline,
  whyNotStart,
  woodpeckerService,
} from '../../core/woodpecker/pipelines.ts';
import { type EmbeddedWoodpecker, startWoodpecker } from '../../embedded-woodpecker/main.ts';

const {
  WOODPECKER_CONTRACT_URL: realUrl,
  WOODPECKER_CONTRACT_TOKEN: realToken,
  WOODPECKER_CONTRACT_REPO: realRepository,
  WOODPECKER_CONTRACT_BRANCH: branch = 'main',
} = process.env;

describe(`what forgecrew asks of ${realUrl === undefined ? 'the embedded Woodpecker' : 'Woodpecker'}`, () => {
  let embedded: EmbeddedWoodpecker | undefined;
  let url = realUrl ?? '';
  const token = realToken ?? 'a-token';
  const repository = realRepository ?? 'owner/ops';
  beforeAll(async () => {
    if (realUrl !== undefined) return;
    embedded = await startWoodpecker({
      users: [{ login: 'owner', token }],
      repositories: [
        { id: 12, name: repository, workflows: ['backup'], pushers: ['owner'] },
        { id: 13, name: 'owner/empty', workflows: [], pushers: ['owner'] },
      ],
    });
    url = embedded.url;
  });
  afterAll(() => embedded?.close());

  const as = (who: string): ReturnType<typeof createSend> =>
    createSend({
      url,
      token: who,
      service: woodpeckerService,
      mask: createMask(),
      deadline: Date.now() + 60_000,
    });

  it('tells whose token it is, and knows no other', async () => {
    expect(await getLogin(as(token))).toMatch(/^\S+$/);
    await expect(getLogin(as('not-a-token'))).rejects.toMatchObject({ kind: 'token', status: 401 });
  });

  it('names its version with whatever it answers, so that its own refusals are known', async () => {
    const own = await as(token)({ method: 'GET', route: '/user' });
    const refused = await as('not-a-token')({ method: 'GET', route: '/user' });
    const absent = await as(token)({
      method: 'POST',
      route: '/repos/{id}/pipelines',
      params: { id: 99_999 },
      body: { branch, variables: {} },
    });

    expect([own, refused, absent].map(({ status }) => status)).toEqual([200, 401, 404]);
    for (const { headers } of [own, refused, absent]) expect(headers['x-woodpecker-version']).toMatch(/\S/);
  });

  it('knows a repository by its name, and says of one that is not there that it is not found', async () => {
    expect(await lookupRepository(as(token), repository)).toBeGreaterThan(0);
    await expect(lookupRepository(as(token), `${repository}-not-there`)).rejects.toMatchObject({
      kind: 'not-found',
    });
  });

  it('says whether something may be started, before anything is decided', async () => {
    expect(await whyNotStart(as(token), repository)).toBeUndefined();
    expect(await whyNotStart(as('not-a-token'), repository)).toContain('does not know woodpecker-token');
    expect(await whyNotStart(as(token), `${repository}-not-there`)).toContain('Activate the repository');
  });

  it('starts a pipeline, shows its workflows, and finds it by who started it with what', async () => {
    const send = as(token);
    const id = await lookupRepository(send, repository);
    const author = await getLogin(send);
    const variables = { action: 'contract', nonce: randomUUID(), FORMULA: 'contract' };
    const since = new Date().toISOString();

    const number = await startPipeline(send, id, { branch, variables });

    const pipeline = await getPipeline(send, id, number);
    expect(pipeline).toMatchObject({ number, event: 'manual', author, variables });
    expect(pipeline.workflows?.length).toBeGreaterThan(0);
    expect(Math.abs(pipeline.created * 1000 - Date.now())).toBeLessThan(10 * 60_000);
    expect(await findPipeline(send, id, { author, variables, since })).toBe(number);
    expect(await findPipeline(send, id, { author: `${author}-else`, variables, since })).toBeUndefined();
    expect(
      await findPipeline(send, id, { author, variables: { ...variables, action: 'else' }, since }),
    ).toBeUndefined();
  });

  it.skipIf(realUrl !== undefined)('says when nothing is started by hand', async () => {
    await expect(startPipeline(as(token), 13, { branch, variables: {} })).rejects.toThrow(
      'no workflow on main is started by the event manual',
    );
  });

  it('refuses a branch that is not there', async () => {
    const send = as(token);
    const id = await lookupRepository(send, repository);

    await expect(
      startPipeline(send, id, { branch: `not-there-${randomUUID()}`, variables: {} }),
    ).rejects.toMatchObject({ status: 500 });
  });
});
