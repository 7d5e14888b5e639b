import * as z from 'zod/mini';
import { agentEngines } from './manifest.ts';

/** What is known of a session beside its bytes: it stands in the state, and the bytes elsewhere. */
export const sessionNoteSchema = z.strictObject({
  engine: z.enum(agentEngines),
  id: z.string(),
  /** SHA-256 of the packed bytes, in hex: others than those are not this session. */
  digest: z.string(),
  size: z.int(),
});
export type SessionNote = z.infer<typeof sessionNoteSchema>;
