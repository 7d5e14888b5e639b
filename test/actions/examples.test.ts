import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { ChangeName } from '../../core/change.ts';
import type { Role, State } from '../../core/role.ts';
import { type FlowSettings, runRole } from '../../core/run.ts';
import type { Settings } from '../../core/settings.ts';
import { roles } from '../../roles.ts';
import { date, line } from '../collecting.ts';
import { entries, sprintDocument } from '../story.ts';
import { actionText } from '../vault.ts';

const fileOf = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));

function example(file: string): { text: string; data: unknown } {
  const text = readFileSync(fileOf(file), 'utf8');
  return { text: text.replace(/^\s*#.*$/gm, ''), data: parse(text) };
}

/** What is given to the role itself: other steps take their own settings. */
function stepOf<T extends object>(steps: T[], key: keyof T, role: string): Record<string, unknown> {
  const found = steps.find((step) => String(step[key]).replace(/@.*$/, '').endsWith(`/${role}`));
  const { with: ofForgejo, settings } = (found ?? {}) as Record<string, Record<string, unknown>>;
  return ofForgejo ?? settings ?? {};
}

function onForgejo(role: string): { events: string[]; text: string; given: Record<string, unknown> } {
  const { text, data } = example(`actions/${role}/example-pull-request.yml`);
  const workflow = data as { on: object; jobs: Record<string, { steps: { uses: string }[] }> };
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);
  return { events: Object.keys(workflow.on), text, given: stepOf(steps, 'uses', role) };
}

function onWoodpecker(role: string): { events: string[]; text: string; given: Record<string, unknown> } {
  const { text, data } = example(`plugins/${role}/example-pull-request.yaml`);
  const pipeline = data as { when: { event: string }[]; steps: { image: string }[] };
  return {
    events: pipeline.when.map(({ event }) => event),
    text,
    given: stepOf(pipeline.steps, 'image', role),
  };
}

/** Roles that a repository has files of; vault-request is a step in a pipeline of somebody else. */
const validating = roles.filter(({ name }) => existsSync(fileOf(`actions/${name}/example-pull-request.yml`)));

let workspace: string;
beforeAll(() => {
  workspace = mkdtempSync(path.join(tmpdir(), 'forgecrew-examples-'));
  for (const folder of ['agents', 'sprints', 'samples', 'vault/actions', 'vault/formulas'])
    mkdirSync(path.join(workspace, folder), { recursive: true });
  writeFileSync(path.join(workspace, 'sprints/a.md'), sprintDocument(7, entries('a')));
  writeFileSync(path.join(workspace, 'samples/access.log'), line('/a', '192.0.2.7'));
  writeFileSync(path.join(workspace, 'vault/actions/one.toml'), actionText());
  writeFileSync(
    path.join(workspace, 'vault/formulas/backup.toml'),
    'description = "x"\nsecrets = ["BACKUP_KEY"]\ntimeout_minutes = 30\n[inputs.target]\n[run]\nbackend = "forgejo-workflow"\nworkflow = "backup.yml"\n',
  );
  writeFileSync(path.join(workspace, 'prerequisites.md'), '## Objective: One\n- [ ] a (#1)\nStatus: READY\n');
  writeFileSync(
    path.join(workspace, 'agents/builder.toml'),
    'enabled = true\nengine = "command"\ncommand = ["true"]\nrepositories = ["owner/project"]\n',
  );
  writeFileSync(path.join(workspace, 'vault/policy.toml'), '[tiers]\nbackup = "medium"\n');
});
afterAll(() => rmSync(workspace, { recursive: true, force: true }));

it('there is one for every role with files of its own in the ops repo', () => {
  expect(validating.map(({ name }) => name).sort()).toEqual([
    'architect-pitch',
    'collect-engagement',
    'collect-process-metrics',
    'escalation',
    'forge-agent',
    'ops-filer',
    'prerequisites',
    'vault-dispatch',
  ]);
  for (const { name } of validating) {
    const readme = readFileSync(fileOf(`plugins/${name}/docs.md`), 'utf8');
    expect([name, readme.includes('(example-pull-request.yaml)')]).toEqual([name, true]);
  }
});

describe.each(validating.map((role) => [role.name, role] as const))(
  'the examples of %s that validate',
  (name, role) => {
    it.each([
      ['Forgejo', onForgejo],
      ['Woodpecker', onWoodpecker],
    ])(
      'on %s name no secret, are for pull requests only, and run green with nothing but their settings',
      async (_, read) => {
        const { events, text, given } = read(name);
        const lines: string[] = [];
        const code = await runRole(role as unknown as Role<Settings & FlowSettings, State, ChangeName>, {
          environment: {
            CI: 'woodpecker',
            CI_PIPELINE_EVENT: 'pull_request',
            // Nothing answers there.
            CI_FORGE_URL: 'http://127.0.0.1:9',
            CI_REPO: 'owner/ops',
            CI_WORKSPACE: workspace,
            ...Object.fromEntries(
              Object.entries(given).map(([setting, value]) => [
                `PLUGIN_${setting.toUpperCase().replaceAll('-', '_')}`,
                String(value),
              ]),
            ),
          },
          args: [],
          workingDirectory: workspace,
          print: (said) => lines.push(said),
          now: () => new Date(`${date}T23:00:00Z`),
        });

        expect(text).not.toMatch(/secret|token/i);
        expect(events).toEqual(['pull_request']);
        expect(Object.keys(given).length).toBeGreaterThan(0);
        expect({ code, lines }).toMatchObject({ code: 0 });
      },
    );
  },
);
