// Writes everything that follows from the sources: each role's two doors, the settings tables in its two documents,
// the JSON Schemas of what the roles publish, and the picture of the whole loop. `--check` writes nothing and names what is stale.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import * as z from 'zod';
import { engagementEvidence } from '../actions/collect-engagement/evidence.ts';
import { processEvidence } from '../actions/collect-process-metrics/evidence.ts';
import { listingSchema } from '../cli/agents/listing.ts';
import { agentsAdd } from '../cli/agents-add/role.ts';
import { dispatchConfigSchema } from '../cli/dispatch/config.ts';
import { dispatchEntrySchema } from '../cli/dispatch/entry.ts';
import { dispatchListSchema } from '../cli/dispatch/list.ts';
import { checkupSchema } from '../cli/doctor/finding.ts';
import { settings as doctorSettings } from '../cli/doctor/settings.ts';
import { escalationInit } from '../cli/escalation-init/role.ts';
import { posts } from '../cli/factory/posts.ts';
import { init } from '../cli/init/role.ts';
import { policy } from '../cli/policy/role.ts';
import { propose } from '../cli/propose/role.ts';
import { protect } from '../cli/protect/role.ts';
import { upgrade } from '../cli/upgrade/role.ts';
import { entrySchema } from '../core/agent/entry.ts';
import { agentsFolder, manifestSchema } from '../core/agent/manifest.ts';
import { envelopeSchema, recordPayloadType } from '../core/agent/provenance/envelope.ts';
import { provenanceReport } from '../core/agent/provenance/report.ts';
import { runRecordSchema } from '../core/agent/run-record.ts';
import { crewFile, crewSchema } from '../core/crew-file.ts';
import { escalationPolicyFile, escalationPolicySchema } from '../core/escalation/policy.ts';
import {
  decidedFolder,
  decidedRecord,
  escalationPath,
  outcomeFolder,
  outcomeRecord,
  proposalFolder,
  proposalRecord,
} from '../core/escalation/record.ts';
import { firstCalls, laterCalls } from '../core/forge/versions.ts';
import { flowSettings, type Setting, type Settings } from '../core/settings.ts';
import { vaultActionSchema } from '../core/vault/action.ts';
import { formulaSchema } from '../core/vault/formula.ts';
import { policySchema } from '../core/vault/policy.ts';
import {
  claimedFolder,
  claimRecord,
  claimsBranch,
  endedFolder,
  endedRecord,
  firedFolder,
  firedRecord,
  recordPath,
  recordsBranch,
  rejectedFolder,
  rejectedRecord,
} from '../core/vault/record.ts';
import { roles } from '../roles.ts';
import { chapters } from '../test/mutate/defences.ts';
import { containerfile } from './containerfile.ts';
import { exampleOpsRepo } from './docs/example-ops-repo.ts';
import { loopPicture } from './docs/loop-picture.ts';
import { troubleshootingPage } from './docs/troubleshooting.ts';
import { launcher } from './launcher.ts';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** The Forgejo Actions door. `using` is no version selector on the runner, but a name it has to know. */
function actionYml(role: { name: string; summary: string; settings: Settings }): string {
  const inputs = Object.fromEntries(
    Object.entries(role.settings).map(([name, setting]) => [
      name,
      {
        description: `${setting.description}${setting.fallback === undefined ? '' : ` Default: ${setting.fallback.name}.`}`,
        ...(isRequired(setting) ? { required: true } : {}),
        ...(setting.default === undefined || setting.default === '' ? {} : { default: setting.default }),
      },
    ]),
  );
  const outputs = {
    outcome: { description: 'unchanged, changed, planned (a dry run), paused, refused or failed.' },
    'result-file': {
      description: 'The path of a file with the whole outcome as JSON, for later steps of the job.',
    },
  };
  const door = {
    name: `forgecrew ${role.name}`,
    description: role.summary,
    inputs,
    outputs,
    runs: { using: 'node20', main: `../../dist/${role.name}/index.js` },
  };
  return `# Made from settings.ts by \`npm run docs\`; edit that.\n${stringify(door, { lineWidth: 0 })}`;
}

function isRequired(setting: Setting<unknown>): boolean {
  return setting.required === true && setting.fallback === undefined;
}

