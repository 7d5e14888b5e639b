import { describe, expect, it } from 'vitest';
import type { Gate } from '../../../core/vault/workflow.ts';
import { readWorkflow } from '../../../core/vault/workflow-file.ts';

/** `{{ x }}` stands for an expression. */
const forgejo = (text: string): Gate =>
  readWorkflow('.forgejo/workflows/x.yml', 'b', new TextEncoder().encode(text.replaceAll('{{', '$' + '{{')))
    .gate;
/** `@{x}` stands for a name that is replaced before the file is read. */
const woodpecker = (text: string): Gate =>
  readWorkflow('.woodpecker/x.yaml', 'b', new TextEncoder().encode(text.replaceAll('@{', '$' + '{'))).gate;

/** A text with one place of it written anew; it has to be there. */
function changed(text: string, from: string, to: string): string {
  expect(text.split(from)).toHaveLength(2);
  return text.replace(from, () => to);
}

/** Why it is open, as people are told. */
const whyOf = (gate: Gate): string => (gate.kind === 'open' ? gate.why : 'it is gated');

describe('a gate on Forgejo Actions', () => {
  const workflow = `on:
  workflow_dispatch:
    inputs:
      action: {required: true}
      nonce: {required: true}
jobs:
  gate:
    runs-on: docker
    steps:
      - uses: https://forge.example/owner/forgecrew/actions/vault-dispatch@v0.1.0
        with:
          mode: gate
          forge-login: gatekeeper
          forge-token: {{ secrets.GATE_TOKEN }}
          dispatcher: dispatcher
  build:
    needs: gate
    if: github.run_attempt <= 1
    runs-on: docker
    container: {image: node}
    services: {db: {image: postgres}}
    strategy: {matrix: {version: [1, 2]}}
    steps:
      - uses: https://forge.example/actions/checkout@v4
      - if: github.ref == 'x'
        run: |
          ./build "$TARGET"
        env:
          KEY: {{ secrets.KEY }}
  deploy:
    needs: [build]
    if: {{ github.run_attempt <= 1 && needs.build.result == 'success' }}
    runs-on: docker
    steps:
      - run: ./deploy
`;

  it('holds as the only step of a job that all others wait for, one after the other', () => {
    expect(forgejo(workflow)).toEqual({ kind: 'gated' });
  });

  it.each([
    ['there is none', 'actions/vault-dispatch@v0.1.0', 'actions/gate@v0.1.0', 'it has no gate'],
    ['it has another mode', 'mode: gate', 'mode: review', 'it has no gate'],
    [
      'it is an image of that name',
      'https://forge.example/owner/forgecrew/actions/vault-dispatch@v0.1.0',
      'docker://mallory/vault-dispatch',
      'it has no gate',
    ],
    [
      'it comes from the workspace',
      'https://forge.example/owner/forgecrew/actions/vault-dispatch@v0.1.0',
      './vault-dispatch',
      'it has no gate',
    ],
    [
      'a job does not wait for it',
      '    needs: gate\n',
      '',
      'job build does not wait for job gate, where its gate is (`needs`)',
    ],
    ['a job waits for nothing', 'needs: [build]', 'needs: []', 'job deploy does not wait for job gate'],
    ['a job waits for itself only', 'needs: [build]', 'needs: [deploy]', 'job deploy does not wait'],
    [
      'a step stands before it',
      '    steps:\n      - uses: https://forge.example/owner',
      '    steps:\n      - run: x\n      - uses: https://forge.example/owner',
      'its gate is not the only step of job gate',
    ],
    [
      'a step with a `pre:` stands behind it',
      '          dispatcher: dispatcher\n',
      '          dispatcher: dispatcher\n      - uses: https://forge.example/actions/checkout@v4\n',
      'its gate is not the only step of job gate',
    ],
    [
      'its job has a container',
      '  gate:\n    runs-on: docker\n',
      '  gate:\n    runs-on: docker\n    container: {image: mallory/node}\n',
      'job gate, where its gate is, has `container`',
    ],
    [
      'its job has services',
      '  gate:\n    runs-on: docker\n',
      '  gate:\n    runs-on: docker\n    services: {x: {image: a}}\n',
      'has `services`',
    ],
    [
      'its job has a matrix',
      '  gate:\n    runs-on: docker\n',
      '  gate:\n    runs-on: docker\n    strategy: {matrix: {a: [1, 2]}}\n',
      'has `strategy`',
    ],
    [
      'its job sets an environment',
      '  gate:\n    runs-on: docker\n',
      '  gate:\n    runs-on: docker\n    env: {NODE_OPTIONS: --require=./x}\n',
      'has `env`',
    ],
    [
      'its job may be left out',
      '  gate:\n    runs-on: docker\n',
      '  gate:\n    runs-on: docker\n    if: false\n',
      'has `if`',
    ],
    [
      'its job may fail',
      '  gate:\n    runs-on: docker\n',
      '  gate:\n    runs-on: docker\n    continue-on-error: true\n',
      'has `continue-on-error`',
    ],
    [
      'an input says where it runs',
      '  gate:\n    runs-on: docker\n',
      '  gate:\n    runs-on: {{ inputs.where }}\n',
      'an expression says where its gate runs',
    ],
    [
      'the whole file sets an environment',
      'jobs:\n',
      'env: {NODE_OPTIONS: --require=./x}\njobs:\n',
      'it sets `env` for all of its jobs',
    ],
    [
      'it may fail',
      '        with:\n          mode: gate',
      '        continue-on-error: true\n        with:\n          mode: gate',
      'its gate has `continue-on-error`',
    ],
    [
      'it may be left out',
      '        with:\n          mode: gate',
      '        if: false\n        with:\n          mode: gate',
      'its gate has `if`',
    ],
    [
      'it is given an environment',
      '        with:\n          mode: gate',
      '        env: {NODE_OPTIONS: --require=./x}\n        with:\n          mode: gate',
      'its gate has `env`',
    ],
    [
      'an input says a setting of it',
      'dispatcher: dispatcher',
      'dispatcher: {{ inputs.who }}',
      'an expression says the setting dispatcher of its gate',
    ],
    [
      'a setting stands there twice, in capitals',
      'dispatcher: dispatcher',
      'dispatcher: dispatcher\n          MODE: review',
      'its gate has a setting that is written in an unusual way: MODE',
    ],
    [
      'a setting is no plain value',
      'dispatcher: dispatcher',
      'dispatcher: [dispatcher]',
      'the setting dispatcher of its gate is not a plain value',
    ],
    [
      'its token is computed',
      '{{ secrets.GATE_TOKEN }}',
      '{{ inputs.x || secrets.GATE_TOKEN }}',
      'the forge-token of its gate is not just one secret',
    ],
    [
      'another one stands in another job',
      '      - run: ./deploy\n',
      '      - uses: o/r/vault-dispatch@v1\n        with: {mode: gate}\n',
      'it has two gates, in the jobs gate and deploy',
    ],
    [
      'a job runs although it failed',
      "needs.build.result == 'success'",
      'always()',
      'an `if` of job deploy asks for always()',
    ],
    [
      'a job runs if it failed',
      "needs.build.result == 'success'",
      'failure()',
      'an `if` of job deploy asks for failure()',
    ],
    [
      'a job takes away that it waits for success',
      "needs.build.result == 'success'",
      'success() || true',
      'an `if` of job deploy asks for success()',
    ],
    [
      'a job writes it so that it is hard to see',
      "needs.build.result == 'success'",
      '!Cancelled ( )',
      'an `if` of job deploy asks for Cancelled()',
    ],
    ...Object.entries({
      'says nothing of it': '',
      'says something else': '    if: inputs.target\n',
      'says it of ten runs': '    if: github.run_attempt <= 10\n',
      'says it or something else': '    if: github.run_attempt <= 1 || true\n',
      'says it or something else, behind': '    if: github.run_attempt <= 1 && a || b\n',
      'compares what it says': '    if: github.run_attempt <= 1 == false\n',
      'says it behind a text, which is true': '    if: x {{ github.run_attempt <= 1 }}\n',
      'says it before a text, which is true': '    if: {{ github.run_attempt <= 1 }} x\n',
      'says it in one of two parts': '    if: {{ github.run_attempt <= 1 }}{{ false }}\n',
      'says it in a list': '    if: [github.run_attempt <= 1]\n',
    }).map(([how, condition]): [string, string, string, string] => [
      `a job can be run again by itself, and ${how}`,
      '    if: github.run_attempt <= 1\n',
      condition,
      'whoever may write can run job build again by itself',
    ]),
    [
      'a step runs although something failed',
      "if: github.ref == 'x'",
      'if: always()',
      'an `if` of job build asks for always()',
    ],
    [
      'a step may fail',
      "if: github.ref == 'x'",
      'continue-on-error: true',
      'job build has `continue-on-error`',
    ],
    [
      'a job is another file',
      '    steps:\n      - run: ./deploy\n',
      '    uses: ./.forgejo/workflows/y.yml\n',
      "job deploy runs another workflow's file",
    ],
  ])('holds not where %s', (_, from, to, why) => {
    expect(whyOf(forgejo(changed(workflow, from, to)))).toContain(why);
  });
});

