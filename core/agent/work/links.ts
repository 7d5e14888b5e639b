import { folded } from './fold.ts';
import type { Link } from './net-change.ts';

/** As often as the kernel follows one link to another. */
const mostHops = 40;

/** Why a link must not be in the tree; undefined where it stays inside. Followed as a kernel does it, other links included. */
function faultOfLink(link: Link, targets: ReadonlyMap<string, string>): string | undefined {
  const at = link.path.split('/').slice(0, -1);
  let left = link.target.split('/');
  let hops = 0;
  if (isElsewhere(link.target)) return 'leads out of the repository';
  while (left.length > 0) {
    const [name = '', ...rest] = left;
    left = rest;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      if (at.pop() === undefined) return 'leads out of the repository';
      continue;
    }
    at.push(name);
    if (folded(name) === '.git') return 'leads into what git keeps for itself';
    const target = targets.get(at.join('/'));
    if (target === undefined) continue;
    hops += 1;
    if (hops > mostHops) return 'leads in a circle';
    if (isElsewhere(target)) return 'leads out of the repository, by way of another link';
    at.pop();
    left = [...target.split('/'), ...left];
  }
  return undefined;
}

function isElsewhere(target: string): boolean {
  // What is no plain text is spelled with backslashes, and is refused with those that Windows would follow.
  return target === '' || /^\/|\\|^[A-Za-z]:|\p{Cc}/u.test(target);
}

/** The links of the work that leave its tree, and did not before: a changed folder can turn a link that was right. */
export function leavingLinks(before: Link[], after: Link[]): { path: string; fault: string }[] {
  const faults = (links: Link[]): Map<string, string> => {
    const targets = new Map(links.map(({ path, target }) => [path, target]));
    return new Map(
      links.flatMap((link) => {
        const fault = faultOfLink(link, targets);
        return fault === undefined ? [] : [[link.path, fault]];
      }),
    );
  };
  const old = faults(before);
  const oldTargets = new Map(before.map(({ path, target }) => [path, target]));
  const targets = new Map(after.map(({ path, target }) => [path, target]));
  return [...faults(after)]
    .filter(([path]) => !old.has(path) || oldTargets.get(path) !== targets.get(path))
    .map(([path, fault]) => ({ path, fault }));
}
