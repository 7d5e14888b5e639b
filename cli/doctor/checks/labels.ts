import { sameRepository } from '../../../core/accounts.ts';
import { agentLabel, opsLabels, projectLabels } from '../../factory/layout.ts';
import { type Finding, finding } from '../finding.ts';
import type { DoctorSettings, DoctorState, SideState } from '../state.ts';

/** Labels that roles look for by name: there, once, and not pushing each other off an issue. */
export function labelChecks(settings: DoctorSettings, { ops, project, agents }: DoctorState): Finding[] {
  const ofAgents =
    agents.kind === 'known'
      ? agents.value.flatMap((parsed) =>
          parsed.ok &&
          parsed.document.repositories.some((name) => sameRepository(name, settings['project-repo']))
            ? [agentLabel(parsed.document.name)]
            : [],
        )
      : [];
  return [
    ...checksOf(settings, settings['project-repo'], project, [...projectLabels, ...ofAgents]),
    ...checksOf(settings, settings['ops-repo'], ops, opsLabels),
  ];
}

function checksOf(
  settings: DoctorSettings,
  name: string,
  { labels }: SideState,
  wanted: string[],
): Finding[] {
  const who = `whoever may write issues of ${name}`;
  const page = `${settings['forge-url']}/${name}/labels`;
  return wanted.map((label) =>
    finding(`label.${label}`, `${name} has the label ${label}`, labels, ({ labels: all }) => {
      const same = all.filter((item) => item.name.toLowerCase() === label.toLowerCase());
      const exact = same.filter((item) => item.name === label);
      if (exact.length === 0)
        return {
          what: `${name} has no label ${label}${same.length === 0 ? '' : `, only ${same[0]?.name}`}`,
          who,
          mend: `forgecrew init --apply makes it, or ${page}`,
        };
      if (same.length > 1)
        return {
          what: `${name} has ${same.length} labels that are called ${label}: a search for that name finds nothing`,
          who,
          mend: `delete all but one at ${page}`,
        };
      if (exact[0]?.exclusive === true)
        return {
          what: `the label ${label} of ${name} is exclusive: setting it takes another one off`,
          who,
          mend: `make it not exclusive at ${page}`,
        };
      return undefined;
    }),
  );
}
