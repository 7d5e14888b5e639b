import { describe, expect, it } from 'vitest';
import type { BesideWorkflow, WorkflowFacts } from '../../../core/vault/workflow.ts';
import { readBesideWorkflow, readWorkflow } from '../../../core/vault/workflow-file.ts';
import { cpuMs } from '../../cpu.ts';

/** `{{ x }}` stands for an expression. */
const forgejo = (text: string): WorkflowFacts =>
  readWorkflow('.forgejo/workflows/x.yml', 'b', new TextEncoder().encode(text.replaceAll('{{', '$' + '{{')));
/** `@{x}` stands for a name that Woodpecker replaces. */
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text.replaceAll('@{', '$' + '{'));
const woodpecker = (text: string): WorkflowFacts => readWorkflow('.woodpecker/x.yaml', 'b', bytesOf(text));

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

it('an input has to be given where it is required and has no default', () => {
  const facts = forgejo(
    [
      'on:',
      '  workflow_dispatch:',
      '    inputs:',
      '      a: {required: true}',
      "      b: {required: true, default: ''}",
      '      c: {required: true, default: x}',
      '      d: {required: false}',
      '      e:',
      'jobs: {}',
      '',
    ].join('\n'),
  );

  expect(facts).toMatchObject({ inputs: ['a', 'b', 'c', 'd', 'e'], required: ['a', 'b'] });
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
    const began = cpuMs();
    const { faults, gate } = forgejo(text);

    expect(faults.join('\n')).toContain(message);
    expect(faults).toHaveLength(1);
    expect(gate.kind).toBe('open');
    expect(cpuMs() - began).toBeLessThan(1000);
  });
});

describe('names that Woodpecker replaces before it reads a file', () => {
  it.each([
    ['image: a:@{TAG}', ['TAG']],
    ['image: a:@{TAG:0:8} # @{tag^^} @{#OTHER}', ['TAG', 'tag', 'OTHER']],
    ['image: a:@{ONE:=@{TWO}}', ['ONE', 'TWO']],
    ['commands: [echo $TAG $@{TAG} $$TAG]', []],
    ['image: $$@{TAG}', ['TAG']],
  ])('are seen: %s', (line, names) => {
    expect(woodpecker(`steps:\n  - ${line}\n`).substituted).toEqual(names);
  });

  it('stand in no file of Forgejo Actions', () => {
    expect(forgejo(job('run: echo $TAG @{TAG}'.replace('@', '$'))).substituted).toEqual([]);
  });
});

describe('a workflow beside the one that an approval starts', () => {
  const beside = (text: string | undefined, file = '.woodpecker/other.yaml'): BesideWorkflow =>
    readBesideWorkflow(file, text === undefined ? undefined : bytesOf(text));
  const secret = 'environment: {K: {from_secret: canary}}';

  it.each([
    ['no `when`', `steps:\n  - {name: a, image: b, ${secret}}\n`],
    ['the event', `when: {event: manual}\nsteps:\n  - {name: a, image: b, ${secret}}\n`],
    [
      'one of several events',
      `when: [{event: [push, manual]}]\nsteps:\n  - {name: a, image: b, ${secret}}\n`,
    ],
    [
      'one of several conditions',
      `when: [{event: push}, {branch: main}]\nsteps:\n  - {name: a, image: b, ${secret}}\n`,
    ],
    ['a condition of another kind', `when: {cron: nightly}\nsteps:\n  - {name: a, image: b, ${secret}}\n`],
    ['a step', `steps:\n  - {name: x, image: b, when: {event: push}}\n  - {name: a, image: b, ${secret}}\n`],
    ['steps in a map', `steps:\n  a: {image: b, ${secret}}\n`],
    ['a service', `steps: [{name: a, image: b}]\nservices:\n  - {name: c, image: d, ${secret}}\n`],
    ['a clone', `steps: [{name: a, image: b}]\nclone:\n  git: {image: d, settings: {k: {from_secret: c}}}\n`],
    ['a name that an input may have', 'steps: [{name: a, image: "b:@{tag}"}]\n'],
  ])('may start with it and has a secret, by %s', (_, text) => {
    expect(beside(text)).toMatchObject({ takesManual: true, hasSecrets: true, gate: { kind: 'open' } });
  });

  it.each([
    ['its event is another one', `when: {event: push}\nsteps:\n  - {name: a, image: b, ${secret}}\n`],
    [
      'its events are others',
      `when: [{event: [push, cron]}, {event: tag}]\nsteps:\n  - {name: a, image: b}\n`,
    ],
    ['no step of it would start', `steps:\n  - {name: a, image: b, when: [{event: push}], ${secret}}\n`],
    ['it has no steps', 'skip_clone: true\n'],
  ])('does not start with it where %s', (_, text) => {
    expect(beside(text).takesManual).toBe(false);
  });

  it('has no secret where only a step has one that does not start, or the gate its own', () => {
    const quiet = beside(
      `steps:\n  - {name: a, image: "b:@{CI_COMMIT_SHA}"}\n  - {name: c, image: d, when: {event: push}, ${secret}}\n`,
    );
    const gated = beside(
      'steps:\n  - {name: g, image: x/vault-dispatch, settings: {mode: gate, forge_token: {from_secret: t}}}\n',
    );

    expect(quiet).toMatchObject({ takesManual: true, hasSecrets: false });
    expect(gated).toMatchObject({ takesManual: true, hasSecrets: false, gate: { kind: 'gated' } });
  });

  it('that cannot be read, or could be read differently, may start and have secrets', () => {
    const unsure = { takesManual: true, hasSecrets: true, gate: { kind: 'open' } };

    expect(beside(undefined)).toMatchObject(unsure);
    expect(beside('a: [\n')).toMatchObject(unsure);
    expect(beside('when: {event: push}\nx: &x {a: 1}\nsteps:\n  - <<: *x\n    image: b\n')).toMatchObject(
      unsure,
    );
  });

  it('is called as Woodpecker calls it', () => {
    expect(
      ['.woodpecker/build.yaml', '.woodpecker/build.v2.yml', '.woodpecker.yml'].map(
        (file) => beside('', file).name,
      ),
    ).toEqual(['build', 'build.v2', 'woodpecker']);
  });
});
