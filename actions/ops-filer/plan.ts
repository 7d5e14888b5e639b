import type { Change } from '../../core/change.ts';
import type { LabelReference } from '../../core/changes/fields.ts';
import type { Fault } from '../../core/errors.ts';
import { keep, notice, refuse } from '../../core/plan.ts';
import { isUntouched } from '../../core/sealed.ts';
import { type Entry, inDependencyOrder, type Sprint } from '../../core/sprint/entry.ts';
import { markKey, markLine } from '../../core/sprint/marker.ts';
import type { SprintFile } from '../../core/sprint/sprint.ts';
import { quoted } from '../../core/text/log-line.ts';
import {
  closingSign,
  duplicates,
  faultsOf,
  issueOf,
  type Own,
  type OwnIssue,
  ownIssues,
  sprintsOf,
  wantedDependencies,
} from './filed.ts';
import { cannotFile, scopeOf, sharedIds } from './refusals.ts';
import type { FilerSettings, FilerState, Filing, Validating } from './state.ts';
import {
  closingComment,
  contentOf,
  contentText,
  countEntries,
  duplicateComment,
  listedNumbers,
} from './text.ts';

/** The kinds of change this role may plan. */
export const changes = [
  'keep',
  'refuse',
  'create-label',
  'add-labels',
  'remove-label',
  'create-issue',
  'update-issue',
  'close-issue',
  'add-dependency',
  'remove-dependency',
  'comment',
] as const;
type FilerChange = Change<(typeof changes)[number]>;

/**
 * What has to happen so that every merged entry is an issue, and nothing else is touched.
 * Refusals first, then in the order in which it is done: labels, visions in progress, new issues, and what follows
 * from the issues there are.
 */
export function plan(settings: FilerSettings, state: FilerState): FilerChange[] {
  return state.kind === 'validating' ? validate(state) : file(settings, state);
}

/** Whether documents that are not merged could be filed, as far as they tell themselves. */
function validate({ documents, why }: Validating): FilerChange[] {
  const { faults, sound } = sorted(documents);
  return [
    ...faults.map(refuse),
    ...sound.map((sprint) =>
      keep(
        `${sprint.file}: ${countEntries(sprint.entries)} for vision #${sprint.vision}, valid; not filed, because ${why}`,
      ),
    ),
  ];
}

/** What is wrong with documents, and those with which nothing is. */
function sorted(documents: SprintFile[]): { faults: Fault[]; sound: Sprint[] } {
  const faults = [...faultsOf(documents), ...sharedIds(documents)];
  return {
    faults,
    sound: sprintsOf(documents).filter(({ file: name }) => !faults.some((fault) => fault.file === name)),
  };
}

function file(settings: FilerSettings, state: Filing): FilerChange[] {
  const own = ownIssues(state.issues);
  const { faults, sound } = sorted(state.documents);
  const filing = sound.map((sprint) => ({
    sprint,
    waiting: sprint.entries.filter((entry) => !own.has(markKey({ vision: sprint.vision, id: entry.id }))),
  }));
  const refused = filing.flatMap(({ sprint, waiting }) =>
    waiting.length === 0 ? [] : cannotFile(settings, state, sprint, waiting),
  );
  const ready = filing.filter(
    ({ sprint, waiting }) => waiting.length > 0 && !refused.some((fault) => fault.file === sprint.file),
  );
  const total = ready.reduce((sum, { waiting }) => sum + waiting.length, 0);
  if (total > settings['max-issues']) {
    return [
      refuse({
        file: ready.map(({ sprint }) => sprint.file).join(', '),
        line: 0,
        column: 0,
        message: `${total} new issues, but max-issues is ${settings['max-issues']}: nothing was written. Raise max-issues if all of them are meant`,
      }),
    ];
  }

  return [
    ...[...faults, ...refused].map(refuse),
    ...newLabels(settings, state, ready),
    ...ready.flatMap(({ sprint }, index) =>
      ready.findIndex((other) => other.sprint.vision === sprint.vision) === index
        ? inProgress(settings, state, sprint.vision)
        : [],
    ),
    ...ready.flatMap(({ sprint, waiting }) => newIssues(settings, state, own, sprint, waiting)),
    ...sound.flatMap((sprint) => filedIssues(settings, state, own, sprint)),
    ...undeclared(state, own),
    ...missingDependencies(settings, state, own),
    ...closedDuplicates(settings, state, own),
    ...closedVisions(settings, state, own, faults),
  ];
}

