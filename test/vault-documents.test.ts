import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { settings as dispatchSettings } from '../actions/vault-dispatch/settings.ts';
import { settings as requestSettings } from '../actions/vault-request/settings.ts';
import { parseVaultAction } from '../core/vault/action.ts';
import { disagreements, parseFormula } from '../core/vault/formula.ts';
import { field, gateSettings, isYamlMap, stepsOf } from '../core/vault/gate-rules.ts';
import { parsePolicy } from '../core/vault/policy.ts';
import { readWorkflow } from '../core/vault/workflow-file.ts';

const root = path.dirname(import.meta.dirname);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const page = (file: string): string => readFileSync(path.join(root, file), 'utf8');

/** The blocks of a language in a document. */
function blocks(file: string, language: string): string[] {
  return [...page(file).matchAll(/```(\w+)\n(.*?)```/gs)].flatMap(([, name, text]) =>
    name === language ? [text ?? ''] : [],
  );
}

/** Documents of the vault in a page, by the path in the comment of their first line. */
function documents(file: string): Map<string, string> {
  return new Map(
    blocks(file, 'toml').flatMap((text) => {
      const [, name] = /^# (vault\/\S+)/.exec(text) ?? [];
      return name === undefined ? [] : [[name, text] as const];
    }),
  );
}

/** The settings of every step in a file that starts one of our roles. */
function settingsIn(value: unknown): { name: string; given: Record<string, unknown> }[] {
  if (Array.isArray(value)) return value.flatMap(settingsIn);
  if (!isYamlMap(value)) return [];
  const [, name = ''] =
    /(vault-dispatch|vault-request)(?:@[^/]*)?$/.exec(String(value.uses ?? value.image)) ?? [];
  const given = value.with ?? value.settings;
  return [
    ...(name !== '' && isYamlMap(given) ? [{ name, given }] : []),
    ...Object.values(value).flatMap(settingsIn),
  ];
}

const pages = ['docs/vault.md', 'actions/vault-dispatch/README.md'];
const examples = ['vault-dispatch', 'vault-request'].flatMap((name) => [
  `actions/${name}/example.yml`,
  `plugins/${name}/example.yaml`,
]);

describe('what documents of the vault show', () => {
  it.each(pages)('documents in %s can be read, and agree with each other', (file) => {
    const found = documents(file);
    const formula = parseFormula('backup.toml', bytes(found.get('vault/formulas/backup.toml') ?? ''));
    const action = parseVaultAction(
      'backup-20261120.toml',
      bytes(found.get('vault/actions/backup-20261120.toml') ?? ''),
    );
    const policy = parsePolicy('policy.toml', bytes(found.get('vault/policy.toml') ?? ''));

    expect([formula.ok, action.ok, policy.ok]).toEqual([true, true, true]);
    if (!formula.ok || !action.ok || action.document.kind !== 'formula') throw new Error('unreachable');
    expect(disagreements(action.document, formula.document)).toEqual([]);
  });

  it.each(pages)('workflows in %s have a gate that holds, and the secrets of the formula', (file) => {
    const workflows = blocks(file, 'yaml');

    const facts = workflows.map((text) =>
      readWorkflow(
        text.includes('jobs:') ? '.forgejo/workflows/backup.yml' : '.woodpecker/backup.yaml',
        'b',
        bytes(text),
      ),
    );

    expect(facts.map(({ gate, secrets, faults }) => ({ gate, secrets, faults }))).toEqual(
      workflows.map(() => ({ gate: { kind: 'gated' }, secrets: ['BACKUP_KEY'], faults: [] })),
    );
    expect(facts).toHaveLength(2);
  });

  it.each([...examples, ...pages])('steps in %s use settings that there are', (file) => {
    const texts = file.endsWith('.md') ? blocks(file, 'yaml') : [page(file)];

    const steps = texts.flatMap((text) => settingsIn(parse(text)));

    expect(steps).not.toEqual([]);
    for (const { name, given } of steps) {
      const known = Object.keys(name === 'vault-dispatch' ? dispatchSettings : requestSettings);
      expect(known).toEqual(
        expect.arrayContaining(Object.keys(given).map((item) => item.replaceAll('_', '-'))),
      );
    }
  });

  it('nothing that happens to review keeps dispatch from running, or the other way round', () => {
    const forgejo = parse(page('actions/vault-dispatch/example.yml'));
    const woodpecker = stepsOf(parse(page('plugins/vault-dispatch/example.yaml')).steps);

    expect(Object.values(forgejo.jobs).map((job) => field(job, 'needs'))).toEqual([undefined, undefined]);
    expect(woodpecker.map((step) => field(field(step, 'settings'), 'mode'))).toEqual(['dispatch', 'review']);
    expect(field(woodpecker[1], 'when')).toEqual([{ status: ['success', 'failure'] }]);
    expect(woodpecker.map(gateSettings)).toEqual([undefined, undefined]);
  });

  it('an id that is asked for from a pipeline holds what no other repository has', () => {
    const ids = ['actions/vault-request/example.yml', 'plugins/vault-request/example.yaml'].flatMap((file) =>
      settingsIn(parse(page(file))).map(({ given }) => given.id),
    );

    expect(ids).toEqual([
      expect.stringMatching(/^backup-\$\{\{ github\.run_id \}\}$/),
      expect.stringMatching(/^backup-\$\{CI_REPO_REMOTE_ID\}-\$\{CI_PIPELINE_NUMBER\}$/),
    ]);
  });
});
