import { describe, expect, it } from 'vitest';
import type { WorkflowFacts } from '../../../core/vault/workflow.ts';
import { readWorkflow } from '../../../core/vault/workflow-file.ts';

/** `{{ x }}` stands for an expression. */
const forgejo = (text: string): WorkflowFacts =>
  readWorkflow('.forgejo/workflows/x.yml', 'b', new TextEncoder().encode(text.replaceAll('{{', '$' + '{{')));
const woodpecker = (text: string): WorkflowFacts =>
  readWorkflow('.woodpecker/x.yaml', 'b', new TextEncoder().encode(text));

const job = (step: string): string => `on:\n  workflow_dispatch:\njobs:\n  x:\n    steps:\n      - ${step}\n`;

describe('a secret that a formula does not list is seen, however a workflow takes it', () => {
  it.each([
    ['run: echo {{ secrets.CANARY }}'],
    ['run: echo {{secrets.canary}}'],
    ["run: echo {{ secrets['CANARY'] }}"],
    ['run: echo {{ secrets . CANARY }}'],
    ['env: {K: "{{ secrets.CANARY }}"}'],
    ['uses: a/b@v1\n        with: {x: "{{ format(\'{0}\', secrets.CANARY) }}"}'],
    ["if: secrets.CANARY != ''\n        run: x"],
    ['run: x # {{ github.ref }}\n        env:\n          "{{ secrets.CANARY }}": x'],
    ['run: |\n          a\n          echo {{ secrets.CANARY\n          }}'],
  ])('on Forgejo: %s', (step) => {
    expect(forgejo(job(step))).toMatchObject({ secrets: ['CANARY'], faults: [] });
  });

  it.each([
    ['run: echo {{ toJSON(secrets) }}'],
    ['run: echo {{ secrets[matrix.name] }}'],
    ["run: echo {{ secrets[format('{0}', 'CANARY')] }}"],
    ["if: secrets[env.NAME] != ''\n        run: x"],
    ['run: echo {{ secrets.A }}{{ toJSON(secrets) }}'],
    ["run: echo {{ format('}}{0}', toJSON(secrets)) }}"],
  ])('on Forgejo, where nobody can say which: %s', (step) => {
    expect(forgejo(job(step)).faults.join()).toContain('which ones cannot be said');
  });

  it('on Forgejo, inherited by another workflow, in a container, and at the top', () => {
    const inherited = forgejo('on: {}\njobs:\n  x:\n    uses: ./y.yml\n    secrets: inherit\n');
    const container = forgejo(
      'on: {}\njobs:\n  x:\n    container:\n      credentials: {password: "{{ secrets.CANARY }}"}\n    steps: []\n',
    );
    const top = forgejo('on: {}\nenv: {A: "{{ secrets.CANARY }}"}\njobs: {}\n');

    expect(inherited.faults).toHaveLength(1);
    expect([container.secrets, top.secrets]).toEqual([['CANARY'], ['CANARY']]);
  });

  it.each([
    ['steps:\n  - name: a\n    image: b\n    environment: {K: {from_secret: canary}}\n'],
    ['steps:\n  - name: a\n    image: b\n    settings: {list: [{x: {from_secret: canary}}]}\n'],
    ['steps:\n  - name: a\n    image: b\n    secrets: [canary]\n'],
    ['steps:\n  - name: a\n    image: b\n    secrets: [{source: canary, target: K}]\n'],
    ['steps:\n  a: {image: b, settings: {k: {from_secret: CANARY}}}\n'],
    ['services:\n  - {name: a, image: b, environment: {K: {from_secret: canary}}}\n'],
    ['clone:\n  git: {image: b, settings: {k: {from_secret: canary}}}\nsteps: []\n'],
    ['x: &x {from_secret: canary}\nsteps:\n  - {name: a, image: b, settings: {k: *x}}\n'],
  ])('on Woodpecker: %s', (text) => {
    expect(woodpecker(text).secrets).toEqual(['CANARY']);
  });

  it('and a runner’s own tokens are nobody’s secret', () => {
    expect(forgejo(job('run: echo {{ secrets.FORGEJO_TOKEN }} {{ secrets.GITHUB_TOKEN }}')).secrets).toEqual(
      [],
    );
  });
});