/** Settings as a table; on Woodpecker a name may be written with underscores. */
function table(settings: Settings, called = 'setting'): string {
  const rows = Object.entries(settings).map(([name, setting]) => {
    const otherwise = isRequired(setting)
      ? '**required**'
      : setting.default !== undefined && setting.default !== ''
        ? `\`${setting.default}\``
        : (setting.fallback?.name ?? '');
    return `| \`${name}\` | ${otherwise} | ${setting.description.replaceAll('|', '\\|')} |`;
  });
  return ['', `| ${called} | default | what it is |`, '|---|---|---|', ...rows, ''].join('\n');
}

/** The text with the part between two marker lines replaced; throws where they are missing. */
export function between(text: string, name: string, content: string, file: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} needs the lines ${begin} and ${end}`);
  return `${text.slice(0, from + begin.length)}\n${content.trim() === '' ? '' : `${content}\n`}${text.slice(to)}`;
}

/** What a document holds, for editors and for agents that write it; what its parser refuses beyond that is in its README. */
function schemaOf(name: string, title: string, schema: z.core.$ZodType): { file: string; text: string } {
  return {
    file: `docs/schemas/${name}.json`,
    text: `${JSON.stringify({ title, ...z.toJSONSchema(schema, { unrepresentable: 'any' }) }, null, 2)}\n`,
  };
}

/** The page of the command line, with the options that each command declares as settings. */
function commandsDocument(): { file: string; text: string } {
  const file = 'docs/commands.md';
  const commands: { name: string; settings: Settings }[] = [
    init,
    { name: 'doctor', settings: doctorSettings },
    agentsAdd,
    upgrade,
    protect,
    policy,
    propose,
    escalationInit,
  ];
  const text = commands.reduce(
    (page, { name, settings }) => {
      // A secret is no option: arguments can be read by every account on the machine.
      const own = Object.entries(settings).filter(
        ([setting, spec]) => !Object.hasOwn(flowSettings, setting) && spec.secret !== true,
      );
      const options = own.map(([setting, spec]) => [
        (name === 'agents-add' && setting === 'engine') || (name === 'upgrade' && setting === 'version')
          ? setting
          : name === 'policy' && setting === 'what'
            ? 'open or close'
            : name === 'propose' && setting === 'type'
              ? 'type'
              : `--${setting}`,
        spec,
      ]);
      return between(page, name, table(Object.fromEntries(options), 'option'), file);
    },
    readFileSync(path.join(root, file), 'utf8'),
  );
  return { file, text };
}

/** The page of a factory, with what each of its accounts needs. */
function factoryDocument(): { file: string; text: string } {
  const file = 'docs/factory.md';
  const rows = posts.map(
    ({ name, role, does, ops, opsWithoutVault = ops, project, projectOfPerson, scopes, secret }) =>
      `| \`${name}\` | ${role}: ${does} | ${ops}${ops === opsWithoutVault ? '' : ` (${opsWithoutVault} where vault-dispatch does not work)`} | ${project}${project === projectOfPerson ? '' : ` (${projectOfPerson} in a person's repository)`} | ${scopes.map((scope) => `\`${scope}\``).join(', ')} | \`${secret}\` |`,
  );
  const content = [
    '| account | what it does | ops repo | project repo | scopes of its token | secret |',
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
  return { file, text: between(readFileSync(path.join(root, file), 'utf8'), 'accounts', content, file) };
}

/** The index of everything that the documents say of red runs. */
function troubleshooting(): { file: string; text: string } {
  const named = [
    ...roles.map(({ name }) => ({ file: `actions/${name}/README.md`, called: name })),
    { file: 'docs/vault.md', called: 'Vault' },
    { file: 'docs/agent-work.md', called: "Agents' work" },
    { file: 'docs/escalation.md', called: 'Escalation' },
  ];
  const documents = named.map((document) => ({
    ...document,
    text: readFileSync(path.join(root, document.file), 'utf8'),
  }));
  return { file: 'docs/troubleshooting.md', text: troubleshootingPage(documents) };
}

