import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  changed,
  type RealAgents,
  type RealWoodpecker,
  root,
  startRealAgents,
  startRealWoodpecker,
} from './real-agents.ts';

/**
 * Many agents at once as the examples for fan-out have it, on a real forge with its runner, and on a real Woodpecker. Opt-in,
 * because both run agents on this machine.
 */
const {
  FORGE_CONTRACT_URL: forgeUrl = '',
  FORGE_CONTRACT_TOKEN: forgeToken = '',
  FORGE_AGENT_RUNNER: runnerLabel = '',
  WOODPECKER_CONTRACT_URL: woodpeckerUrl = '',
  FORGE_AGENT_WOODPECKER: woodpeckerLogin = '',
} = process.env;

async function askTimes(rig: RealAgents, count: number): Promise<number[]> {
  const issues: number[] = [];
  for (let index = 0; index < count; index += 1) issues.push(await rig.ask(`Write poem ${index}`));
  return issues;
}

describe.skipIf(forgeUrl === '' || runnerLabel === '')(
  'a real forge and its runner (FORGE_CONTRACT_URL, FORGE_AGENT_RUNNER)',
  () => {
    let rig: RealAgents;
    beforeAll(async () => {
      rig = await startRealAgents(forgeUrl, forgeToken);
      const { seed, owner, crew, project, ops } = rig;
      await seed.api(
        'PUT',
        `/repos/${project}/actions/secrets/CREW_TOKEN`,
        { data: crew.token },
        owner.token,
      );
      const example = readFileSync(path.join(root, 'actions/forge-agent/example-fan-out.yml'), 'utf8');
      const [withKey = 'a line that is not there'] = /^ *engine-key: .*\n/m.exec(example) ?? [];
      await seed.putFile(
        owner,
        project,
        '.forgejo/workflows/agents.yml',
        changed(example, [
          ...(await rig.publish()),
          ['runs-on: docker', `runs-on: ${runnerLabel}`],
          ['ops-repo: owner/ops', `ops-repo: ${ops}`],
          ['forge-login: crew', `forge-login: ${crew.login}`],
          ['max-parallel: 3', 'max-parallel: 2'],
          [withKey, ''],
        ]),
      );
    });
    afterAll(() => rig?.close());

    it('works on every issue, two at a time, each in a run of its own that the job itself started', async () => {
      const issues = await askTimes(rig, 5);
      interface Run {
        id: number;
        status: string;
        trigger_event: string;
        trigger_user: { login: string };
        event_payload: string;
      }
      let most = 0;
      const isOver = ({ status }: Run): boolean => !['waiting', 'running', 'blocked'].includes(status);

      const runs = await rig.until(
        async () => {
          const { workflow_runs: all } = await rig.get<{ workflow_runs: Run[] }>(
            `/repos/${rig.project}/actions/runs?limit=50`,
          );
          // Who works now, as the state repo says.
          const state = await rig.seed.api(
            'GET',
            `/repos/${rig.crew.login}/forgecrew-state/contents/running/${rig.project}`,
          );
          most = Math.max(most, Array.isArray(state.body) ? state.body.length : 0);
          return all;
        },
        (all) =>
          all.every(isOver) && all.filter(({ trigger_event: by }) => by === 'workflow_dispatch').length >= 5,
        'the runs',
      );

      const started = runs.filter(({ trigger_event: by }) => by === 'workflow_dispatch');
      expect(
        started.map(({ event_payload: text }) => Number(JSON.parse(text).inputs.issue)).sort((a, b) => a - b),
      ).toEqual(issues);
      expect(new Set(started.map(({ trigger_user: { login } }) => login))).toEqual(
        new Set(['forgejo-actions']),
      );
      expect(new Set(runs.map(({ status }) => status))).toEqual(new Set(['success']));
      expect((await rig.pulls()).map(({ title }) => title).sort()).toEqual(
        issues.map((_, index) => `builder: Write poem ${index}`),
      );
      expect(most).toBeLessThanOrEqual(2);
    });
  },
);

describe.skipIf(forgeUrl === '' || woodpeckerUrl === '' || woodpeckerLogin === '')(
  'a real forge and Woodpecker (FORGE_CONTRACT_URL, WOODPECKER_CONTRACT_URL, FORGE_AGENT_WOODPECKER)',
  () => {
    let rig: RealAgents;
    let woodpecker: RealWoodpecker;
    beforeAll(async () => {
      rig = await startRealAgents(forgeUrl, forgeToken);
      const { seed, owner, crew } = rig;
      woodpecker = await startRealWoodpecker(rig, {
        url: woodpeckerUrl,
        login: woodpeckerLogin,
        events: ['cron', 'manual'],
        secretsOf: (token) => ({ crew_token: crew.token, crew_woodpecker_token: token }),
      });
      const example = readFileSync(path.join(root, 'plugins/forge-agent/example-fan-out.yaml'), 'utf8');
      await seed.putFile(
        owner,
        rig.ops,
        '.woodpecker/agents.yaml',
        changed(example, [
          ['/opt/forgecrew/', `${root}/`],
          ['forge_login: crew', `forge_login: ${crew.login}`],
          ['max_parallel: 3', 'max_parallel: 2'],
          ['      engine_key:\n        from_secret: anthropic_api_key\n', ''],
        ]),
      );
    });
    afterAll(async () => {
      await woodpecker?.close();
      await rig?.close();
    });

    interface Pipeline {
      number: number;
      status: string;
      event: string;
    }
    const isOver = ({ status }: Pipeline): boolean => !['pending', 'running', 'created'].includes(status);

    /** Starts cron, which nobody can wait for, and waits until all that it starts is over. */
    async function cron(): Promise<Pipeline[]> {
      const { ask, ops } = woodpecker;
      const number = await woodpecker.startCron();
      return rig.until(
        () => ask<Pipeline[]>('GET', `/repos/${ops}/pipelines?perPage=50`),
        (all) => all.some((item) => item.number === number) && all.every(isOver),
        'the pipelines',
      );
    }

    it('works on two issues for each cron, each in a pipeline of its own', async () => {
      await askTimes(rig, 3);

      const first = await cron();

      const manual = (all: Pipeline[]): Pipeline[] => all.filter(({ event }) => event === 'manual');
      expect(manual(first).map(({ status }) => status)).toEqual(['success', 'success']);
      expect((await rig.pulls()).map(({ title }) => title).sort()).toEqual([
        'builder: Write poem 0',
        'builder: Write poem 1',
      ]);

      const second = await cron();

      expect(manual(second)).toHaveLength(3);
      expect(new Set(second.map(({ status }) => status))).toEqual(new Set(['success']));
      expect(await rig.pulls()).toHaveLength(3);
    });
  },
);