describe('a gate', () => {
  const gate =
    'uses: https://f/o/forgecrew/actions/vault-dispatch@v1\n        with:\n          mode: gate\n          forge-token: {{ secrets.GATE }}\n';

  it('is known as the first step, and only its own token is not counted', () => {
    expect(forgejo(job(`${gate}      - run: echo {{ secrets.KEY }}`))).toMatchObject({
      isGated: true,
      secrets: ['KEY'],
    });
    expect(forgejo(job(`${gate}          other: {{ secrets.KEY }}`)).secrets).toEqual(['KEY']);
    expect(
      woodpecker(
        'steps:\n  - {name: g, image: /opt/x/vault-dispatch, settings: {mode: gate, forge_token: {from_secret: gate}}}\n',
      ),
    ).toMatchObject({ isGated: true, secrets: [] });
  });

  it('is none when it is not the first, not in every job that starts, or a step of another kind', () => {
    expect(forgejo(job(`run: x\n      - ${gate}`)).isGated).toBe(false);
    expect(forgejo(`${job(gate)}  y:\n    steps:\n      - run: x\n`).isGated).toBe(false);
    expect(forgejo(`${job(gate)}  y:\n    needs: x\n    steps:\n      - run: x\n`).isGated).toBe(true);
    expect(
      woodpecker(
        'steps:\n  - {name: g, image: vault-dispatch, commands: [x], settings: {mode: gate, forge_token: {from_secret: gate}}}\n',
      ),
    ).toMatchObject({ isGated: false, secrets: ['GATE'] });
  });
});

describe('a gate that would not hold is none', () => {
  const first = 'uses: https://f/o/forgecrew/actions/vault-dispatch@v1\n        with: {mode: gate}\n';

  it.each([
    ['one that may fail', job(`${first}        continue-on-error: true\n      - run: x`)],
    ['one that may be skipped', job(`${first}        if: github.ref == 'x'\n      - run: x`)],
    ['a step that runs although it failed', job(`${first}      - run: x\n        if: always()`)],
    [
      'a job that runs although it failed',
      `${job(first)}  y:\n    needs: x\n    if: failure()\n    steps: []\n`,
    ],
    ['a job with an empty list of needs', `${job(first)}  y:\n    needs: []\n    steps:\n      - ${first}`],
    ['an action of somebody else', job('uses: mallory/gate@v1\n        with: {mode: gate}\n      - run: x')],
  ])('on Forgejo: %s', (_, text) => {
    expect(forgejo(text).isGated).toBe(false);
  });

  const gate = '{name: g, image: vault-dispatch, settings: {mode: gate}';
  it.each([
    ['one whose failure is ignored', `steps:\n  - ${gate}, failure: ignore}\n`],
    ['a step that waits for nothing', `steps:\n  - ${gate}}\n  - {name: x, image: a, depends_on: []}\n`],
    [
      'a step that runs where the gate is left out',
      `steps:\n  - ${gate}, when: [{evaluate: 'x'}]}\n  - {name: x, image: a}\n`,
    ],
    ['a step for a failure', `steps:\n  - ${gate}}\n  - {name: x, image: a, when: [{status: failure}]}\n`],
  ])('on Woodpecker: %s', (_, text) => {
    expect(woodpecker(`steps:\n  - ${gate}}\n`).isGated).toBe(true);
    expect(woodpecker(text).isGated).toBe(false);
  });

  it('and one with a condition holds, where all others have the same', () => {
    const when = "when: [{evaluate: 'x'}]";
    expect(woodpecker(`steps:\n  - ${gate}, ${when}}\n  - {name: x, image: a, ${when}}\n`).isGated).toBe(
      true,
    );
  });
});

it('what is no YAML is a fault, and so is one that explodes', () => {
  expect(forgejo('a: [\n').faults).toEqual([
    'workflow .forgejo/workflows/x.yml cannot be read as YAML: line 2: not YAML 1.2: Flow sequence in block collection must be sufficiently indented and end with a ]',
  ]);
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x,x]',
    ...'bcdefgh'
      .split('')
      .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(',')}]`),
  ].join('\n');
  expect(forgejo(bomb).faults).toHaveLength(1);
});

describe('a workflow that is made to hurt', () => {
  it.each([
    ['lists in lists', `a: ${'['.repeat(20_000)}`, 'things inside each other more than 48 deep'],
    ['keys in keys', '? '.repeat(700), 'things inside each other more than 48 deep'],
    [
      'ever deeper indentation',
      Array.from({ length: 400 }, (_, n) => `${' '.repeat(n)}a:`).join('\n'),
      'more than 48 deep',
    ],
    [
      'very many keys',
      Array.from({ length: 12_000 }, (_, n) => `k${n}: 1`).join('\n'),
      'more than 30000 pieces',
    ],
    [
      'a large text that is repeated',
      `a: &a "${'x'.repeat(50_000)}"\nb: [${Array(40).fill('*a').join(', ')}]`,
      'repeat',
    ],
    ['very many aliases', `a: &a 1\nb: [${Array(300).fill('*a').join(', ')}]`, 'aliases'],
    ['a key twice', 'jobs: 1\non: 2\njobs: 3\n', 'line 3: not YAML 1.2: Map keys must be unique'],
    ['its size', `# ${'x'.repeat(300_000)}\n`, 'at most 262144 are read'],
    ['two documents', 'a: 1\n---\nb: 2\n', 'a second YAML document'],
  ])('is refused at once for %s', (_, text, message) => {
    const began = performance.now();
    const { faults, isGated } = forgejo(text);

    expect(faults.join('\n')).toContain(message);
    expect(faults).toHaveLength(1);
    expect(isGated).toBe(false);
    expect(performance.now() - began).toBeLessThan(1000);
  });
});
