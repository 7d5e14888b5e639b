/** What a run keeps between its rounds: only answers that cannot change while it goes on. */
export type Kept = Map<string, Promise<unknown>>;

/**
 * What a question was answered, asked once a run: only for what cannot change while the run goes on, such as a tree by its
 * id. A failure is not kept.
 */
export function once<T>(kept: Kept, key: string, ask: () => Promise<T>): Promise<T> {
  const known = kept.get(key) as Promise<T> | undefined;
  if (known !== undefined) return known;
  const asked = ask();
  kept.set(key, asked);
  asked.catch(() => kept.delete(key));
  return asked;
}
