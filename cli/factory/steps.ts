import { parse } from 'yaml';
import { field, isYamlMap, stepsOf } from '../../core/vault/gate-rules.ts';
import { pinIn } from './pins.ts';
import { purposeIn } from './pipelines.ts';
import { showingRoles } from './posts.ts';

/** A step of a pipeline that is a role. */
export interface Step {
  /** Its settings, by their names with hyphens, on either host. */
  given: Record<string, unknown>;
  /** The version that it is pinned to, where it says one. */
  ref: string | undefined;
}

/** What a pipeline's file says; undefined where it cannot be read as YAML. */
export function dataOf(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

/** The steps of a pipeline that are a role. */
export function stepsIn(data: unknown, role: string): Step[] {
  const jobs = field(data, 'jobs');
  const lists = isYamlMap(jobs)
    ? Object.values(jobs).map((job) => field(job, 'steps'))
    : [field(data, 'steps')];
  return lists.flatMap(stepsOf).flatMap((step) => {
    const written = String(field(step, 'uses') ?? field(step, 'image') ?? '');
    if (!new RegExp(`(^|/)${role}(?:[@:]|$)`).test(written)) return [];
    const given = field(step, 'with') ?? field(step, 'settings');
    const settings = Object.fromEntries(
      Object.entries(isYamlMap(given) ? given : {}).map(([name, value]) => [
        name.replaceAll('_', '-'),
        value,
      ]),
    );
    return [{ given: settings, ref: pinIn(written) }];
  });
}

/** The accounts that roles work as which show what the others keep, as the pipelines of a factory name them. */
export function showingIn(pipelines: readonly { text: string }[]): string[] {
  const logins = showingRoles.flatMap((role) =>
    pipelines
      .filter(({ text }) => purposeIn(text, role) === 'work')
      .flatMap(({ text }) => stepsIn(dataOf(text), role))
      .flatMap(({ given }) => (typeof given['forge-login'] === 'string' ? given['forge-login'] : [])),
  );
  return [...new Set(logins)];
}