/** The calls that not every forge has, and those that all have. */
function callsTable(): string {
  const rows = laterCalls.map(
    ({ method, route, since, without }) => `| \`${method} ${route}\` | ${since} | ${without} |`,
  );
  return [
    '| call | since Forgejo | what a role does without it |',
    '|---|---|---|',
    ...rows,
    '',
    `All others were there in Forgejo 7: ${firstCalls.map((route) => `\`${route}\``).join(', ')}.`,
  ].join('\n');
}

/** The page of the named defences, with where each stands and which tests hold it. */
function defencesDocument(): { file: string; text: string } {
  const rows = chapters.flatMap(({ title, defences }) => [
    `## ${title}`,
    '',
    '| promise | kept in | held by |',
    '|---|---|---|',
    ...defences.map(
      ({ name, file, tests }) =>
        `| ${name} | \`${file}\` | ${tests.map((test) => `\`${test.replace(/^test\//, '')}\``).join(', ')} |`,
    ),
    '',
  ]);
  return {
    file: 'docs/defences.md',
    text: [
      '<!-- Made from test/mutate/defences.ts by `npm run docs`; edit that. -->',
      '# Named defences',
      '',
      'Each of these promises is kept by one place in the sources. `npm run mutate` takes a copy of the sources, breaks one of these',
      'places at a time, and runs the tests that are named beside it, which are below `test/`. Where none of them fails, the promise',
      'would be held by nothing, and the run ends red. What the promises are about, and what is not promised, is in the',
      '[threat model](threat-model.md).',
      '',
      ...rows,
    ].join('\n'),
  };
}

/** A block of a document, by the line that it begins with or that stands before it. */
function blockOf(file: string, mark: string): string {
  const text = readFileSync(path.join(root, file), 'utf8');
  const from = text.indexOf(mark);
  // A block of which the mark is the first line, or the first one after it.
  const isFirst = text.slice(0, from).endsWith('\n') && /```\w+\n$/.test(text.slice(0, from));
  const begin = isFirst ? from : text.indexOf('\n', text.indexOf('```', from)) + 1;
  if (from < 0 || begin === 0) throw new Error(`${file} needs a block at ${mark}`);
  return text.slice(begin, text.indexOf('\n```', begin) + 1);
}

/** The examples that the documents show, for what makes pipelines of them: so both are always the same. */
function examplesModule(): { file: string; text: string } {
  const found = roles.flatMap((role) =>
    (
      [
        ['forgejo', 'work', `actions/${role.name}/example.yml`],
        ['forgejo', 'check', `actions/${role.name}/example-pull-request.yml`],
        ['woodpecker', 'work', `plugins/${role.name}/example.yaml`],
        ['woodpecker', 'check', `plugins/${role.name}/example-pull-request.yaml`],
      ] as const
    ).flatMap(([ci, purpose, file]) => {
      if (!existsSync(path.join(root, file))) return [];
      const text = readFileSync(path.join(root, file), 'utf8');
      // Every example says in its first line where it belongs.
      const [, place] = /^# (\.(?:forgejo|woodpecker)\/[\w./-]+?\.ya?ml)\b/.exec(text) ?? [];
      if (place === undefined) throw new Error(`${file} does not begin with the path that it belongs at`);
      return [{ role: role.name, ci, purpose, path: place, text }];
    }),
  );
  const page = 'docs/vault.md';
  const vaultExample = {
    formula: blockOf(page, '# vault/formulas/backup.toml'),
    policy: blockOf(page, '# vault/policy.toml'),
    forgejo: blockOf(page, 'On Forgejo Actions, `.forgejo/workflows/backup.yml`:'),
    woodpecker: blockOf(page, 'On Woodpecker, `.woodpecker/backup.yaml`:'),
  };
  const shown = (value: unknown): string => JSON.stringify(value, null, 2);
  return {
    file: 'cli/factory/example-texts.ts',
    text: `// Made from the examples of the roles and docs/vault.md by \`npm run docs\`; edit those.\nexport const texts = ${shown({ examples: found, vaultExample })};\n`,
  };
}

