/**
 * Waits for all, then gives all results or throws the first failure in the order of the list. With `Promise.all` the
 * quickest failure would win; here it is the most telling one, when the caller puts that first.
 */
export async function together<T extends readonly unknown[]>(
  ...work: { [K in keyof T]: Promise<T[K]> }
): Promise<T> {
  const settled = await Promise.allSettled(work as readonly Promise<unknown>[]);
  for (const item of settled) if (item.status === 'rejected') throw item.reason;
  return settled.map((item) => (item.status === 'fulfilled' ? item.value : undefined)) as unknown as T;
}
