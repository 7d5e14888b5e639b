import {
  field,
  gateOnForgejo,
  gateOnWoodpecker,
  gateSettings,
  isYamlMap as isMap,
  stepsOf,
} from './gate-rules.ts';
import { readPlainYaml } from './plain-yaml.ts';
import type { BesideWorkflow, Gate, WorkflowFacts } from './workflow.ts';

/** Reads a workflow's file. A gate's own token is not a secret of what runs, and is not among the secrets. */
export function readWorkflow(file: string, blob: string, bytes: Uint8Array): WorkflowFacts {
  const isForgejo = file.includes('/workflows/');
  const facts: WorkflowFacts = {
    file,
    blob,
    inputs: isForgejo ? [] : null,
    required: [],
    secrets: [],
    gate: { kind: 'open', why: 'its file could not be read' },
    substituted: [],
    faults: [],
  };
  const read = readPlainYaml(bytes);
  if (read.kind === 'unreadable')
    return { ...facts, faults: [`workflow ${file} cannot be read as YAML: ${read.why}`] };
  const { data, text, doubt } = read;
  if (isForgejo) {
    const gate = doubtful(doubt) ?? gateOnForgejo(data);
    forgetGateTokens(data);
    const inputs = field(field(field(data, 'on'), 'workflow_dispatch'), 'inputs');
    return {
      ...facts,
      gate,
      inputs: isMap(inputs) ? Object.keys(inputs) : [],
      required: isMap(inputs) ? Object.keys(inputs).filter((name) => isRequired(inputs[name])) : [],
      ...secretsOfExpressions(file, data),
    };
  }
  const substituted = substitutedIn(text);
  const gate = doubtful(doubt) ?? gateOnWoodpecker(data, substituted);
  forgetGateTokens(data);
  return { ...facts, gate, substituted, secrets: named(fromSecrets(data)) };
}

/** Whether the forge starts nothing without a value for an input; it reads `yes` and `on` as true, as YAML once did. */
function isRequired(input: unknown): boolean {
  const required = field(input, 'required');
  const isTrue = required === true || (typeof required === 'string' && /^(?:true|yes|on|y)$/i.test(required));
  return isTrue && [undefined, null, ''].includes(field(input, 'default') as string | null | undefined);
}

/**
 * Reads another workflow of a repository on Woodpecker, where an approval starts every one that takes `manual`. What cannot be
 * read (no bytes), or could be read differently, may start and may have secrets.
 */
export function readBesideWorkflow(file: string, bytes: Uint8Array | undefined): BesideWorkflow {
  const name = (file.split('/').at(-1) ?? '').replace(/^\./, '').replace(/\.ya?ml$/, '');
  const unknown = (why: string): BesideWorkflow => ({
    file,
    name,
    takesManual: true,
    hasSecrets: true,
    gate: { kind: 'open', why },
  });
  const read = bytes === undefined ? undefined : readPlainYaml(bytes);
  if (read === undefined || read.kind === 'unreadable') return unknown('its file could not be read');
  const { data, text } = read;
  const doubt = doubtful(read.doubt);
  if (doubt !== undefined) return unknown(doubt.why);
  const substituted = substitutedIn(text);
  const gate = gateOnWoodpecker(data, substituted);
  forgetGateTokens(data);
  const steps = stepsOf(field(data, 'steps')).filter(mayStartByHand);
  const others = isMap(data) ? Object.entries(data).filter(([key]) => key !== 'steps') : [];
  return {
    file,
    name,
    takesManual: mayStartByHand(data) && steps.length > 0,
    // Inputs of actions are never called `CI_...`; one with another name could paste a step with a secret into the file.
    hasSecrets:
      fromSecrets([steps, Object.fromEntries(others)]).length > 0 ||
      substituted.some((variable) => !variable.startsWith('CI_')),
    gate,
  };
}

