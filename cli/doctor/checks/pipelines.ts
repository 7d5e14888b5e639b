import { field, isYamlMap } from '../../../core/vault/gate-rules.ts';
import { version } from '../../../core/version.ts';
import { isPipeline, isSaidToBe, pinFault, pinsOf } from '../../factory/pins.ts';
import {
  exampleModel,
  type Names,
  namesOf,
  type Pipeline,
  pipelinesOf,
  purposeIn,
  secretsOf,
  withoutComments,
} from '../../factory/pipelines.ts';
import { factoryRoles } from '../../factory/posts.ts';
import { secretsPage } from '../../factory/settings.ts';
import { dataOf, stepsIn } from '../../factory/steps.ts';
import { broken, type Finding, finding, ok, unchecked } from '../finding.ts';
import type { DoctorSettings, DoctorState } from '../state.ts';

/** The names that the pipelines of this factory are held against. */
export function namesIn(
  settings: DoctorSettings,
  { ops: { repository }, release }: Pick<DoctorState, 'ops' | 'release'>,
): Names {
  return namesOf(settings, {
    branch: repository.kind === 'known' ? repository.value.default_branch : undefined,
    commit: release.kind === 'known' ? release.value : undefined,
  });
}

/** The pipelines of the roles are there and have the shape of the examples. */
export function pipelineChecks(settings: DoctorSettings, state: DoctorState): Finding[] {
  const { texts } = state.ops;
  if (texts.kind === 'unknown') return [unchecked('pipelines', 'the pipelines of the ops repo', texts.why)];
  const names = namesIn(settings, state);
  const wanted = pipelinesOf(names, undefined);
  const isOfHost = (path: string): boolean =>
    path.startsWith('.woodpecker') === (settings.ci === 'woodpecker');
  const files = [...texts.value].filter(([path]) => isPipeline(path) && isOfHost(path));
  const keys = wanted.flatMap((pipeline) => {
    const text = pipeline.purpose === 'work' ? fileOf(pipeline, files)?.[1] : undefined;
    return text === undefined
      ? []
      : secretsOf({ content: text }, settings.ci).names.filter((name) => !isToken(name));
  });
  return [
    ...wanted.flatMap((pipeline) => checksOf(settings, pipeline, { files, release: names.commit })),
    ...[...new Set(keys)].map((key) => keyCheck(settings, key, state)),
    ...unnamedRoles(settings, files),
  ];
}

/** Roles that work here and were not named: without this a factory that grew would be called well unseen. */
function unnamedRoles({ roles, 'ops-repo': ops }: DoctorSettings, files: PipelineFile[]): Finding[] {
  const unnamed = factoryRoles.filter(
    (role) => !roles.includes(role) && files.some(([, text]) => purposeIn(text, role) === 'work'),
  );
  const all = factoryRoles.filter((role) => roles.includes(role) || unnamed.includes(role));
  return unnamed.length === 0
    ? []
    : [
        unchecked(
          'roles.named',
          `what ${unnamed.join(', ')} ${unnamed.length === 1 ? 'needs' : 'need'}`,
          `pipelines of ${ops} start ${unnamed.length === 1 ? 'it' : 'them'}, and --roles does not name ${unnamed.length === 1 ? 'it' : 'them'}`,
          `run it again with --roles ${all.join(',')}`,
        ),
      ];
}

/** Tokens of accounts are the same in every factory; what else a pipeline is given, such as the key of a model, people choose. */
function isToken(secret: string): boolean {
  return /_token$/i.test(secret);
}

function keyCheck(
  settings: DoctorSettings,
  key: string,
  { secrets, woodpeckerId }: Pick<DoctorState, 'secrets' | 'woodpeckerId'>,
): Finding {
  const { 'ops-repo': ops } = settings;
  return finding(`secret.${key.toLowerCase()}`, `${ops} has the secret ${key}`, secrets, (all) =>
    all.some(({ name }) => name.toLowerCase() === key.toLowerCase())
      ? undefined
      : {
          what: `${ops} has no secret ${key}, which its pipelines use`,
          who: `an admin of ${ops}`,
          mend: `put it in at ${secretsPage(settings, woodpeckerId)}`,
        },
  );
}

type PipelineFile = [path: string, text: string];

/** The file that does what a pipeline is for, under whatever name people gave it. */
function fileOf({ role, purpose, path: usual }: Pipeline, files: PipelineFile[]): PipelineFile | undefined {
  return (
    files.find(([path, text]) => path === usual && purposeIn(text, role) !== undefined) ??
    files.find(([, text]) => purposeIn(text, role) === purpose)
  );
}

