import { isDeepStrictEqual } from 'node:util';

// The trust of one folder in the text of Claude's configuration. The text is edited where it has to be and nowhere else: parsed
// and written anew, a number too long for us or a key that stands twice would become something else. Pure.

export type Edited =
  | { kind: 'changed'; text: string }
  /** It says so already. */
  | { kind: 'same' }
  /** In words that go on a sentence. */
  | { kind: 'unreadable'; why: string };

const trustKey = 'hasTrustDialogAccepted';

/** The text in which a folder is trusted. */
export function withTrust(text: string, folder: string): Edited {
  return edited(text, folder, (found) => {
    if (found.kind === 'no-projects')
      return append(text, found.root, 'projects', { [folder]: { [trustKey]: true } });
    if (found.kind === 'no-entry') return append(text, found.projects, folder, { [trustKey]: true });
    const { entry, trust } = found;
    return trust === undefined
      ? append(text, entry, trustKey, true)
      : `${text.slice(0, trust.value)}true${text.slice(trust.end)}`;
  });
}

/** The text in which a folder is not trusted. What Claude itself wrote of the folder stays. */
export function withoutTrust(text: string, folder: string): Edited {
  return edited(text, folder, (found) => {
    if (found.kind !== 'entry' || found.trust === undefined) return text;
    const { projects, entry, trust } = found;
    return entry.members.length === 1 ? without(text, projects, folder) : without(text, entry, trust.key);
  });
}

interface Member {
  key: string;
  /** Where its key begins, and its value, and where that is over. */
  from: number;
  value: number;
  end: number;
}

interface Braces {
  /** Where its brace opens and where it closes. */
  open: number;
  close: number;
  members: Member[];
}

type Found =
  | { kind: 'no-projects'; root: Braces }
  | { kind: 'no-entry'; projects: Braces }
  | { kind: 'entry'; projects: Braces; entry: Braces; trust: Member | undefined };

function edited(text: string, folder: string, edit: (found: Found) => string): Edited {
  const before = parsed(text);
  if (before === undefined) return { kind: 'unreadable', why: 'it is no JSON' };
  const found = find(text, folder);
  if (typeof found === 'string') return { kind: 'unreadable', why: found };
  const after = edit(found);
  if (after === text) return { kind: 'same' };
  // Whatever this file does not know of JSON: nothing but the trust of this folder may mean something else now.
  return isDeepStrictEqual(besides(before, folder), besides(parsed(after), folder))
    ? { kind: 'changed', text: after }
    : { kind: 'unreadable', why: 'it cannot be changed at this place alone' };
}

function find(text: string, folder: string): Found | string {
  const root = bracesAt(text, blanksFrom(text, 0));
  if (root === undefined) return 'it is no object';
  const inRoot = only(root, 'projects');
  if (inRoot === 'twice') return '"projects" stands twice';
  if (inRoot === undefined) return { kind: 'no-projects', root };
  const projects = bracesAt(text, inRoot.value);
  if (projects === undefined) return '"projects" is no object';
  const inProjects = only(projects, folder);
  if (inProjects === 'twice') return 'the folder stands twice';
  if (inProjects === undefined) return { kind: 'no-entry', projects };
  const entry = bracesAt(text, inProjects.value);
  if (entry === undefined) return 'what it says of the folder is no object';
  const trust = only(entry, trustKey);
  return trust === 'twice' ? `"${trustKey}" stands twice` : { kind: 'entry', projects, entry, trust };
}

function only({ members }: Braces, key: string): Member | undefined | 'twice' {
  const found = members.filter((member) => member.key === key);
  return found.length > 1 ? 'twice' : found[0];
}

/** The object that begins here, of a text that is known to be JSON; undefined: it is something else. */
function bracesAt(text: string, open: number): Braces | undefined {
  if (text[open] !== '{') return undefined;
  const members: Member[] = [];
  let at = blanksFrom(text, open + 1);
  while (text[at] !== '}') {
    const from = at;
    const keyEnd = endOfValue(text, from);
    const value = blanksFrom(text, blanksFrom(text, keyEnd) + 1);
    const end = endOfValue(text, value);
    members.push({ key: JSON.parse(text.slice(from, keyEnd)) as string, from, value, end });
    at = blanksFrom(text, end);
    if (text[at] === ',') at = blanksFrom(text, at + 1);
  }
  return { open, close: at, members };
}

function blanksFrom(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\t' || text[at] === '\n' || text[at] === '\r') at += 1;
  return at;
}

function endOfValue(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') {
      at += 1;
      while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
    } else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') {
      // The bracket around a bare value is not its own.
      if (depth === 0) return at;
      depth -= 1;
    } else if (depth === 0 && !/[\w.+-]/.test(character as string)) return at;
    if (depth === 0 && /["}\]]/.test(character as string)) return at + 1;
  }
  return text.length;
}

/** Behind the last member, set as that is. */
function append(text: string, { open, close, members }: Braces, key: string, value: unknown): string {
  const member = `${JSON.stringify(key)}: ${JSON.stringify(value)}`;
  const [first] = members;
  const last = members.at(-1);
  return first === undefined || last === undefined
    ? `${text.slice(0, open + 1)}${member}${text.slice(close)}`
    : `${text.slice(0, last.end)},${text.slice(open + 1, first.from)}${member}${text.slice(last.end)}`;
}

function without(text: string, { open, close, members }: Braces, key: string): string {
  const at = members.findIndex((member) => member.key === key);
  const [before, member, behind] = [members[at - 1], members[at], members[at + 1]];
  if (member === undefined) return text;
  if (before !== undefined) return `${text.slice(0, before.end)}${text.slice(member.end)}`;
  if (behind !== undefined) return `${text.slice(0, member.from)}${text.slice(behind.from)}`;
  return `${text.slice(0, open + 1)}${text.slice(close)}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** All that a configuration says but the trust of this folder; an entry and a list of projects that say nothing else are none. */
function besides(value: unknown, folder: string): unknown {
  const { projects = {}, ...rest } = value as { projects?: Record<string, Record<string, unknown>> };
  const { [folder]: entry = {}, ...others } = projects;
  const { [trustKey]: _, ...own } = entry;
  return { rest, others, own };
}