describe('a gate on Woodpecker', () => {
  const workflow = `when:
  - event: manual
clone:
  - name: git
    image: woodpeckerci/plugin-git
    settings: {depth: 1}
steps:
  - name: gate
    image: /opt/forgecrew/plugins/vault-dispatch/vault-dispatch
    settings:
      mode: gate
      forge_login: gatekeeper
      forge_token: {from_secret: gate_token}
      dispatcher: dispatcher
  - name: backup
    when: [{evaluate: 'FORMULA == "backup"'}]
    image: bash
    commands: ['./backup "$target"']
    environment:
      KEY: {from_secret: backup_key}
  - name: more
    image: bash
    failure: ignore
    commands:
      - |
        cat <<EOF
        	tabs in a script
        EOF
`;

  it('holds as the first step, with no condition or that of all others', () => {
    const only = "when: [{evaluate: 'x'}]";

    expect(woodpecker(workflow)).toEqual({ kind: 'gated' });
    expect(
      woodpecker(
        `steps:\n  - {name: g, image: vault-dispatch, settings: {mode: gate}, ${only}}\n  - {name: x, image: a, ${only}}\n`,
      ),
    ).toEqual({ kind: 'gated' });
  });

  const image = '    image: /opt/forgecrew/plugins/vault-dispatch/vault-dispatch\n';
  it.each([
    ['there is none', 'vault-dispatch/vault-dispatch', 'vault-dispatch/other', 'it has no gate'],
    ['it is a step with commands', image, `${image}    commands: [x]\n`, 'it has no gate'],
    ['it is a step with an entrypoint', image, `${image}    entrypoint: [x]\n`, 'its gate has `entrypoint`'],
    [
      'it is given an environment',
      image,
      `${image}    environment: {NODE_OPTIONS: x}\n`,
      'its gate has `environment`',
    ],
    ['its failure is ignored', image, `${image}    failure: ignore\n`, 'its gate has `failure`'],
    ['nobody waits for it', image, `${image}    detach: true\n`, 'its gate has `detach`'],
    [
      'it runs only after a failure',
      image,
      `${image}    when: [{status: failure}]\n`,
      'its gate runs only for a status',
    ],
    [
      'a step stands before it',
      'steps:\n',
      'steps:\n  - {name: x, image: a}\n',
      'its gate is not its first step',
    ],
    [
      'steps are a map, in which numbers come first',
      workflow.slice(workflow.indexOf('steps:')),
      'steps:\n  2: {image: a}\n  1: {image: vault-dispatch, settings: {mode: gate}}\n',
      'could read its file differently',
    ],
    [
      'steps are a map',
      workflow.slice(workflow.indexOf('steps:')),
      'steps:\n  g: {image: vault-dispatch, settings: {mode: gate}}\n',
      'its steps are a map',
    ],
    [
      'services start beside it',
      'steps:\n',
      'services: [{name: db, image: postgres}]\nsteps:\n',
      'its `services` start before its gate',
    ],
    [
      'the clone has a secret',
      'settings: {depth: 1}',
      'settings: {depth: {from_secret: x}}',
      'its `clone`, which runs before its gate, has a secret',
    ],
    [
      'the clone has commands',
      'settings: {depth: 1}',
      'commands: [x]',
      'its `clone`, which runs before its gate, has `commands`',
    ],
    ['it is started more than once', 'steps:\n', 'matrix: {A: [1, 2]}\nsteps:\n', 'it has a `matrix`'],
    [
      'a value is put into the file',
      'image: bash\n    failure',
      'image: bash:@{TAG}\n    failure',
      'write $TAG without braces',
    ],
    [
      'a step waits for nothing',
      '    failure: ignore\n',
      '    depends_on: []\n',
      'step more has `depends_on`',
    ],
    [
      'a step runs where it is left out',
      image,
      `${image}    when: [{evaluate: 'x'}]\n`,
      'step backup has not the same `when` as its gate',
    ],
    [
      'a step runs although it failed',
      '    failure: ignore\n',
      '    when: [{event: manual}, {status: [success, failure]}]\n',
      'step more may run although its gate failed',
    ],
    [
      'a setting of it is a secret',
      'dispatcher: dispatcher',
      'dispatcher: {from_secret: x}',
      'the setting dispatcher of its gate is not a plain value',
    ],
    [
      'a setting stands there twice',
      'dispatcher: dispatcher',
      'dispatcher: dispatcher\n      Mode: review',
      'unusual way: Mode',
    ],
    [
      'a setting has another spelling',
      'dispatcher: dispatcher',
      'dispatcher: dispatcher\n      forge-login: mallory',
      'unusual way: forge-login',
    ],
    [
      'its token is part of something',
      'forge_token: {from_secret: gate_token}',
      'forge_token: [{from_secret: gate_token}]',
      'the forge_token of its gate is not just one secret',
    ],
  ])('holds not where %s', (_, from, to, why) => {
    expect(whyOf(woodpecker(changed(workflow, from, to)))).toContain(why);
  });
});

