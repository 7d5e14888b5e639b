import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { around, later, messageEvents, streamed } from './scripted.ts';

const program = process.env.CLAUDE_BIN ?? '';

/** The real program, with nothing of this machine but the way to the proxy. */
async function claude(address: string, placeholder: string): Promise<{ is_error: boolean; result: string }> {
  const home = mkdtempSync(path.join(tmpdir(), 'forgecrew-claude-'));
  later(() => rmSync(home, { recursive: true, force: true }));
  const child = spawn(program, ['-p', 'Say hello', '--output-format', 'json'], {
    cwd: home,
    env: {
      PATH: process.env.PATH,
      HOME: home,
      ANTHROPIC_BASE_URL: address,
      ANTHROPIC_API_KEY: placeholder,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let said = '';
  for await (const part of child.stdout) said += String(part);
  return JSON.parse(said);
}

describe.skipIf(program === '')('the real claude (CLAUDE_BIN)', () => {
  it('gets its answer, with nothing refused', async () => {
    const { proxy, seen } = await around(streamed(messageEvents), { maxOutputTokens: 16_000 });

    const answer = await claude(proxy.address, proxy.placeholder);

    expect(answer).toMatchObject({ is_error: false, result: 'Hi' });
    expect(proxy.refused).toEqual([]);
    expect(JSON.parse(seen[0]?.body ?? '').metadata).toBeUndefined();
    expect(proxy.use()).toMatchObject({ calls: 1, uncounted: 0, outputTokens: 7 });
  });

  it('ends at the limit of money without asking again', async () => {
    const { proxy, seen } = await around(streamed(messageEvents), {
      prices: { input: 3, output: 15 },
      maxCost: 0.01,
    });

    const answer = await claude(proxy.address, proxy.placeholder);

    expect(answer.is_error).toBe(true);
    expect(answer.result).toContain('max_cost (0.01)');
    expect(proxy.refusedCount).toBe(1);
    expect(seen).toEqual([]);
  });
});
