import { createSend } from '../core/api/http.ts';
import type { Send } from '../core/api/send.ts';
import { createMask } from '../core/mask.ts';

/** Which forge a command asks, and about which repository. */
export interface ForgeAccess {
  forgeUrl: string;
  token: string;
  repository: string;
}

/** Lends a connection to a command that asks the forge; what it says never shows the token. */
export async function withForge(
  { forgeUrl, token }: ForgeAccess,
  say: (line: string) => void,
  work: (send: Send, say: (line: string) => void) => Promise<boolean>,
): Promise<boolean> {
  const mask = createMask();
  mask.add(token);
  const send = createSend({ url: forgeUrl, token, mask, deadline: Date.now() + 120_000 });
  try {
    return await work(send, (line) => say(mask.apply(line)));
  } finally {
    send.close();
  }
}