/** Whether a workflow or a step may start with the event `manual`, by its `when`; rather too often. */
function mayStartByHand(item: unknown): boolean {
  const when = field(item, 'when');
  const conditions = Array.isArray(when) ? when : [when];
  return (
    conditions.length === 0 ||
    conditions.some((condition) => {
      const events = [field(condition, 'event')].flat().filter((event) => event != null);
      return events.length === 0 || events.includes('manual');
    })
  );
}

/** Names in `${...}`, which Woodpecker replaces by values before it reads the file; `$${...}` stays as it is. */
function substitutedIn(text: string): string[] {
  const names = [...text.matchAll(/\$\$|\$\{([^}]*)/g)].flatMap(([, inside]) =>
    inside === undefined ? [] : (inside.match(/[A-Za-z_]\w*/g) ?? [inside]),
  );
  return [...new Set(names)];
}

function doubtful(doubt: string | undefined): Extract<Gate, { kind: 'open' }> | undefined {
  return doubt === undefined
    ? undefined
    : { kind: 'open', why: `another program could read its file differently: ${doubt}` };
}

/** Takes the forge token out of every gate of a document. */
function forgetGateTokens(value: unknown): void {
  if (Array.isArray(value)) for (const item of value) forgetGateTokens(item);
  else if (isMap(value)) {
    const settings = gateSettings(value);
    for (const name of ['forge-token', 'forge_token']) delete settings?.[name];
    for (const item of Object.values(value)) forgetGateTokens(item);
  }
}

/** Secrets by `from_secret`, wherever it stands, and by the older list of names in a step. */
function fromSecrets(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(fromSecrets);
  if (!isMap(value)) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    key === 'from_secret' && typeof item === 'string'
      ? [item]
      : key === 'secrets' && Array.isArray(item)
        ? item.map((entry) => String(field(entry, 'source') ?? entry))
        : fromSecrets(item),
  );
}

/** Secrets in expressions; those that a runner makes itself are no secrets of anybody's. */
function secretsOfExpressions(file: string, document: unknown): { secrets: string[]; faults: string[] } {
  const text = textsOf(document).join('\n');
  const literal = /\bsecrets\s*(?:\.\s*([A-Za-z_]\w{0,127})|\[\s*'([A-Za-z_]\w{0,127})'\s*\])/gi;
  const names = [...text.matchAll(literal)].map(([, dotted, bracketed]) => dotted ?? bracketed ?? '');
  // `toJSON(secrets)`, `secrets[matrix.name]`, `secrets: inherit`: which ones those are nobody can say.
  const whole = expressionsOf(text).some((item) => /\bsecrets\b/i.test(item.replace(literal, '')));
  return {
    secrets: named(names).filter((name) => !/^(?:FORGEJO|GITEA|GITHUB)_TOKEN$/.test(name)),
    faults:
      whole || inherits(document)
        ? [`workflow ${file} takes all secrets, or some by a computed name, so which ones cannot be said`]
        : [],
  };
}

/** What stands between `${{` and `}}`; a `}}` in quotes ends nothing. */
function expressionsOf(text: string): string[] {
  return text
    .split('${{')
    .slice(1)
    .map((rest) => {
      let isQuoted = false;
      for (let at = 0; at < rest.length; at += 1) {
        if (rest[at] === "'") isQuoted = !isQuoted;
        else if (!isQuoted && rest.startsWith('}}', at)) return rest.slice(0, at);
      }
      return rest;
    });
}

function inherits(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(inherits);
  return (
    isMap(value) &&
    Object.entries(value).some(([key, item]) => (key === 'secrets' && item === 'inherit') || inherits(item))
  );
}

/** Every text of a document, keys too: an expression may stand in either. What follows `if` is one as a whole. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(textsOf);
  if (!isMap(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => [
    key,
    ...(key === 'if' && typeof item === 'string' ? [`\${{ ${item} }}`] : textsOf(item)),
  ]);
}

function named(names: string[]): string[] {
  return [...new Set(names.map((name) => name.toUpperCase()))].sort();
}
