import type { Change } from '../../core/change.ts';
import { keep, refuse } from '../../core/plan.ts';
import { standingOf } from '../../core/vault/verdict.ts';
import type { LocalState } from './state.ts';

/** On a pull request's own pipeline: whether its documents can be read, and agree with each other. */
export function validate({ actions, formulas, policy }: LocalState): Change<'keep' | 'refuse'>[] {
  const unreadable = [...actions, ...formulas, { parsed: policy }].flatMap(({ parsed }) =>
    parsed.ok ? [] : parsed.faults,
  );
  const disagreeing = actions.flatMap(({ parsed }) => {
    if (!parsed.ok || parsed.document.kind !== 'formula') return [];
    const { document } = parsed;
    const path = `/${document.formula}.toml`;
    const formula = formulas.find(({ file }) => file.endsWith(path))?.parsed;
    // A formula that cannot be read is a fault of its own, named above.
    if (formula?.ok === false) return [];
    const standing = standingOf(
      document,
      formula === undefined ? { kind: 'missing' } : { kind: 'known', document: formula.document },
      policy.ok ? policy.document : {},
      'ops',
    );
    return standing.kind === 'faulty' ? standing.faults : [];
  });
  const faults = [...unreadable, ...disagreeing];
  return faults.length > 0
    ? faults.map(refuse)
    : [
        keep(
          `${actions.length} ${actions.length === 1 ? 'action' : 'actions'} can be read; from a pull request nothing is started`,
        ),
      ];
}
