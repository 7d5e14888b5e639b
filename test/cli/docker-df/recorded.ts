import { readFileSync } from 'node:fs';
import { detailArguments, summaryArguments } from '../../../cli/doctor/docker-df.ts';

// What the program docker 28.2.2 prints, recorded; a machine with three images, two containers, two volumes and a build cache
// was put before it.

const file = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');
export const summary = file('summary.jsonl');
export const detail = file('verbose.json');

/** What docker prints on being asked so. */
export function recorded(args: readonly string[]): string {
  const asked = args.join(' ');
  if (asked === summaryArguments.join(' ')) return summary;
  if (asked === detailArguments.join(' ')) return detail;
  if (asked === 'info --format {{.DockerRootDir}}') return '/var/lib/docker\n';
  throw new Error(`docker was asked ${asked}`);
}
