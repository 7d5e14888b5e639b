/** One entry of a filer block, as its author declared it. */
export interface Entry {
  id: string;
  title: string;
  labels: string[];
  dependsOn: string[];
  /** Byte for byte as YAML gives it. */
  body: string;
  /** Where it stands in the document. */
  line: number;
  column: number;
}

/** A sprint document with a filer block, whole and right. */
export interface Sprint {
  file: string;
  /** The file's name without `.md`. */
  slug: string;
  vision: number;
  /** Where the vision is named. */
  visionAt: { line: number; column: number };
  entries: Entry[];
}

/** Entries so that each comes after what it depends on, otherwise in the document's order; members of a circle are left out. */
export function inDependencyOrder(entries: Entry[]): Entry[] {
  const waitingFor = new Map<string, Entry[]>();
  const missing = new Map<Entry, number>();
  for (const item of entries) {
    missing.set(item, item.dependsOn.length);
    for (const id of item.dependsOn) {
      const known = waitingFor.get(id);
      if (known === undefined) waitingFor.set(id, [item]);
      else known.push(item);
    }
  }
  const order: Entry[] = [];
  const placed = new Set<Entry>();
  for (;;) {
    const next = entries.find((item) => !placed.has(item) && missing.get(item) === 0);
    if (next === undefined) return order;
    placed.add(next);
    order.push(next);
    for (const item of waitingFor.get(next.id) ?? []) missing.set(item, (missing.get(item) ?? 0) - 1);
    // Of two entries with one id, which is a fault, the first is the one that others wait for.
    waitingFor.delete(next.id);
  }
}
