import type { Fault } from '../../core/errors.ts';
import type { Label } from '../../core/forge/labels.ts';
import type { Entry, Sprint } from '../../core/sprint/entry.ts';
import { markKey } from '../../core/sprint/marker.ts';
import type { SprintFile } from '../../core/sprint/sprint.ts';
import { quoted } from '../../core/text/log-line.ts';
import { sprintsOf } from './filed.ts';
import type { FilerSettings, Filing } from './state.ts';
import { countEntries } from './text.ts';

// What a document can be refused for although it reads well: pure.

/** The same id for the same vision in two documents: nobody can say which is meant, so neither is filed. */
export function sharedIds(documents: SprintFile[]): Fault[] {
  const places = new Map<string, { sprint: Sprint; entry: Entry }[]>();
  for (const sprint of sprintsOf(documents)) {
    for (const entry of sprint.entries) {
      const key = markKey({ vision: sprint.vision, id: entry.id });
      places.set(key, [...(places.get(key) ?? []), { sprint, entry }]);
    }
  }
  return [...places.values()].flatMap((found) =>
    found.length === 1
      ? []
      : found.map(({ sprint, entry }) => ({
          file: sprint.file,
          line: entry.line,
          column: entry.column,
          message: `the id ${quoted(entry.id)} for vision #${sprint.vision} also stands in ${found
            .filter((other) => other.sprint !== sprint)
            .map((other) => `${other.sprint.file}:${other.entry.line}`)
            .join(', ')}: give one of them another id`,
        })),
  );
}

/**
 * What stands before the last slash of an exclusive label's name: setting one label of a scope takes another one off, and of
 * two that are given at once the forge drops one. Undefined for every other label.
 */
export function scopeOf({ name, exclusive }: Label): string | undefined {
  const slash = name.lastIndexOf('/');
  return exclusive === true && slash > 0 && slash < name.length - 1 ? name.slice(0, slash) : undefined;
}

/** Which two of some labels cannot be on one issue together, in words; undefined where all can. */
function excluding(labels: Label[], names: string[]): string | undefined {
  const scopes = new Map<string, string>();
  for (const name of names) {
    const label = labels.find((item) => item.name === name);
    const scope = label === undefined ? undefined : scopeOf(label);
    if (scope === undefined) continue;
    const other = scopes.get(scope);
    if (other !== undefined)
      return `the labels ${quoted(other)} and ${quoted(name)} exclude each other (both are of ${quoted(`${scope}/`)}, and marked as exclusive)`;
    scopes.set(scope, name);
  }
  return undefined;
}

/** Why a document's waiting entries cannot be filed; empty when they can. */
export function cannotFile(
  settings: FilerSettings,
  state: Filing,
  sprint: Sprint,
  waiting: Entry[],
): Fault[] {
  const at = (message: string): Fault => ({ file: sprint.file, ...sprint.visionAt, message });
  const visionLabel = settings['vision-label'];
  const unread = state.organisationLabelsUnread
    ? ' (if the owner is an organisation: its labels need a token with the scope read:organization)'
    : '';
  const named = (name: string): number => state.labels.filter((label) => label.name === name).length;
  if (named(visionLabel) !== 1) {
    return [
      at(
        named(visionLabel) === 0
          ? `${settings['project-repo']} has no label ${quoted(visionLabel)}, so nothing can be a vision${unread}: create it, or set vision-label`
          : `${settings['project-repo']} has ${named(visionLabel)} labels ${quoted(visionLabel)}, so visions cannot be listed: delete all but one`,
      ),
    ];
  }
  const vision = state.visions.find(({ number }) => number === sprint.vision);
  const faults: Fault[] = [];
  if (vision === undefined)
    faults.push(at(`vision #${sprint.vision} does not exist in ${settings['project-repo']}`));
  else if (vision.pull_request) faults.push(at(`#${sprint.vision} is a pull request, not a vision issue`));
  else if (vision.state === 'closed')
    faults.push(
      at(
        `vision #${sprint.vision} is closed, and ${countEntries(waiting)} for it ${waiting.length === 1 ? 'is' : 'are'} not filed: reopen it, or take the entries out`,
      ),
    );
  else if (!vision.labels.some(({ name }) => name === visionLabel))
    faults.push(
      at(
        `#${sprint.vision} does not carry the label ${quoted(visionLabel)}: put it on, or correct the number`,
      ),
    );
  const available = [...new Set(state.labels.map(({ name }) => quoted(name)))].sort();
  const shown =
    available.length > 30 ? [...available.slice(0, 30), `and ${available.length - 30} more`] : available;
  const problem = (name: string): string | undefined => {
    if (named(name) > 1) return `there are ${named(name)} labels ${quoted(name)}: delete all but one`;
    if (named(name) === 0 && !settings['create-missing-labels'])
      return `no label ${quoted(name)}; there are: ${shown.join(', ') || 'none'}${unread}. Create it, correct it, or set create-missing-labels`;
    return undefined;
  };
  const exclusion = excluding(state.labels, [visionLabel, settings['in-progress-label']]);
  if (exclusion !== undefined)
    faults.push(
      at(
        `${exclusion}: with the one on it the vision would lose the other. Set vision-label or in-progress-label to another label, or take the mark "exclusive" off one of them`,
      ),
    );
  for (const entry of waiting) {
    const both = excluding(state.labels, entry.labels);
    if (both !== undefined)
      faults.push({
        file: sprint.file,
        line: entry.line,
        column: entry.column,
        message: `entry ${entry.id}: ${both}, and the forge would drop one of them without a word: keep one`,
      });
    for (const name of entry.labels) {
      const message = problem(name);
      if (message !== undefined)
        faults.push({
          file: sprint.file,
          line: entry.line,
          column: entry.column,
          message: `entry ${entry.id}: ${message}`,
        });
    }
  }
  const message = problem(settings['in-progress-label']);
  return message === undefined ? faults : [...faults, at(`in-progress-label: ${message}`)];
}