// ---------------------------------------------------------------------------------------------------------------
// Filing.

/** A sound document with entries that are no issues yet. */
interface Ready {
  sprint: Sprint;
  waiting: Entry[];
}

function labelReference(state: Filing, name: string): LabelReference {
  const label = state.labels.find((item) => item.name === name);
  return { name, id: label?.id ?? { made: `label ${name}` } };
}

function newLabels(settings: FilerSettings, state: Filing, ready: Ready[]): FilerChange[] {
  const names = new Set(
    ready.length === 0
      ? []
      : [
          settings['in-progress-label'],
          ...ready.flatMap(({ waiting }) => waiting.flatMap(({ labels }) => labels)),
        ],
  );
  return [...names]
    .filter((name) => !state.labels.some((label) => label.name === name))
    .map((name) => ({
      kind: 'create-label',
      key: `label ${name}`,
      repository: settings['project-repo'],
      name,
      why: 'no such label yet, and create-missing-labels is on',
    }));
}

/** Before the first issue, so that nobody takes the vision up a second time; and where it is there already, nothing. */
function inProgress(settings: FilerSettings, state: Filing, vision: number): FilerChange[] {
  const name = settings['in-progress-label'];
  const issue = state.visions.find(({ number }) => number === vision);
  if (issue?.labels.some((label) => label.name === name)) return [];
  const label = state.labels.find((item) => item.name === name);
  const scope = label === undefined ? undefined : scopeOf(label);
  const lost = (issue?.labels ?? []).filter((item) => scope !== undefined && scopeOf(item) === scope);
  const losing =
    lost.length === 0
      ? ''
      : `; it excludes ${lost.map((item) => quoted(item.name)).join(', ')}, which comes off`;
  return [
    {
      kind: 'add-labels',
      key: `in progress #${vision}`,
      repository: settings['project-repo'],
      issue: vision,
      labels: [labelReference(state, name)],
      why: `its entries are about to be filed${losing}`,
    },
  ];
}

function newIssues(
  settings: FilerSettings,
  state: Filing,
  own: Own,
  sprint: Sprint,
  waiting: Entry[],
): FilerChange[] {
  const { vision, slug } = sprint;
  const labelled = state.visions
    .find(({ number }) => number === vision)
    ?.labels.some(({ name }) => name === settings['in-progress-label']);
  return inDependencyOrder(sprint.entries)
    .filter((entry) => waiting.includes(entry))
    .map((entry) => {
      const needed = entry.dependsOn.map(
        (id) => issueOf(own, vision, id)?.number ?? { made: markKey({ vision, id }) },
      );
      return {
        kind: 'create-issue',
        key: markKey({ vision, id: entry.id }),
        repository: settings['project-repo'],
        title: entry.title,
        content: contentOf(entry, needed),
        tie: markLine({ vision, sprint: slug, id: entry.id }),
        labels: entry.labels.map((name) => labelReference(state, name)),
        why: `${sprint.file}, ${entry.id}`,
        ...(labelled === true ? {} : { after: [`in progress #${vision}`] }),
      };
    });
}

// ---------------------------------------------------------------------------------------------------------------
// What is filed already.

/** One line for all that is right in a document, and one for each issue that is not as the document has it. */
function filedIssues(settings: FilerSettings, state: Filing, own: Own, sprint: Sprint): FilerChange[] {
  const filed = sprint.entries.flatMap((entry) => issueOf(own, sprint.vision, entry.id) ?? []);
  if (sprint.entries.length === 0) return [notice(`${sprint.file}: its filer block declares no entries`)];
  if (filed.length === 0) return [];
  const differing = sprint.entries.flatMap((entry) => {
    const issue = issueOf(own, sprint.vision, entry.id);
    return issue === undefined ? [] : drift(settings, state, own, sprint, entry, issue);
  });
  const numbers = filed.map(({ number }) => `#${number}`).join(', ');
  return [keep(`${sprint.file}: ${countEntries(filed)} filed as ${numbers}`), ...differing];
}

