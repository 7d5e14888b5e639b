import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { settings } from '../../../actions/forge-agent/settings.ts';

// What somebody copies who wants many agents at once.

const read = (file: string): string => readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
/** The expression that takes an input of the workflow. */
const handed = (input: string): string => `\${{ inputs.${input} }}`;
const names = (given: Record<string, unknown>): string[] =>
  Object.keys(given).map((name) => name.replaceAll('_', '-'));

describe('the example for many agents', () => {
  it('on Forgejo hands an issue over by the two inputs that fan-out gives, and by nothing that anybody wrote', () => {
    const text = read('actions/forge-agent/example-fan-out.yml');
    const { on, jobs } = parse(text);
    const given = (job: string): Record<string, unknown> => jobs[job].steps[0].with;

    expect(Object.keys(on.workflow_dispatch.inputs)).toEqual(['issue', 'repository']);
    expect(given('agent')).toMatchObject({
      issue: handed('issue'),
      'project-repo': handed('repository'),
    });
    expect(given('agent').mode).toBeUndefined();
    expect(jobs.agent.if).toBe("github.event_name == 'workflow_dispatch'");
    expect(given('fan-out')).toMatchObject({ mode: 'fan-out' });
    // It starts no agent: the key of a model is none of its business.
    expect(Object.keys(given('fan-out'))).not.toContain('engine-key');
    expect(text).not.toMatch(/\$\{\{[^}]*\b(title|body|head_ref)\b/);
    for (const job of ['agent', 'fan-out'])
      expect(names(given(job)).filter((name) => !Object.hasOwn(settings, name))).toEqual([]);
  });

  it('on Woodpecker works only in a pipeline that fan-out started', () => {
    const { when, steps } = parse(read('plugins/forge-agent/example-fan-out.yaml'));
    const [fanOut, agent] = steps;

    expect(when.map(({ event }: { event: string }) => event)).toEqual(['cron', 'manual']);
    expect(fanOut).toMatchObject({ when: [{ event: 'cron' }], settings: { mode: 'fan-out' } });
    expect(fanOut.settings.engine_key).toBeUndefined();
    expect(agent.when).toEqual([{ event: 'manual', evaluate: 'FORGECREW_RUN == "agent"' }]);
    expect(agent.settings.woodpecker_token).toBeUndefined();
    for (const { settings: given } of steps)
      expect(names(given).filter((name) => !Object.hasOwn(settings, name))).toEqual([]);
  });
});
