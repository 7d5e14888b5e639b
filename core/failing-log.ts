import type { Send } from './api/send.ts';
export async function failingLogs(
  _: { send: Send; woodpecker?: Send | undefined },
  __: { repository: string; commit: string },
): Promise<{ name: string; url: string | null; tail: string }[]> {
  return [];
}
