import { readdirSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { firstBroken } from '../../../../core/agent/sidecar/operation-log.ts';
import { openRig, type Rig } from './rig.ts';

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

describe('the protocol, as claude speaks it', () => {
  it('is a whole conversation', async () => {
    rig = await openRig();
    const client = await rig.connect();

    const hello = await client.ask('initialize', {
      protocolVersion: '2025-06-18',
      capabilities: { roots: {} },
      clientInfo: { name: 'claude-code', version: '2.1.197' },
    });
    client.say('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
    const list = await client.ask('tools/list');
    const read = await client.call('read_issue', {}, { 'claudecode/toolUseId': 'toolu_01' });
    const done = await client.call(
      'signal_done',
      { status: 'success', summary: 'Mended, for @everyone.' },
      { 'claudecode/toolUseId': 'toolu_02', progressToken: 2 },
    );

    expect(hello.result).toMatchObject({ protocolVersion: '2025-06-18', capabilities: { tools: {} } });
    expect(list.result.tools.map(({ name }) => name)).toEqual([
      'read_issue',
      'read_pr',
      'read_comments',
      'post_comment',
      'update_description',
      'propose_action',
      'signal_done',
    ]);
    expect(read.texts.map((text) => JSON.parse(text))).toEqual([
      { number: 5, title: 'Mend it', body: 'It is broken.', state: 'open' },
    ]);
    expect(done).toMatchObject({ isError: false, outcome: 'done' });
    expect(await rig.sidecar.signalled).toEqual({
      status: 'success',
      summary: 'Mended, for @\u2060everyone.',
    });
    expect(rig.sidecar.log.entries).toMatchObject([
      {
        tool: 'read_issue',
        target: '#5',
        allowed: true,
        toolUse: 'toolu_01',
        at: '2026-01-02T03:04:05.000Z',
      },
      { tool: 'signal_done', target: 'success', allowed: true, toolUse: 'toolu_02' },
    ]);
    expect(firstBroken(rig.sidecar.log.entries)).toBeUndefined();
    expect(rig.said).toEqual(['  agent: read_issue #5: allowed', '  agent: signal_done success: allowed']);
  });

  it.each([
    ['2025-06-18', '2025-06-18'],
    ['2025-11-25', '2025-11-25'],
    ['1999-01-01', '2025-11-25'],
    [undefined, '2025-11-25'],
  ])('answers revision %s with %s', async (asked, answered) => {
    rig = await openRig();
    const client = await rig.connect();

    const { result } = await client.ask('initialize', { protocolVersion: asked });

    expect(result.protocolVersion).toBe(answered);
  });

  it('answers ping, and what it does not know with an error', async () => {
    rig = await openRig();
    const client = await rig.connect();

    expect((await client.ask('ping')).result).toEqual({});
    expect((await client.ask('resources/list')).error?.code).toBe(-32601);
    expect(rig.sidecar.log.entries).toEqual([]);
  });
});

describe('the socket', () => {
  it('is gone when the sidecar is closed, and so is every connection', async () => {
    const own = await openRig();
    const client = await own.connect();
    await client.ask('ping');
    expect(readdirSync(own.door)).toEqual(['forge.sock']);

    await own.sidecar.close();

    await client.closed;
    expect(await own.sidecar.closed).toEqual({ kind: 'closed' });
    expect(readdirSync(own.door)).toEqual([]);
    await own.close();
  });
});