function checksOf(
  settings: DoctorSettings,
  pipeline: Pipeline,
  { files, release }: { files: PipelineFile[]; release: string | undefined },
): Finding[] {
  const { role, purpose } = pipeline;
  const id = `pipeline.${role}.${purpose}`;
  const who = `whoever merges to main of ${settings['ops-repo']}`;
  const found = fileOf(pipeline, files);
  if (found === undefined)
    return [
      broken(
        `${id}.there`,
        `${settings['ops-repo']} has no pipeline that ${purpose === 'check' ? 'checks pull requests with' : 'starts'} ${role}`,
        {
          who,
          mend: 'forgecrew init --apply adds it',
        },
      ),
    ];
  const [path, text] = found;
  const mend = `make ${path} as the example of ${role} has it`;
  const data = dataOf(text);
  if (data === undefined) return [broken(`${id}.there`, `${path} cannot be read as YAML`, { who, mend })];
  const example = dataOf(pipeline.content);
  const { names } = secretsOf({ content: text }, settings.ci);
  const expected = secretsOf(pipeline, settings.ci).names.filter(isToken);
  const events = eventsOf(data, settings.ci);
  const steps = stepsIn(data, role);
  const said = pinsOf(text, role).filter((pin) => isSaidToBe({ version, commit: release }, pin));
  const others = steps
    .map(({ ref }) => ref)
    .filter((ref) => ref !== undefined && ref !== `v${version}` && ref !== release)
    .filter((ref) => said.every(({ commit }) => commit !== ref));
  const differing = stepsIn(example, role).flatMap((step) =>
    differences(step.given, steps.find((item) => item.given.mode === step.given.mode)?.given),
  );
  const missingEvents = eventsOf(example, settings.ci).filter(
    // People start it by hand with that, where they like; only what vault-dispatch starts cannot do without.
    (event) => !events.includes(event) && (event !== 'workflow_dispatch' || purpose === 'gated'),
  );
  const isFromPull = events.some((event) => /^pull_request/.test(event));
  const one = (part: string, right: string, wrong: string | undefined): Finding =>
    wrong === undefined ? ok(`${id}.${part}`, right) : broken(`${id}.${part}`, wrong, { who, mend });
  return [
    ok(`${id}.there`, `${path} ${purpose === 'check' ? 'checks with' : 'starts'} ${role}`),
    one(
      'version',
      `${path} names this version`,
      others.length === 0
        ? undefined
        : `${path} names ${[...new Set(others)].join(', ')}, and this is v${version}`,
    ),
    ...pinCheck(`${id}.pin`, [path, text], role, { release, who }),
    one(
      'settings',
      `${path} has the settings of this factory`,
      differing.length === 0 ? undefined : `${path} has ${differing.join('; ')}`,
    ),
    one(
      'events',
      `${path} is started as in the example`,
      missingEvents.length === 0 ? undefined : `${path} is not started by ${missingEvents.join(', ')}`,
    ),
    purpose === 'check'
      ? one(
          'secrets',
          `${path} uses no secret`,
          names.length === 0
            ? undefined
            : `${path} uses ${names.join(', ')}: whoever opens a pull request can read it`,
        )
      : one(
          'secrets',
          `${path} uses its own secrets`,
          expected.every((name) => names.includes(name))
            ? undefined
            : `${path} does not use ${expected.filter((name) => !names.includes(name)).join(', ')}`,
        ),
    ...(purpose === 'work'
      ? [
          ...(withoutComments(pipeline.content).includes(exampleModel)
            ? [
                withoutComments(text).includes(exampleModel)
                  ? broken(`${id}.model`, `${path} asks a model at ${exampleModel}, which is the example's`, {
                      who,
                      mend: `put the address and the name of your model into ${path}`,
                    })
                  : ok(`${id}.model`, `${path} names a model`),
              ]
            : []),
          one(
            'pulls',
            `${path} is not started by pull requests`,
            isFromPull ? `${path} is started by pull requests, and has secrets` : undefined,
          ),
        ]
      : []),
  ];
}

/** Version and commit belong together; not asked of what names neither, nor where nobody knows the commit. */
function pinCheck(
  id: string,
  [path, text]: PipelineFile,
  role: string,
  { release, who }: { release: string | undefined; who: string },
): Finding[] {
  const pins = pinsOf(text, role);
  const faults = [...new Set(pins.flatMap((pin) => pinFault(pin, { version, commit: release }) ?? []))];
  if (faults.length > 0)
    return [
      broken(id, `${path} ${faults.join(', and ')}`, {
        who,
        mend: `forgecrew upgrade ${version} --apply asks to pin it to both`,
      }),
    ];
  return pins.length === 0 || release === undefined ? [] : [ok(id, `${path} names a version and its commit`)];
}

/** What starts a pipeline, by the names of its host. */
function eventsOf(data: unknown, ci: DoctorSettings['ci']): string[] {
  if (ci === 'woodpecker')
    return [field(data, 'when')].flat().flatMap((item) => [field(item, 'event')].flat().map(String));
  const on = field(data, 'on');
  return isYamlMap(on) ? Object.keys(on) : [on].flat().map(String);
}

/** Settings that say whose work it is and where: a pipeline that differs there works for another factory. */
const telling = [
  'ops-repo',
  'project-repo',
  'forge-login',
  'filer-login',
  'gatekeeper',
  'record-repo',
  'state-repo',
  'proposal-repo',
];

function differences(
  expected: Record<string, unknown>,
  given: Record<string, unknown> | undefined,
): string[] {
  return telling.flatMap((name) => {
    const wanted = expected[name];
    const has = given?.[name];
    return wanted === undefined || String(has ?? '').toLowerCase() === String(wanted).toLowerCase()
      ? []
      : [`${name} ${has === undefined ? 'not set' : String(has)}, and not ${String(wanted)}`];
  });
}
