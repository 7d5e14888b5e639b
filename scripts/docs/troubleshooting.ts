import path from 'node:path';

// One index over what every document says of runs that are red, so that a line of a log leads to what to do about it. Pure.

/** The header of a table that belongs into the index, whatever its words are: what is said, and what to do. */
const header =
  /^\| *(?:the log says|message|the comment or the log says) *\| *(?:do|do this|what to do) *\|$/;

export interface Advice {
  /** The document, from the root. */
  file: string;
  said: string;
  remedy: string;
}

/** The cells of a row of a table; a bar behind a backslash belongs to its cell. */
function cellsOf(row: string): string[] {
  return row
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
}

/** A relative link of one document as it has to be in another one. */
function rebased(text: string, from: string, to: string): string {
  return text.replace(/\]\((?!https?:)([^)#\s]*)(#[^)\s]*)?\)/g, (_, target: string, anchor = '') => {
    const file = target === '' ? from : path.posix.join(path.posix.dirname(from), target);
    return `](${path.posix.relative(path.posix.dirname(to), file)}${anchor})`;
  });
}

/** What the tables of one document say. */
export function adviceOf(file: string, text: string): Advice[] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    if (!header.test(line)) return [];
    const after = lines.slice(index + 2);
    const end = after.findIndex((row) => !row.startsWith('|'));
    return after.slice(0, end < 0 ? undefined : end).map((row) => {
      const [said = '', remedy = ''] = cellsOf(row);
      return { file, said, remedy };
    });
  });
}

/** Its first letter, by which people look for it: what stands there before the first word is left out. */
function sortKey(said: string): string {
  return said.replace(/^[^\p{L}\p{N}]+/u, '').toLowerCase();
}

/** `docs/troubleshooting.md`, of the documents with their texts and what each is called. */
export function troubleshootingPage(
  documents: readonly { file: string; called: string; text: string }[],
): string {
  const page = 'docs/troubleshooting.md';
  const rows = documents
    .flatMap(({ file, called, text }) => adviceOf(file, text).map((advice) => ({ ...advice, called })))
    .sort((a, b) =>
      sortKey(a.said) === sortKey(b.said)
        ? a.called < b.called
          ? -1
          : 1
        : sortKey(a.said) < sortKey(b.said)
          ? -1
          : 1,
    )
    .map(({ file, called, said, remedy }) => {
      const link = path.posix.relative(path.posix.dirname(page), file);
      return `| ${rebased(said, file, page)} | [${called}](${link}) | ${rebased(remedy, file, page)} |`;
    });
  return [
    '<!-- Made from the tables of the documents named in it by `npm run docs`; edit those. -->',
    '# Troubleshooting',
    '',
    'The last lines of a log say what to mend. Running a role again does only what is still missing, so it does no harm to try. This page',
    'is every line that a document explains, by its first word. `...` stands for names and numbers.',
    '',
    '- **Nothing ran at all.** There is no log to read then. Look whether the pipeline is switched on, whether its secret may be used by that',
    '  event, and whether the cron job is there. `forgecrew doctor` says so for a whole factory ([Commands](commands.md#doctor)).',
    '- **A run waits and does not begin.** No runner takes it, and `doctor` does not see that. On Forgejo Actions look at',
    '  `settings/actions/runners` of the repository: one has to be idle or active, and have the label of `runs-on`. On Woodpecker an admin',
    '  sees the agents at `/admin/agents`.',
    '- **The run is green and did nothing.** Its last line says why. `log-level: debug` shows every item that was kept, and every request.',
    '- **The log names a role and `pause`.** Somebody paused all roles in [`forgecrew.toml`](concepts.md#one-file-for-all-roles).',
    '- **`unknown`.** A request was sent and no answer came. The next run finds out by reading, and repeats nothing blindly.',
    '- **`forgecrew itself failed`.** That is a defect of forgecrew. Please report the lines below it.',
    '',
    '| the log says | from | do |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
