import type { Change } from '../../core/change.ts';
import { keep, notice } from '../../core/plan.ts';
import { sectionIn } from '../../core/text/sections.ts';
import { pictureText } from './picture.ts';
import type { DashboardSettings, DashboardState, LiveState } from './state.ts';
import { begin, dashboardText, end, issueBody, pagePath, pageText, picturePath } from './text.ts';
import { type View, viewOf } from './view.ts';

/** The kinds of change this role may plan. */
export const changes = ['keep', 'create-issue', 'update-sections', 'set-assignees', 'write-files'] as const;
type DashboardChange = Change<(typeof changes)[number]>;

export function plan(settings: DashboardSettings, state: DashboardState): DashboardChange[] {
  if (state.kind === 'inert') return [keep('a pull request’s own copy of the pipeline writes no dashboard')];
  const view = viewOf(state.seen, {
    now: state.now,
    lateDays: settings['late-evidence'],
    visionLabel: settings['vision-label'],
  });
  return [
    ...view.leftOut.map((what) => notice(`not looked at: ${what}`)),
    ...issueChanges(settings, state, view),
    ...pageChanges(state, view),
  ];
}

function summaryOf({ waiting, visions }: View): string {
  return `${waiting.length} ${waiting.length === 1 ? 'thing waits' : 'things wait'} for a person, ${visions.length} open ${visions.length === 1 ? 'vision' : 'visions'}`;
}

function issueChanges(
  { title, assign }: DashboardSettings,
  { repository, issue, seen }: LiveState,
  view: View,
): DashboardChange[] {
  const content = dashboardText(view, { picture: false });
  const why = summaryOf(view);
  if (issue === null)
    return [
      {
        kind: 'create-issue',
        key: 'dashboard',
        repository,
        title,
        content: [issueBody(content)],
        labels: [],
        why,
      },
    ];
  if (!issue.isOpen)
    return [notice(`dashboard #${issue.number} is closed, so it is left`, 'reopen it to have it kept again')];
  const there = sectionIn(issue.body.replaceAll('\r\n', '\n'), begin, end);
  const text: DashboardChange[] =
    there === undefined
      ? [
          notice(
            `#${issue.number} has lost the hidden lines around the dashboard`,
            'delete it to get a new one',
          ),
        ]
      : there === content
        ? [keep(`dashboard #${issue.number} says what is so (${why})`)]
        : [
            {
              kind: 'update-sections',
              repository,
              issue: issue.number,
              sections: [{ begin, end, content }],
              why,
            },
          ];
  if (!assign) return text;
  const wanted = [...new Set(view.waiting.flatMap(({ who }) => who))].sort();
  // A place that only our own runs know of could name people to whom it says nothing; the forge refuses who may not see it.
  const may = wanted.filter((login) => seen.people.ops.includes(login));
  const isSame = may.join('\n') === [...issue.assignees].sort().join('\n');
  return isSame
    ? text
    : [
        ...text,
        {
          kind: 'set-assignees',
          repository,
          issue: issue.number,
          logins: may,
          why: may.length === 0 ? 'nothing waits for anybody' : 'they may act on what waits',
        },
      ];
}

function pageChanges({ repository, branch, page }: LiveState, view: View): DashboardChange[] {
  if (page === null) return [];
  if (page.isDeclined)
    return [
      notice(
        `${branch} takes no commit of ${pagePath}`,
        `let its protection exempt ${pagePath} and ${picturePath} (unprotected file patterns)`,
      ),
    ];
  const wanted = [
    { path: pagePath, content: pageText(view), found: page.text },
    { path: picturePath, content: pictureText(view.visions), found: page.picture },
  ].filter(({ content, found }) => found?.text !== content);
  if (wanted.length === 0) return [keep(`${pagePath} says what is so`)];
  return [
    {
      kind: 'write-files',
      repository,
      branch,
      mayDecline: true,
      message: 'dashboard: as it is now',
      files: wanted.map(({ path, content, found }) => ({ path, content, expects: found?.sha ?? null })),
      why: summaryOf(view),
    },
  ];
}
