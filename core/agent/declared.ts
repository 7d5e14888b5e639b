import { documentName } from '../document-name.ts';
import type { Fault } from '../errors.ts';
import type { Snapshot } from '../forge/snapshot.ts';
import { isFile, type TreeEntry } from '../forge/trees.ts';
import { type AgentManifest, agentsFolder, parseManifest, promptTrouble } from './manifest.ts';

/** A manifest as it was read. */
export type Declared =
  | { kind: 'agent'; file: string; manifest: AgentManifest; blob: string; prompt: string }
  | { kind: 'faulty'; file: string; name: string; faults: Fault[] };

/** Every manifest at a commit of the ops repo, each with its prompt. */
export async function declaredAt(snapshot: Snapshot, head: string): Promise<Declared[]> {
  const entries = await snapshot.folderAt(head, agentsFolder);
  const files = entries.filter((entry) => isFile(entry) && entry.path.endsWith('.toml'));
  await snapshot.contents(files);
  const declared: Declared[] = [];
  for (const entry of files) declared.push(await readManifest(snapshot, entry, entries));
  return declared;
}

async function readManifest(snapshot: Snapshot, entry: TreeEntry, beside: TreeEntry[]): Promise<Declared> {
  const file = `${agentsFolder}/${entry.path}`;
  const name = documentName(entry.path);
  const faulty = (message: string): Declared => ({
    kind: 'faulty',
    file,
    name,
    faults: [{ file, line: 0, column: 0, message }],
  });
  const found = await snapshot.fileOf(entry);
  if (found.kind !== 'file') return faulty('cannot be read');
  const parsed = parseManifest(file, found.bytes);
  if (!parsed.ok) return { kind: 'faulty', file, name, faults: parsed.faults };
  const { prompt, prompt_file: promptFile } = parsed.document;
  if (promptFile === undefined)
    return { kind: 'agent', file, manifest: parsed.document, blob: found.sha, prompt: prompt ?? '' };
  const own = await snapshot.fileOf(beside.find(({ path: item }) => item === promptFile));
  const trouble = promptTrouble(promptFile, own.kind === 'file' ? own.bytes.length : undefined);
  if (own.kind !== 'file' || trouble !== undefined) return faulty(trouble ?? 'cannot be read');
  return {
    kind: 'agent',
    file,
    manifest: parsed.document,
    blob: found.sha,
    prompt: own.bytes.toString('utf8'),
  };
}
