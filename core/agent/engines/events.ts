import type * as z from 'zod/mini';

/** A line of output as the event that it is; undefined where it is none of these. */
export function eventOf<T extends z.ZodMiniType>(schema: T, line: string): z.infer<T> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const found = schema.safeParse(JSON.parse(line));
    return found.success ? found.data : undefined;
  } catch {
    return undefined;
  }
}

/** A name for the one MCP server, by which the engines' permissions know its tools. */
export const forgeServer = 'forge';

/** The variable with the placeholder, for engines that are told where their key stands. */
export const keyVariable = 'FORGECREW_MODEL_KEY';
