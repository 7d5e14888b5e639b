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
  const placed = new Set<string>();
  const order: Entry[] = [];
  for (let waiting = entries; waiting.length > 0; ) {
    const next = waiting.find(({ dependsOn }) => dependsOn.every((id) => placed.has(id)));
    if (next === undefined) break;
    placed.add(next.id);
    order.push(next);
    waiting = waiting.filter((item) => item !== next);
  }
  return order;
}
