import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { opsFiler } from '../../../actions/ops-filer/role.ts';

function example(file: string): { text: string; data: unknown } {
  const text = readFileSync(fileURLToPath(new URL(`../../../${file}`, import.meta.url)), 'utf8');
  return { text: text.replace(/^#.*$/gm, ''), data: parse(text) };
}

const settings = Object.keys(opsFiler.settings);

describe('the examples that validate pull requests', () => {
  it('on Forgejo name no secret, run for pull requests only, and give settings that there are', () => {
    const { text, data } = example('actions/ops-filer/example-pull-request.yml');
    const workflow = data as {
      on: Record<string, unknown>;
      jobs: Record<string, { steps: { with?: Record<string, unknown> }[] }>;
    };
    const given = Object.values(workflow.jobs).flatMap(({ steps }) =>
      steps.flatMap((step) => Object.keys(step.with ?? {})),
    );

    expect(text).not.toMatch(/secret|token/i);
    expect(Object.keys(workflow.on)).toEqual(['pull_request']);
    expect(given.filter((name) => !settings.includes(name))).toEqual([]);
  });

  it('on Woodpecker as well', () => {
    const { text, data } = example('plugins/ops-filer/example-pull-request.yaml');
    const pipeline = data as {
      when: { event: string }[];
      steps: { settings: Record<string, unknown> }[];
    };
    const given = pipeline.steps.flatMap((step) => Object.keys(step.settings));

    expect(text).not.toMatch(/secret|token/i);
    expect(pipeline.when.map(({ event }) => event)).toEqual(['pull_request']);
    expect(given.map((name) => name.replaceAll('_', '-')).filter((name) => !settings.includes(name))).toEqual(
      [],
    );
  });
});