describe('a gate in a file that its host could read differently holds not', () => {
  const gate = 'steps:\n  - {name: g, image: vault-dispatch, settings: {mode: gate}}\n';

  it.each([
    [
      'a line end that only others know',
      `# \u2028services: [{name: a, image: b}]\n${gate}`,
      'line ends of an unusual kind',
    ],
    [
      'a lone carriage return',
      `# \rservices: [{name: a, image: b}]\n${gate}`,
      'line ends of an unusual kind',
    ],
    ['a byte order mark', `\ufeff${gate}`, 'control characters'],
    ['a control character', `x: "a\u0007"\n${gate}`, 'control characters'],
    ['a directive', `%YAML 1.1\n---\n${gate}`, 'directives'],
    ['a tag', `x: !!str 1\n${gate}`, 'tags'],
    ['a merged map', `x: &x {services: []}\n<<: *x\n${gate}`, 'merges maps'],
    ['a key that is a list', `? [a]\n: b\n${gate}`, 'no plain word'],
    ['a key that is a number', `0x10: b\n${gate}`, 'no plain word'],
    ['a key without a value in brackets', `x: {a-1: , b}\n${gate}`, 'without a value in brackets'],
    ['a text over several lines', `x: a\n  b\n${gate}`, 'over several lines'],
    ['a text that says its indentation', `x: |2\n    b\n${gate}`, 'how far a text is indented'],
    ['a text in brackets that needs quotes', `x: [a#b]\n${gate}`, 'needs quotes'],
  ])('for %s', (_, text, why) => {
    expect(woodpecker(gate)).toEqual({ kind: 'gated' });
    expect(whyOf(woodpecker(text))).toContain(why);
  });
});
