import type { Change } from '../../core/change.ts';
import type { EngagementSettings, EngagementState } from './read.ts';
import { evidenceOf, evidencePath, evidenceText } from './text.ts';

/** The kinds of change this role may plan. */
export const changes = ['keep', 'refuse', 'write-file', 'write-workspace-file'] as const;
type EngagementChange = Change<(typeof changes)[number]>;

/**
 * One file with the day's evidence, or a refusal that says what the log was instead: a log that cannot be read is never
 * a day without visitors.
 */
export function plan(settings: EngagementSettings, state: EngagementState): EngagementChange[] {
  const { totals, date, target } = state;
  const faults = [
    ...state.broken.map(({ file, why }) =>
      refuse(
        file,
        `could not be read to its end (${why}): what is missing is unknown, so nothing is written`,
      ),
    ),
    ...state.foreign.map(({ file, looksLike }) =>
      refuse(
        file,
        `holds no record of a Caddy access log; it looks like ${looksLike}. Let Caddy write JSON (its default), or name another file`,
      ),
    ),
  ];
  if (faults.length > 0) return faults;
  const percent = totals.lines === 0 ? 0 : (totals.bad_lines / totals.lines) * 100;
  if (percent > settings['max-bad-percent']) {
    return [
      refuse(
        state.files.join(', '),
        `${totals.bad_lines} of ${totals.lines} lines of ${date} are no records, which is more than ${settings['max-bad-percent']} percent: look at the log, or raise max-bad-percent`,
      ),
    ];
  }
  const evidence = evidenceOf({ date, now: state.now, sources: settings.source, totals, clean: true });
  const content = evidenceText(evidence);
  const told = `${date}: ${totals.page_views} page views by ${totals.unique_visitors} visitors${evidence.complete ? '' : ', the day is not over'}`;
  if (target === null && state.local === content) {
    return [{ kind: 'keep', what: `${settings['evidence-file']} is as it should be (${told})`, why: '' }];
  }
  if (target === null)
    return [{ kind: 'write-workspace-file', path: settings['evidence-file'], content, why: told }];
  const path = evidencePath(date);
  if (target.text === content)
    return [{ kind: 'keep', what: `${path} is as it should be (${told})`, why: '' }];
  return [
    {
      kind: 'write-file',
      repository: target.repository,
      branch: target.branch,
      path,
      content,
      message: `evidence: engagement of ${date}`,
      expects: { sha: target.sha },
      why: told,
    },
  ];
}

function refuse(file: string, message: string): EngagementChange {
  return { kind: 'refuse', fault: { file, line: 0, column: 0, message }, why: '' };
}
