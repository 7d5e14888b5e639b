import { afterEach, describe, expect, it } from 'vitest';
import { escalation } from '../../actions/escalation/role.ts';
import { vaultDispatch } from '../../actions/vault-dispatch/role.ts';
import { runRole } from '../../core/run.ts';
import { evidenceFile, day as logDay, startCommitting } from '../engagement.ts';
import { startEscalating } from '../escalating.ts';
import { day as processDay, processFile, startProcesses } from '../processes.ts';
import { startVault } from '../vault.ts';

// The clock of a machine is wrong by hours more often than one thinks: whatever the forge's times decide goes by the forge's.

const hour = 3_600_000;
const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const rig of open.splice(0)) await rig.close();
});

/** Runs a role on a machine whose clock is ahead by so much. */
async function runAhead(
  role: Parameters<typeof runRole>[0],
  environment: Record<string, string>,
  ms: number,
): Promise<{ code: number; text: string }> {
  const lines: string[] = [];
  const code = await runRole(role, {
    environment,
    args: [],
    workingDirectory: '/',
    print: (line) => lines.push(line),
    now: () => new Date(Date.now() + ms),
    pause: async () => undefined,
  });
  return { code, text: lines.join('\n') };
}

describe('a machine whose clock is', () => {
  it.each([72, -72])(
    '%i hours ahead answers a request of this minute, and says that clocks differ',
    async (hours) => {
      const crew = await startEscalating();
      open.push(crew);
      await crew.say(crew.ada, '/crew are you there?');
      let asked = 0;

      const { text } = await runAhead(
        {
          ...escalation,
          ask: async () => {
            asked += 1;
            const use = { engine: 'scripted', model: 'm', inputTokens: 1, outputTokens: 1, cost: 0 };
            return { text: 'Yes, I am.', use };
          },
        } as unknown as Parameters<typeof runRole>[0],
        crew.environment(),
        hours * hour,
      );

      expect(asked).toBe(1);
      expect((await crew.comments()).at(-1)?.body).toContain('Yes, I am.');
      expect(text).toContain(
        `The clock of this machine is 72 hours ${hours > 0 ? 'ahead of' : 'behind'} the forge's.`,
      );
    },
  );

  it('hours ahead shortens no delay of the vault', async () => {
    const vault = await startVault('[tiers]\nbackup = "medium"\n[rules.medium]\ndelay_minutes = 60\n');
    open.push(vault);
    await vault.approved('backup-1');

    const { code, text } = await runAhead(
      vaultDispatch as unknown as Parameters<typeof runRole>[0],
      vault.environment(),
      5 * hour,
    );

    expect(text).toContain('backup-1 waits: 60 minutes');
    expect(text).toContain("The clock of this machine is 5 hours ahead of the forge's.");
    expect(code).toBe(0);
    expect(await vault.runs()).toEqual([]);
  });

  it('hours ahead ends no run before its time', async () => {
    const vault = await startVault();
    open.push(vault);
    await vault.approved('backup-1');
    await vault.run();

    const { text } = await runAhead(
      vaultDispatch as unknown as Parameters<typeof runRole>[0],
      vault.environment(),
      5 * hour,
    );

    expect(text).toContain('backup-1 is running');
    expect((await vault.runs()).map(({ status }) => status)).toEqual(['waiting']);
    expect(await vault.ended('backup-1')).toBeUndefined();
  });

  it('a day ahead collects yesterday by the forge, which is over for everybody', async () => {
    const story = await startCommitting();
    open.push(story);
    const [before] = new Date(Date.parse(logDay) + 24 * hour).toISOString().split('T');
    story.moveClock(24 * hour);

    const { code, text } = await story.commit();

    expect(code).toBe(0);
    expect(text).toContain("The clock of this machine is 24 hours ahead of the forge's.");
    expect(JSON.parse((await story.textOf(evidenceFile)) ?? '')).toMatchObject({ complete: true });
    expect(await story.textOf(`evidence/engagement/${before}.json`)).toBeUndefined();
    expect((await story.commit({ mode: 'verify-observable', 'max-silence': '72h' })).code).toBe(0);
  });

  it.each([
    ['ahead', '2026-01-21T12:00:00Z', '2026-01-20T12:00:00Z'],
    ['behind', '2026-01-20T12:00:00Z', '2026-01-21T12:00:00Z'],
  ])('a day %s writes no day of the process down as over, and says why', async (_, machine, forge) => {
    const processes = await startProcesses();
    open.push(processes);

    const { code, lines } = await processes.run({}, machine, forge);

    expect(code).toBe(0);
    expect(lines.join('\n')).toContain(`! ${processDay} is `);
    expect(JSON.parse((await processes.textOf(processFile)) ?? '')).toMatchObject({
      complete: false,
      period_hours: 12,
    });
  });

  it('a day behind takes nothing back that is on record as complete', async () => {
    const processes = await startProcesses();
    open.push(processes);
    await processes.run();
    const before = await processes.textOf(processFile);

    const { code, lines } = await processes.run({}, '2026-01-20T12:00:00Z', '2026-01-21T12:00:00Z');

    expect(code).toBe(1);
    expect(lines.join('\n')).toContain(
      'is on record as complete, and is not over by the clocks that are asked now',
    );
    expect(await processes.textOf(processFile)).toBe(before);
  });

  it('right to the minute is not spoken of', async () => {
    const vault = await startVault();
    open.push(vault);
    await vault.approved('backup-1');

    expect((await vault.run()).text).not.toContain('clock');
  });
});
