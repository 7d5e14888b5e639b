import { crewFile } from '../../../core/crew-file.ts';
import { version } from '../../../core/version.ts';
import { roleNames } from '../../factory/examples.ts';
import {
  factoryVersion,
  isPipeline,
  isSaidToBe,
  movePins,
  type PinMove,
  pinIn,
  pinsOf,
  tagAlone,
} from '../../factory/pins.ts';
import { purposeIn } from '../../factory/pipelines.ts';
import { sourceOf } from '../../factory/settings.ts';
import { type Finding, finding } from '../finding.ts';
import { type DoctorSettings, type DoctorState, projectsOf } from '../state.ts';

/**
 * The version that pipelines of other places name: those of the projects, in which agents may be started and actions asked for,
 * and in the ops repo those of formulas. The pipelines of its roles are looked at one by one elsewhere.
 */
export function pinChecks(settings: DoctorSettings, state: DoctorState): Finding[] {
  const { ops, release } = state;
  const { 'ops-repo': opsName, roles } = settings;
  const crew = ops.texts.kind === 'known' ? ops.texts.value.get(crewFile) : undefined;
  const given: PinMove = {
    roles: roleNames,
    source: sourceOf(settings),
    from: factoryVersion(crew ?? '') ?? version,
    to: { version, commit: release.kind === 'known' ? release.value : undefined },
  };
  const isOfRole = (text: string): boolean =>
    roles.some((role) => ['work', 'check'].includes(purposeIn(text, role) ?? ''));
  const places = new Map([...projectsOf(settings, state), [opsName, ops]]);
  return [...places].map(([name, { texts }]) =>
    finding(`pins.${name}`, `what ${name} runs of forgecrew is v${version}`, texts, (all) => {
      const differing: string[] = [];
      const byTag: string[] = [];
      for (const [path, text] of all) {
        if (!isPipeline(path) || (name === opsName && isOfRole(text))) continue;
        const { moved, left: unmoved, fault } = movePins(text, given);
        const said = roleNames
          .flatMap((role) => pinsOf(text, role))
          .filter((pin) => isSaidToBe(given.to, pin))
          .map(({ commit }) => commit);
        const left = unmoved.filter((address) => !said.includes(pinIn(address)));
        if (moved.length + left.length === 0 && fault === undefined) continue;
        const isTag = moved.length > 0 && left.length === 0 && moved.every((pin) => pin === `v${version}`);
        (isTag ? byTag : differing).push(path);
      }
      const faults = [
        ...(differing.length === 0
          ? []
          : [`${differing.join(', ')} of ${name} names another version, and this is v${version}`]),
        ...(byTag.length === 0 ? [] : [`${byTag.join(', ')} of ${name} ${tagAlone(version)}`]),
      ];
      return faults.length === 0
        ? undefined
        : {
            what: faults.join('; '),
            who: `whoever merges to main of ${name}`,
            mend: `forgecrew upgrade ${version} --apply asks for it with a pull request; what names a branch is changed by hand`,
          };
    }),
  );
}
