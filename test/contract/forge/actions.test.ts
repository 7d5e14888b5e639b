import { expect, it } from 'vitest';
import { onEveryForge } from './every-forge.ts';

onEveryForge('dispatched workflows', ({ api, bot, fresh, owner, seed, stranger }) => {
  it('are told their declared inputs and no others, and can be read by their id', async () => {
    const name = await fresh('dispatch');
    await seed.putFile(
      owner,
      name,
      '.forgejo/workflows/x.yml',
      'on:\n  workflow_dispatch:\n    inputs:\n      action: {required: true, type: string}\njobs:\n  run:\n    runs-on: nowhere\n    steps:\n      - run: echo\n',
    );
    const dispatch = (
      workflow: string,
      body: Record<string, unknown>,
    ): ReturnType<typeof api<{ id: number }>> =>
      api<{ id: number }>(bot, 'POST', `/repos/${name}/actions/workflows/${workflow}/dispatches`, {
        ref: 'main',
        return_run_info: true,
        ...body,
      });

    const started = await dispatch('x.yml', { inputs: { action: 'a-1', nonce: 'dropped' } });

    expect(started.status).toBe(201);
    const { body } = await api<{ event_payload: string; commit_sha: string }>(
      bot,
      'GET',
      `/repos/${name}/actions/runs/${started.body.id}`,
    );
    expect(JSON.parse(body.event_payload).inputs).toEqual({ action: 'a-1' });
    expect((await dispatch('x.yml', { inputs: {} })).status).toBe(400);
    expect((await dispatch('none.yml', { inputs: { action: 'a' } })).status).toBe(500);
  });

  it('run as they stood at a commit, wherever the branch is by now, where the commit has them', async () => {
    const name = await fresh('at-a-commit');
    const { body: empty } = await api<{ commit: { id: string } }>(bot, 'GET', `/repos/${name}/branches/main`);
    const workflow = (required: string): string =>
      `on:\n  workflow_dispatch:\n    inputs:\n      ${required}: {required: true, type: string}\njobs:\n  gate:\n    runs-on: nowhere\n    steps: [{run: echo}]\n  work:\n    needs: gate\n    runs-on: [nowhere]\n    steps: [{run: echo}]\n`;
    const commit = await seed.putFile(owner, name, '.forgejo/workflows/x.yml', workflow('action'));
    await seed.putFile(owner, name, '.forgejo/workflows/x.yml', workflow('other'));
    const dispatch = (ref: string) =>
      api<{ id: number; jobs: string[] }>(bot, 'POST', `/repos/${name}/actions/workflows/x.yml/dispatches`, {
        ref,
        return_run_info: true,
        inputs: { action: 'a' },
      });

    const started = await dispatch(commit);

    expect(started.status).toBe(201);
    expect(started.body.jobs.sort()).toEqual(['gate', 'work']);
    const run = `/repos/${name}/actions/runs/${started.body.id}`;
    const { body } = await api<{ event_payload: string }>(bot, 'GET', run);
    expect(body).toMatchObject({ commit_sha: commit, prettyref: commit, workflow_id: 'x.yml' });
    expect(JSON.parse(body.event_payload)).toMatchObject({ ref: commit, inputs: { action: 'a' } });
    expect((await dispatch(commit.slice(0, 10))).status).toBe(201);
    expect((await dispatch('main')).status).toBe(400);
    expect((await dispatch(empty.commit.id)).status).toBe(500);
    expect((await dispatch('0'.repeat(40))).status).toBe(500);
    expect((await dispatch('none')).status).toBe(500);
    const jobs = await api<{ id: number }[]>(bot, 'GET', `${run}/jobs`);
    expect(jobs.body).toMatchObject([
      { name: 'gate', needs: null, runs_on: ['nowhere'], status: 'waiting' },
      { name: 'work', needs: ['gate'], runs_on: ['nowhere'], status: 'blocked' },
    ]);
    const ofCommit = (sha: string) =>
      api<{ workflow_runs: { id: number }[] }>(bot, 'GET', `/repos/${name}/actions/runs?head_sha=${sha}`);
    expect((await ofCommit(commit)).body.workflow_runs.map(({ id }) => id)).toContain(started.body.id);
    expect((await ofCommit(empty.commit.id)).body.workflow_runs).toEqual([]);
    const logs = await api(bot, 'GET', `/repos/${name}/actions/jobs/${jobs.body[0]?.id}/logs`);
    expect([logs.status, logs.body.message]).toEqual([404, 'job has not been executed yet']);
  });

  it('run what a tag says that is called like a commit, and else a branch, before the commit itself', async () => {
    const name = await fresh('called-like-a-commit');
    const workflow = (step: string): string =>
      `on: workflow_dispatch\njobs:\n  run:\n    runs-on: nowhere\n    steps: [{run: ${step}}]\n`;
    const put = (step: string) => seed.putFile(owner, name, '.forgejo/workflows/x.yml', workflow(step));
    const commit = await put('approved');
    const branched = await put('branched');
    const tagged = await put('tagged');
    const ranAt = async (): Promise<string> => {
      const started = await api<{ id: number }>(
        bot,
        'POST',
        `/repos/${name}/actions/workflows/x.yml/dispatches`,
        { ref: commit, return_run_info: true },
      );
      const run = await api<{ commit_sha: string }>(
        bot,
        'GET',
        `/repos/${name}/actions/runs/${started.body.id}`,
      );
      return run.body.commit_sha;
    };
    const refs = (kind: string) =>
      api<{ ref: string }[]>(bot, 'GET', `/repos/${name}/git/refs/${kind}/${commit}`);

    expect(await ranAt()).toBe(commit);
    expect((await refs('heads')).status).toBe(404);
    await api(bot, 'POST', `/repos/${name}/branches`, { new_branch_name: commit, old_ref_name: branched });
    expect(await ranAt()).toBe(branched);
    expect((await refs('heads')).body).toMatchObject([{ ref: `refs/heads/${commit}` }]);
    await api(bot, 'POST', `/repos/${name}/tags`, { tag_name: commit, target: tagged });
    expect(await ranAt()).toBe(tagged);
    expect((await refs('tags')).body).toMatchObject([{ ref: `refs/tags/${commit}` }]);
  });

  it('are cancelled by whoever may write, as often as they like', async () => {
    const name = await fresh('cancelled');
    await seed.putFile(
      owner,
      name,
      '.forgejo/workflows/x.yml',
      'on: workflow_dispatch\njobs:\n  run:\n    runs-on: nowhere\n    steps: [{run: echo}]\n',
    );
    const started = await api<{ id: number }>(
      bot,
      'POST',
      `/repos/${name}/actions/workflows/x.yml/dispatches`,
      {
        ref: 'main',
        return_run_info: true,
      },
    );
    const run = `/repos/${name}/actions/runs/${started.body.id}`;
    const cancel = async (by: typeof bot): Promise<number> => (await api(by, 'POST', `${run}/cancel`)).status;

    expect((await api(bot, 'GET', run)).body).toMatchObject({ status: 'waiting' });
    expect(await cancel(stranger)).toBe(403);
    expect(await cancel(bot)).toBe(204);
    expect((await api(bot, 'GET', run)).body).toMatchObject({ status: 'cancelled' });
    expect(await cancel(bot)).toBe(204);
    expect((await api(bot, 'POST', `/repos/${name}/actions/runs/999999999/cancel`)).status).toBe(404);
  });
});
