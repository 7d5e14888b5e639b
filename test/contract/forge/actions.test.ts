import { expect, it } from 'vitest';
import { onEveryForge } from './every-forge.ts';

onEveryForge('dispatched workflows', ({ api, bot, fresh, owner, seed }) => {
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
    expect((await dispatch('x.yml', { ref: body.commit_sha, inputs: { action: 'a' } })).status).toBe(500);
  });
});