/** Every generated file with what it should hold. */
function generated(): { file: string; text: string }[] {
  const schemas = [
    schemaOf('forgecrew', crewFile, crewSchema),
    schemaOf('engagement-evidence', 'evidence/engagement/<date>.json', engagementEvidence),
    schemaOf('process-evidence', 'evidence/process/<date>.json', processEvidence),
    schemaOf('agent', `${agentsFolder}/<name>.toml`, manifestSchema),
    schemaOf('agent-entry', 'state repo: agents/<owner>/<repo>/<issue>.json', entrySchema),
    schemaOf(
      'agent-run-envelope',
      'state repo: records/<owner>/<repo>/<issue>/<round>-<lease>.json',
      envelopeSchema,
    ),
    schemaOf('doctor', 'forgecrew doctor --json', checkupSchema),
    schemaOf('agents-listing', 'forgecrew agents --json', listingSchema),
    schemaOf('dispatch-config', '$XDG_CONFIG_HOME/forgecrew/config.toml', dispatchConfigSchema),
    schemaOf('dispatch-list', 'forgecrew dispatch list --json', dispatchListSchema),
    schemaOf('dispatch-entry', 'log-root: <host>+<owner>+<repo>+<issue>+<n>.json', dispatchEntrySchema),
    schemaOf('agent-run-record', `the payload of an envelope, ${recordPayloadType}`, runRecordSchema),
    schemaOf('provenance', 'forgecrew provenance --json', provenanceReport),
    schemaOf('vault-action', 'vault/actions/<id>.toml', vaultActionSchema),
    schemaOf('vault-formula', 'vault/formulas/<name>.toml', formulaSchema),
    schemaOf('vault-policy', 'vault/policy.toml', policySchema),
    schemaOf('vault-fired', `${recordsBranch}: ${recordPath(firedFolder, '<id>')}`, firedRecord),
    schemaOf('vault-ended', `${recordsBranch}: ${recordPath(endedFolder, '<id>')}`, endedRecord),
    schemaOf('vault-rejected', `${recordsBranch}: ${recordPath(rejectedFolder, '<id>')}`, rejectedRecord),
    schemaOf('vault-claimed', `${claimsBranch}: ${recordPath(claimedFolder, '<id>')}`, claimRecord),
    schemaOf('escalation-policy', escalationPolicyFile, escalationPolicySchema),
    schemaOf('escalation-proposal', escalationPath(proposalFolder, '<id>'), proposalRecord),
    schemaOf('escalation-decided', escalationPath(decidedFolder, '<id>'), decidedRecord),
    schemaOf('escalation-outcome', escalationPath(outcomeFolder, '<id>'), outcomeRecord),
  ];
  const versions = 'docs/forge-versions.md';
  const calls = {
    file: versions,
    text: between(readFileSync(path.join(root, versions), 'utf8'), 'calls', callsTable(), versions),
  };
  const ofRoles = roles.flatMap((role) => {
    const described = [`actions/${role.name}/README.md`, `plugins/${role.name}/docs.md`].map((file) => ({
      file,
      text: between(readFileSync(path.join(root, file), 'utf8'), 'settings', table(role.settings), file),
    }));
    return [
      { file: `actions/${role.name}/action.yml`, text: actionYml(role) },
      { file: `plugins/${role.name}/Containerfile`, text: containerfile(role.name) },
      { file: `plugins/${role.name}/${role.name}`, text: launcher(role.name) },
      ...described,
    ];
  });
  return [
    ...ofRoles,
    ...schemas,
    examplesModule(),
    { file: 'docs/loop.svg', text: loopPicture() },
    factoryDocument(),
    ...exampleOpsRepo(),
    troubleshooting(),
    calls,
    commandsDocument(),
    defencesDocument(),
  ];
}

/** Names of generated files that are not what the settings give. */
export function staleDocuments(): string[] {
  return generated()
    .filter(
      ({ file, text }) =>
        !existsSync(path.join(root, file)) || readFileSync(path.join(root, file), 'utf8') !== text,
    )
    .map(({ file }) => file);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const stale = staleDocuments();
  if (process.argv.includes('--check')) {
    for (const file of stale) console.error(`${file} is stale: run npm run docs`);
    process.exitCode = stale.length === 0 ? 0 : 1;
  } else {
    for (const { file, text } of generated()) {
      if (!stale.includes(file)) continue;
      mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
      writeFileSync(path.join(root, file), text);
      console.log(`wrote ${file}`);
    }
  }
}
