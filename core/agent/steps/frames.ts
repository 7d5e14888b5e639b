import * as z from 'zod/mini';

// What the step of the agent says to the step that serves it. All of it may be the agent's word: it is bounded, and taken for
// what programs of the agent printed, and for nothing more.

/** A path of the agent's step: it becomes an argument and a line of a script there, and is never opened here. */
const place = z.string().check(z.maxLength(200), z.regex(/^\/[^\s\0"'\\]+$/, 'a whole path without blanks'));

const hello = z.object({
  kind: z.literal('hello'),
  uid: z.int(),
  namespaces: z.object({
    pid: z.string().check(z.maxLength(100)),
    mnt: z.string().check(z.maxLength(100)),
  }),
  folders: z.object({ workspace: place, home: place, bin: place, door: place, temporary: place }),
  environment: z.record(z.string(), z.string()),
});
export type Hello = z.infer<typeof hello>;

const id = z.int().check(z.gte(1));

const frame = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('output'), id, stream: z.enum(['stdout', 'stderr']), bytes: z.string() }),
  z.object({
    kind: z.literal('exit'),
    id,
    code: z.nullable(z.int()),
    signal: z.nullable(z.string().check(z.regex(/^SIG[A-Z0-9]{1,12}$/))),
  }),
  z.object({ kind: z.literal('closed'), id }),
  z.object({ kind: z.literal('ended'), terminated: z.int(), killed: z.int() }),
]);
export type Frame = z.infer<typeof frame>;

/** What the step that serves asks for; the other side takes it as it is. */
export type Order =
  | { kind: 'place'; name: string; text: string; mode: number }
  | {
      kind: 'start';
      id: number;
      command: string;
      args: string[];
      environment: Record<string, string>;
      folder: string;
      hasInput: boolean;
    }
  | { kind: 'input'; id: number; bytes: string | null }
  | { kind: 'kill'; id: number }
  | { kind: 'end-all'; graceMs: number }
  | { kind: 'over' };

/** The longest line: a piece of output in base64, or an environment. */
export const longestLine = 512 * 1024;

function read<S extends z.ZodMiniType>(schema: S, line: string): z.infer<S> | undefined {
  let data: unknown;
  try {
    data = JSON.parse(line);
  } catch {
    return undefined;
  }
  const parsed = schema.safeParse(data);
  return parsed.success ? parsed.data : undefined;
}

/** The first line of a connection; undefined where it is anything else. */
export const helloIn = (line: string): Hello | undefined => read(hello, line);
/** Any later one. */
export const frameIn = (line: string): Frame | undefined => read(frame, line);
