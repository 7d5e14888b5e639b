import { readYaml, type YamlFault, yamlData } from '../yaml.ts';
import type { WorkflowFacts } from './workflow.ts';

/** No workflow that people write comes near these. */
const largest = 256 * 1024;
const bounds = { pieces: 30_000, depth: 48 };

/** Reads a workflow's file. A gate's own token is not a secret of what runs, and is not among the secrets. */
export function readWorkflow(file: string, blob: string, bytes: Uint8Array): WorkflowFacts {
  const isForgejo = file.includes('/workflows/');
  const facts: WorkflowFacts = {
    file,
    blob,
    inputs: isForgejo ? [] : null,
    secrets: [],
    isGated: false,
    faults: [],
  };
  const read = contentOf(bytes);
  if ('fault' in read)
    return { ...facts, faults: [`workflow ${file} cannot be read as YAML: ${read.fault}`] };
  const document = read.data;
  const isGated = isForgejo ? isGatedOnForgejo(document) : isGatedOnWoodpecker(document);
  forgetGateTokens(document);
  if (isForgejo) {
    const inputs = get(get(get(document, 'on'), 'workflow_dispatch'), 'inputs');
    return {
      ...facts,
      isGated,
      inputs: isMap(inputs) ? Object.keys(inputs) : [],
      ...secretsOfExpressions(file, document),
    };
  }
  return { ...facts, isGated, secrets: named(fromSecrets(document)) };
}

/** What a workflow's file holds, or the first thing for which it cannot be read. */
function contentOf(bytes: Uint8Array): { data: unknown } | { fault: string } {
  if (bytes.length > largest)
    return { fault: `it is ${bytes.length} bytes long; at most ${largest} are read` };
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { fault: 'it is no UTF-8' };
  }
  const fault = ({ offset, message }: YamlFault): { fault: string } => ({
    fault: `line ${text.slice(0, offset).split('\n').length}: ${message}`,
  });
  const read = readYaml(text, bounds);
  if (read.kind === 'too-much') return fault(read.fault);
  if (read.kind === 'faulty') return fault(read.faults[0]);
  if (read.document === undefined) return { data: null };
  const content = yamlData(read.document, text);
  return 'data' in content ? content : fault(content);
}

type YamlMap = Record<string, unknown>;

function isMap(value: unknown): value is YamlMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function get(value: unknown, key: string): unknown {
  return isMap(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** Steps as a list; Woodpecker also takes a map of them. */
function stepsOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : isMap(value) ? Object.values(value) : [];
}

/** One job that everything else waits for, whose first step is a gate, and nothing that runs although it failed. */
function isGatedOnForgejo(document: unknown): boolean {
  const found = get(document, 'jobs');
  const jobs = isMap(found) ? Object.values(found) : [];
  const roots = jobs.filter(
    (job) => [get(job, 'needs')].flat().filter((name) => name !== undefined).length === 0,
  );
  const [first, ...rest] = stepsOf(get(roots[0], 'steps'));
  const regardless = /\b(?:always|failure|cancelled)\s*\(/i;
  return (
    roots.length === 1 &&
    holdsShut(first) &&
    [...rest, ...jobs].every((item) => !regardless.test(String(get(item, 'if') ?? '')))
  );
}

/** The first step is a gate, and no other starts beside it, where it is left out, or although it failed. */
function isGatedOnWoodpecker(document: unknown): boolean {
  const [first, ...rest] = stepsOf(get(document, 'steps'));
  const condition = JSON.stringify(get(first, 'when'));
  return (
    holdsShut(first) &&
    rest.every(
      (step) =>
        get(step, 'depends_on') === undefined &&
        (condition === undefined || JSON.stringify(get(step, 'when')) === condition) &&
        ![get(step, 'when')].flat(2).some((when) => get(when, 'status') !== undefined),
    )
  );
}

/** A gate whose refusal ends what it stands in. */
function holdsShut(step: unknown): boolean {
  return (
    gateSettings(step) !== undefined &&
    ['if', 'continue-on-error', 'failure', 'detach'].every((name) => get(step, name) === undefined)
  );
}

/** The settings of a step that is a gate, or undefined. */
function gateSettings(step: unknown): YamlMap | undefined {
  const uses = get(step, 'uses');
  const settings = uses === undefined ? get(step, 'settings') : get(step, 'with');
  const name = String(uses ?? get(step, 'image') ?? '').replace(/[@:][^/]*$/, '');
  const isOurs = name.split('/').at(-1) === 'vault-dispatch';
  const isPlain = get(step, 'commands') === undefined && get(step, 'run') === undefined;
  return isOurs && isPlain && isMap(settings) && settings.mode === 'gate' ? settings : undefined;
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
        ? item.map((entry) => String(get(entry, 'source') ?? entry))
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
