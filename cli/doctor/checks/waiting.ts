import { parse } from 'yaml';
import { field, isYamlMap } from '../../../core/vault/gate-rules.ts';
import { type Finding, finding } from '../finding.ts';
import type { DoctorSettings, DoctorState } from '../state.ts';

/** A runner that is busy lets a pipeline wait for a while; one that is stopped for ever. */
const longestWaitMs = 10 * 60_000;

/** Nothing waits long for a runner or an agent: then none takes it, and the factory stands still without a red run. */
export function waitingChecks(settings: DoctorSettings, { waiting, now, skew, ops }: DoctorState): Finding[] {
  // The times are the forge's own.
  const at = Date.parse(now) + (skew.kind === 'known' ? skew.value * 1000 : 0);
  const isForgejo = settings.ci === 'forgejo';
  return waiting.flatMap(({ repository, runs }): Finding[] => {
    if (runs.kind === 'known' && runs.value === undefined) return [];
    return [
      finding(`waiting.${repository}`, `pipelines of ${repository} are run`, runs, (all) => {
        const late = (all ?? []).filter(({ since }) => at - Date.parse(since) > longestWaitMs);
        const oldest = late.at(-1);
        if (oldest === undefined) return undefined;
        const names = [...new Set(late.map(({ name }) => name))].sort();
        const texts =
          repository === settings['ops-repo'] && ops.texts.kind === 'known' ? ops.texts.value : new Map();
        const labels = [...new Set(names.flatMap((name) => labelsOf(texts, name)))].sort();
        const what = isForgejo ? 'runner' : 'agent';
        return {
          what: `${late.length} ${late.length === 1 ? 'pipeline of' : 'pipelines of'} ${repository} ${late.length === 1 ? 'waits' : 'wait'} for ${isForgejo ? 'a runner' : 'an agent'} since ${oldest.since} (${names.join(', ')}): none takes ${late.length === 1 ? 'it' : 'them'}`,
          who: `whoever runs the ${what}s`,
          mend: isForgejo
            ? `start ${labels.length === 0 ? 'a runner that takes their label' : `a runner that takes the label ${labels.join(' and ')}`}; ${settings['forge-url']}/${repository}/settings/actions/runners shows those of the repository, ${settings['forge-url']}/admin/actions/runners all of them, and which are offline`
            : `start an agent that takes them (service woodpecker-agent); ${settings['woodpecker-url'] ?? ''}/admin/agents shows when each was last there, and its labels`,
        };
      }),
    ];
  });
}

/** The labels that a workflow of the ops repo asks its runners for. */
function labelsOf(texts: ReadonlyMap<string, string>, name: string): string[] {
  const text = [...texts].find(([path]) => path.endsWith(`/workflows/${name}`))?.[1];
  if (text === undefined) return [];
  try {
    const jobs = field(parse(text), 'jobs');
    return Object.values(isYamlMap(jobs) ? jobs : {})
      .flatMap((job) => [field(job, 'runs-on')].flat())
      .filter((label) => typeof label === 'string');
  } catch {
    return [];
  }
}
