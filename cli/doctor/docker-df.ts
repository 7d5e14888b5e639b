import * as z from 'zod/mini';
import { UserError } from '../../core/errors.ts';

// What `docker system df` says, as text that a program prints: pure.

/** One kind of thing that docker keeps, in bytes. */
export interface Kept {
  /** As docker calls it: Images, Containers, Local Volumes or Build Cache. */
  type: string;
  size: number;
  /** Of that, what is in use by nothing. */
  unused: number;
}

/** What the containers and volumes of one compose project take, in bytes. */
export interface Project {
  name: string;
  size: number;
}

export interface DockerUse {
  kept: Kept[];
  projects: Project[];
}

/** Prints a line of JSON for each kind. */
export const summaryArguments = ['system', 'df', '--format', '{{json .}}'];
/** Prints one object with everything that docker keeps. */
export const detailArguments = ['system', 'df', '--verbose', '--format', '{{json .}}'];

const lineSchema = z.object({ Type: z.string(), Size: z.string(), Reclaimable: z.string() });
const labelled = z.object({ Labels: z.nullish(z.string()), Size: z.string() });
const detailSchema = z.object({
  Containers: z.nullish(z.array(labelled)),
  Volumes: z.nullish(z.array(labelled)),
});

/** Throws `UserError` where it is not what docker prints: an empty machine says so in words. */
export function parseDockerUse({ summary, detail }: { summary: string; detail: string }): DockerUse {
  const kept = summary
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const { Type, Size, Reclaimable } = shaped(line, lineSchema);
      return { type: Type, size: bytesOf(Size), unused: bytesOf(Reclaimable) };
    });
  if (!kept.some(({ type }) => type === 'Images')) throw notUnderstood();
  const { Containers, Volumes } = shaped(detail, detailSchema);
  const projects = new Map<string, number>();
  for (const { Labels, Size } of [...(Containers ?? []), ...(Volumes ?? [])]) {
    const name = /(?:^|,)com\.docker\.compose\.project=([^,]+)/.exec(Labels ?? '')?.[1];
    if (name !== undefined) projects.set(name, (projects.get(name) ?? 0) + bytesOf(Size));
  }
  return {
    kept,
    projects: [...projects]
      .map(([name, size]) => ({ name, size }))
      .sort((one, other) => other.size - one.size || one.name.localeCompare(other.name)),
  };
}

function shaped<T>(text: string, schema: z.ZodMiniType<T>): T {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw notUnderstood();
  }
  const parsed = schema.safeParse(data);
  if (!parsed.success) throw notUnderstood();
  return parsed.data;
}

function notUnderstood(): UserError {
  return new UserError('docker system df says something that is not understood');
}

const units: Record<string, number> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, PB: 1e15 };

/** `29.8GB (96%)`, as docker writes sizes. One that it does not know, `N/A`, counts as nothing. */
function bytesOf(text: string): number {
  if (text === 'N/A') return 0;
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s?([kMGTP]?B)(?: \(\d+%\))?$/.exec(text) ?? [];
  if (number === undefined) throw notUnderstood();
  return Math.round(Number(number) * (units[unit] ?? 0));
}
