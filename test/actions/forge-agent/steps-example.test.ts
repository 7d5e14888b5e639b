import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { settings } from '../../../actions/forge-agent/settings.ts';

// The pipeline in the documents whose agent is a step of its own.

const { skip_clone, steps } = parse(
  readFileSync(new URL('../../../plugins/forge-agent/example-steps.yaml', import.meta.url), 'utf8'),
) as { skip_clone: boolean; steps: Record<string, unknown>[] };
const [prepare, serve, agent, finish] = steps;

it('gives the step of the agent nothing but its image and what it starts', () => {
  expect(Object.keys(agent ?? {})).toEqual(['name', 'image', 'commands']);
  expect(JSON.stringify(agent)).not.toContain('secret');
});

it('serves beside the agent, and finishes whatever became of the steps before', () => {
  expect(steps.map(({ name }) => name)).toEqual(['prepare', 'serve', 'agent', 'finish']);
  expect(steps.map(({ settings: given }) => (given as { mode?: string } | undefined)?.mode)).toEqual([
    'prepare',
    'serve',
    undefined,
    'finish',
  ]);
  expect([prepare, serve, finish].map((step) => step?.detach)).toEqual([undefined, true, undefined]);
  expect(finish?.when).toEqual([{ status: ['success', 'failure'] }]);
  // Nothing that anybody has pushed stands in the folder that the steps share.
  expect(skip_clone).toBe(true);
});

it('gives each step what it needs, and no more', () => {
  const secrets = [prepare, serve, finish].map((step) =>
    Object.entries(step?.settings as object).flatMap(([name, value]) =>
      typeof value === 'object' && value !== null && 'from_secret' in value ? [name] : [],
    ),
  );

  expect(secrets).toEqual([
    ['forge_token'],
    ['forge_token', 'engine_key'],
    ['forge_token', 'provenance_key'],
  ]);
  for (const step of [prepare, serve, finish])
    for (const name of Object.keys(step?.settings as object))
      expect(Object.keys(settings)).toContain(name.replaceAll('_', '-'));
});
