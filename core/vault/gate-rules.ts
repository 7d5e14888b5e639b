import type { Gate } from './workflow.ts';

// When does a gate hold? Nothing of a workflow may run, and none of its secrets may be given to anything, before the gate has
// let this very run through: pure, of the data that a workflow's file holds.

export type YamlMap = Record<string, unknown>;

/** Whether a YAML value has fields by name. */
export function isYamlMap(value: unknown): value is YamlMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A field of a YAML value; undefined where the value has none of that name itself. */
export function field(value: unknown, key: string): unknown {
  return isYamlMap(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** Steps as a list; Woodpecker also takes a map of them. */
export function stepsOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : isYamlMap(value) ? Object.values(value) : [];
}

/** The settings of a step that is a gate, or undefined. */
export function gateSettings(step: unknown): YamlMap | undefined {
  const uses = field(step, 'uses');
  const settings = uses === undefined ? field(step, 'settings') : field(step, 'with');
  const written = String(uses ?? field(step, 'image') ?? '');
  const name = written.replace(/[@:][^/]*$/, '');
  // Of an image, or of what an earlier step put into the workspace, nobody can say by its name that it is an action of ours.
  const isElsewhere = uses !== undefined && /^(?:docker:|\.)/i.test(written);
  const isOurs = name.split('/').at(-1) === 'vault-dispatch' && !isElsewhere;
  const isPlain = field(step, 'commands') === undefined && field(step, 'run') === undefined;
  return isOurs && isPlain && isYamlMap(settings) && settings.mode === 'gate' ? settings : undefined;
}

/** Whether the gate of a workflow on Forgejo Actions holds. */
export function gateOnForgejo(document: unknown): Gate {
  const found = field(document, 'jobs');
  const jobs = isYamlMap(found) ? Object.entries(found) : [];
  const gates = jobs.filter(([, job]) =>
    stepsOf(field(job, 'steps')).some((step) => gateSettings(step) !== undefined),
  );
  const [first, second] = gates;
  if (first === undefined) return open('it has no gate');
  if (second !== undefined) return open(`it has two gates, in the jobs ${first[0]} and ${second[0]}`);
  const [gateName, gateJob] = first;
  const waiting = waitingFor(gateName, jobs);
  return gateOf(
    field(document, 'env') === undefined
      ? undefined
      : 'it sets `env` for all of its jobs, and so for its gate: set it in the jobs that need it',
    whyGateJobOpen(gateName, gateJob),
    ...jobs
      .filter(([name]) => name !== gateName)
      .map(([name, job]) =>
        waiting.has(name)
          ? whyJobOpen(name, job)
          : `job ${name} does not wait for job ${gateName}, where its gate is (\`needs\`)`,
      ),
  );
}

function whyGateJobOpen(name: string, job: unknown): string | undefined {
  // `services`, `container`, the steps of a `strategy` and what `env` and `defaults` steer run before the gate or with it.
  const extra = otherKeys(job, ['name', 'runs-on', 'steps', 'timeout-minutes', 'permissions']);
  if (extra.length > 0) return `job ${name}, where its gate is, has ${quoted(extra)}`;
  const steps = stepsOf(field(job, 'steps'));
  // Another action's `pre:` would run before the gate, with what the job was given.
  if (steps.length !== 1) return `its gate is not the only step of job ${name}`;
  const [step] = steps;
  const more = otherKeys(step, ['name', 'id', 'uses', 'with', 'timeout-minutes']);
  if (more.length > 0) return `its gate has ${quoted(more)}`;
  const { 'forge-token': token, ...settings } = gateSettings(step) ?? {};
  const around = [field(job, 'name'), field(job, 'runs-on'), field(step, 'name'), field(step, 'uses')];
  if (JSON.stringify(around).includes('${{')) return 'an expression says where its gate runs, or which it is';
  return (
    whySettingsOpen(settings, /^[a-z][a-z-]*$/) ??
    // Without a token it lets nothing through.
    (token === undefined || (isText(token) && (!token.includes('${{') || isOneSecret(token)))
      ? undefined
      : 'the forge-token of its gate is not just one secret')
  );
}

/** Settings have to stand there as they are: an expression could hold what whoever starts the run says. */
function whySettingsOpen(settings: YamlMap, plain: RegExp): string | undefined {
  for (const [name, value] of Object.entries(settings)) {
    // Two names that differ in their case, or in `-` and `_`, are one and the same variable to the step.
    if (!plain.test(name)) return `its gate has a setting that is written in an unusual way: ${name}`;
    if (!isText(value) && typeof value !== 'number' && typeof value !== 'boolean')
      return `the setting ${name} of its gate is not a plain value`;
    if (String(value).includes('${{')) return `an expression says the setting ${name} of its gate`;
  }
  return undefined;
}

function whyJobOpen(name: string, job: unknown): string | undefined {
  // The jobs of that file could run although the gate failed; it is not looked at.
  if (field(job, 'uses') !== undefined) return `job ${name} runs another workflow's file`;
  for (const item of [job, ...stepsOf(field(job, 'steps'))]) {
    const [status] =
      /\b(?:success|always|failure|cancelled)\s*\(/i.exec(String(field(item, 'if') ?? '')) ?? [];
    // Even `success() || true` takes away that a job waits for the success of the gate.
    if (status !== undefined) return `an \`if\` of job ${name} asks for ${status.replace(/\s*\($/, '')}()`;
    if (field(item, 'continue-on-error') !== undefined) return `job ${name} has \`continue-on-error\``;
  }
  return endsWhenRunAgain(field(job, 'if'))
    ? undefined
    : `whoever may write can run job ${name} again by itself, long after its gate: its \`if\` has to begin with \`${firstAttempt}\``;
}

/** True of a job's first run alone: the forge counts the attempts of each job for itself, and where it counts none yet it says nothing. */
const firstAttempt = 'github.run_attempt <= 1';

/**
 * Whether a job is skipped when it is run again. A forge that is asked to run one job again asks none of those that it waits
 * for (seen on Forgejo 17), so a gate is not asked again either: the job has to look for itself.
 */
function endsWhenRunAgain(condition: unknown): boolean {
  if (!isText(condition)) return false;
  const bare = condition
    .trim()
    .replace(/^\$\{\{(.*)\}\}$/s, '$1')
    .trim();
  // Text around an expression makes it true, and an `or` takes away what stands before it.
  if (/\$\{\{|\}\}|\|\|/.test(bare) || !bare.startsWith(firstAttempt)) return false;
  return /^\s*(?:&&|$)/.test(bare.slice(firstAttempt.length));
}

/** Names of the jobs that start after the given one, by their `needs` and by those of what they need. */
function waitingFor(gate: string, jobs: [string, unknown][]): Set<string> {
  const waiting = new Set<string>();
  let before: number;
  do {
    before = waiting.size;
    for (const [name, job] of jobs)
      if ([field(job, 'needs')].flat().some((need) => need === gate || waiting.has(String(need))))
        waiting.add(name);
  } while (waiting.size > before);
  return waiting;
}

/** Whether the gate of a workflow on Woodpecker holds. `substituted`: names that are replaced before the file is read. */
export function gateOnWoodpecker(document: unknown, substituted: string[]): Gate {
  const steps = field(document, 'steps');
  if (!stepsOf(steps).some((step) => gateSettings(step) !== undefined)) return open('it has no gate');
  // The order of a map's entries is not the same to everybody.
  if (!Array.isArray(steps))
    return open('its steps are a map, whose order nobody can rely on: make them a list');
  const [gate, ...rest] = steps as unknown[];
  if (gateSettings(gate) === undefined) return open('its gate is not its first step');
  const when = field(gate, 'when');
  return gateOf(
    substituted.length === 0
      ? undefined
      : `Woodpecker puts values into its text before it is read: write ${substituted.map((name) => `$${name}`).join(', ')} without braces`,
    field(document, 'matrix') === undefined ? undefined : 'it has a `matrix`',
    field(document, 'services') === undefined ? undefined : 'its `services` start before its gate',
    whyCloneOpen(field(document, 'clone')),
    whyGateStepOpen(gate),
    hasStatus(gate) ? 'its gate runs only for a status' : undefined,
    ...rest.map((step, index) => whyStepOpen(step, index + 2, when)),
  );
}

/** What clones runs before the gate. */
function whyCloneOpen(clone: unknown): string | undefined {
  if (clone === undefined) return undefined;
  const extra = stepsOf(clone).flatMap((step) => otherKeys(step, ['name', 'image', 'settings', 'when']));
  if (extra.length > 0) return `its \`clone\`, which runs before its gate, has ${quoted(extra)}`;
  return hasKey(clone, 'from_secret') ? 'its `clone`, which runs before its gate, has a secret' : undefined;
}

function whyGateStepOpen(gate: unknown): string | undefined {
  const extra = otherKeys(gate, ['name', 'image', 'settings', 'when', 'pull']);
  if (extra.length > 0) return `its gate has ${quoted(extra)}`;
  const { forge_token: token, ...settings } = gateSettings(gate) ?? {};
  const isSecret = isText(field(token, 'from_secret')) && otherKeys(token, ['from_secret']).length === 0;
  return (
    whySettingsOpen(settings, /^[a-z][a-z_]*$/) ??
    (token === undefined || isText(token) || isSecret
      ? undefined
      : 'the forge_token of its gate is not just one secret')
  );
}

/** `nth`: of the steps, from one. */
function whyStepOpen(step: unknown, nth: number, when: unknown): string | undefined {
  const given = field(step, 'name');
  const name = isText(given) ? `step ${given}` : `step ${nth}`;
  // With one such step in it, Woodpecker starts all others that say nothing at once.
  if (field(step, 'depends_on') !== undefined) return `${name} has \`depends_on\``;
  if (when !== undefined && JSON.stringify(field(step, 'when')) !== JSON.stringify(when))
    return `${name} has not the same \`when\` as its gate, and could run where the gate is left out`;
  return hasStatus(step) ? `${name} may run although its gate failed (\`status\`)` : undefined;
}

function hasStatus(step: unknown): boolean {
  return [field(step, 'when')].flat(2).some((condition) => field(condition, 'status') !== undefined);
}

function hasKey(value: unknown, key: string): boolean {
  return stepsOf(value).some((item) => hasKey(item, key)) || field(value, key) !== undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** An expression that is one secret, and nothing that is computed. */
function isOneSecret(text: string): boolean {
  return /^\s*\$\{\{\s*secrets\s*(?:\.\s*[A-Za-z_]\w{0,127}|\[\s*'[A-Za-z_]\w{0,127}'\s*\])\s*\}\}\s*$/i.test(
    text,
  );
}

function otherKeys(value: unknown, known: string[]): string[] {
  return isYamlMap(value) ? Object.keys(value).filter((key) => !known.includes(key)) : ['something unknown'];
}

function quoted(names: string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}

function open(why: string): Gate {
  return { kind: 'open', why };
}

/** The first reason, if there is one. */
function gateOf(...whys: (string | undefined)[]): Gate {
  const why = whys.find((item) => item !== undefined);
  return why === undefined ? { kind: 'gated' } : open(why);
}