/** An open issue against its entry. Closed issues are history, and those without a digest were written by older tools. */
function drift(
  settings: FilerSettings,
  state: Filing,
  own: Own,
  sprint: Sprint,
  entry: Entry,
  issue: OwnIssue,
): FilerChange[] {
  const { sealed } = issue;
  if (issue.state === 'closed' || sealed.digest === undefined || state.outdated !== undefined) return [];
  const numbers = entry.dependsOn.map((id) => issueOf(own, sprint.vision, id)?.number);
  const known = numbers.filter((number) => number !== undefined);
  // A dependency that is only now being filed has no number yet; the next round compares.
  if (known.length < numbers.length) return [];
  const place = `${sprint.file}:${entry.line}`;
  if (!isUntouched(issue.title, sealed)) {
    return [
      notice(`#${issue.number} was edited on the forge since it was filed; it is left as it is (${place})`),
    ];
  }
  if (isSame(entry, issue, contentText(entry, known))) return [];
  const update: FilerChange = {
    kind: 'update-issue',
    repository: settings['project-repo'],
    issue: issue.number,
    title: entry.title,
    content: contentOf(entry, known),
    tie: sealed.tie,
    expects: { digest: sealed.digest },
    why: `${place} changed after it was filed`,
  };
  // Two runs at once each filed some entries, and ours points at an issue that turned out to be the later one.
  if (
    isSame(entry, issue, contentText(entry, listedNumbers(sealed.content))) &&
    pointsAt(own, sprint.vision, listedNumbers(sealed.content), entry.dependsOn)
  ) {
    return [{ ...update, why: 'it lists a duplicate as what it depends on' }];
  }
  if (settings['on-edit'] === 'update') return [update];
  return [
    notice(
      `#${issue.number} is not as ${place} has it: the entry changed after it was filed, and on-edit is keep`,
    ),
  ];
}

function isSame(entry: Entry, issue: OwnIssue, content: string): boolean {
  const whole = content === '' || content.endsWith('\n') ? content : `${content}\n`;
  return issue.title === entry.title && issue.sealed.content === whole;
}

/** Whether the numbers are issues, counting or not, of just these entries. */
function pointsAt(own: Own, vision: number, numbers: number[], ids: string[]): boolean {
  const idOf = (number: number): string | undefined =>
    ids.find((id) => own.get(markKey({ vision, id }))?.some((issue) => issue.number === number));
  return numbers.length === ids.length && numbers.every((number, index) => idOf(number) === ids[index]);
}

/** Open issues whose entry no document declares any more: said, never deleted. */
function undeclared(state: Filing, own: Own): FilerChange[] {
  if (state.outdated !== undefined) return [];
  const declared = new Set(
    sprintsOf(state.documents).flatMap(({ vision, entries }) =>
      entries.map(({ id }) => markKey({ vision, id })),
    ),
  );
  const doubtful = new Set(
    state.documents.flatMap((document) => (document.kind === 'faulty' ? document.visions : [])),
  );
  return [...own].flatMap(([key, [issue]]) =>
    declared.has(key) || issue.state === 'closed' || doubtful.has(issue.sealed.mark.vision)
      ? []
      : [
          notice(
            `#${issue.number} is open, but its entry ${issue.sealed.mark.id} of vision #${issue.sealed.mark.vision} is in no document any more; close it by hand if it is not wanted`,
          ),
        ],
  );
}

function missingDependencies(settings: FilerSettings, state: Filing, own: Own): FilerChange[] {
  if (!state.dependenciesOn) return [];
  return wantedDependencies(state.documents, own).flatMap(({ issue, on }) => {
    const present = state.dependencies.find((item) => item.issue === issue)?.on;
    // Not looked for, because it would keep nothing open: unread is not empty.
    if (present === undefined) return [];
    return on
      .filter((number) => !present.includes(number))
      .map(
        (number): FilerChange => ({
          kind: 'add-dependency',
          repository: settings['project-repo'],
          issue,
          on: number,
          why: 'depends_on',
        }),
      );
  });
}

// ---------------------------------------------------------------------------------------------------------------
// Closing.

/** The later of two issues with one key: freed of what would keep it open, linked to the first, and closed. */
function closedDuplicates(settings: FilerSettings, state: Filing, own: Own): FilerChange[] {
  const repository = settings['project-repo'];
  return duplicates(own).flatMap(({ issue, original }): FilerChange[] => {
    const key = `duplicate #${issue.number}`;
    const on = state.dependencies.find((item) => item.issue === issue.number)?.on ?? [];
    return [
      {
        kind: 'comment',
        key,
        repository,
        issue: issue.number,
        text: duplicateComment(original.number),
        sign: `duplicate of #${original.number}`,
        why: `filed by two runs at once; #${original.number} counts`,
      },
      ...on.map(
        (number): FilerChange => ({
          kind: 'remove-dependency',
          repository,
          issue: issue.number,
          on: number,
          why: 'it would keep the duplicate open',
        }),
      ),
      {
        kind: 'close-issue',
        repository,
        issue: issue.number,
        after: [key],
        why: `duplicate of #${original.number}`,
      },
    ];
  });
}

function closedVisions(settings: FilerSettings, state: Filing, own: Own, faults: Fault[]): FilerChange[] {
  const repository = settings['project-repo'];
  const doubtful = new Set(
    sprintsOf(state.documents)
      .filter(({ file }) => faults.some((fault) => fault.file === file))
      .map(({ vision }) => vision),
  );
  return state.closing.flatMap(({ vision, blockedBy, isReopened }): FilerChange[] => {
    const issue = state.visions.find(({ number }) => number === vision);
    if (issue === undefined || doubtful.has(vision)) return [];
    const all = `all declared entries of vision #${vision} are closed`;
    if (state.outdated !== undefined) return [notice(`${all}, but ${state.outdated}: it stays open`)];
    if (state.closedToUs.includes(vision))
      return [
        notice(
          `${all}, and the forge does not let our account say so there: who wrote it blocks the account, or it is locked`,
          'somebody else has to close it',
        ),
      ];
    if (isReopened) return [notice(`${all}, and somebody reopened it after we closed it: it stays open`)];
    if (blockedBy.length > 0)
      return [
        notice(
          `${all}, but it depends on ${blockedBy.map((number) => `#${number}`).join(', ')}, so it stays open`,
        ),
      ];
    const outcomes = sprintsOf(state.documents)
      .filter((sprint) => sprint.vision === vision)
      .flatMap(({ entries }) => entries)
      .flatMap(({ id }) => {
        const filed = issueOf(own, vision, id);
        return filed === undefined
          ? []
          : [
              {
                number: filed.number,
                title: filed.title,
                rejected: filed.labels.some(({ name }) => settings['rejected-labels'].includes(name)),
              },
            ];
      });
    const label = issue.labels.find(({ name }) => name === settings['in-progress-label']);
    const key = `last word on #${vision}`;
    return [
      {
        kind: 'comment',
        key,
        repository,
        issue: vision,
        text: closingComment(outcomes),
        sign: closingSign(state.documents, vision),
        // Who wrote a vision may block our account.
        mayDecline: true,
        why: all,
      },
      ...(label === undefined
        ? []
        : [
            {
              kind: 'remove-label',
              repository,
              issue: vision,
              label: { id: label.id, name: label.name },
              after: [key],
              why: 'the vision is done',
            } satisfies FilerChange,
          ]),
      { kind: 'close-issue', repository, issue: vision, after: [key], why: all },
    ];
  });
}

// ---------------------------------------------------------------------------------------------------------------
