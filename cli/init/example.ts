import type { WantedFile } from '../factory/layout.ts';
import type { Side } from './state.ts';

// The small project that `--example` makes, to see a factory at work: shell scripts with tests, and one vision. Pure.

function file(path: string, does: string, lines: readonly string[]): WantedFile {
  return { path, does, content: `${lines.join('\n')}\n`, unless: [path] };
}

export const exampleFiles: readonly WantedFile[] = [
  file('VISION.md', 'What the project is for; architect-pitch shows it to a model.', [
    '# Vision of the greetings',
    '',
    'Whoever writes a shell script can greet people with one line, in their language. It needs nothing but a shell, and it will never ask',
    'a server.',
  ]),
  file('AGENTS.md', 'What an agent has to know to work here.', [
    '# Working on the greetings',
    '',
    '- Scripts run with any POSIX shell, as `sh greet.sh`. They use no other program.',
    '- `sh test.sh` runs every test in `tests/`. Each change brings a test: a script in `tests/` that ends with 0.',
  ]),
  file('greet.sh', 'Says hello.', [
    '# Says hello: sh greet.sh [name]',
    'set -eu',
    'name=world',
    'if [ "$#" -gt 0 ]; then name=$1; fi',
    'echo "Hello, $name!"',
  ]),
  file('test.sh', 'Runs the tests.', [
    '# Runs every test, and ends with 1 if one fails.',
    'failed=0',
    'for file in tests/*.sh; do',
    '  if sh "$file"; then echo "ok      $file"; else echo "FAILED  $file"; failed=1; fi',
    'done',
    'exit "$failed"',
  ]),
  file('tests/greet.sh', 'Tests it.', [
    'set -eu',
    '[ "$(sh greet.sh)" = \'Hello, world!\' ]',
    '[ "$(sh greet.sh Ada)" = \'Hello, Ada!\' ]',
  ]),
];

/** The one vision: its tasks become the sub-issues of a pitch, with or without a model. */
export const exampleVision = {
  title: 'People are greeted in their language, and sent off as well',
  body: [
    'Today everybody is greeted in English, and nobody is sent off.',
    '',
    '## What exists today',
    '',
    '`greet.sh` says hello, and `tests/greet.sh` tests it.',
    '',
    '## Tasks',
    '',
    '- [ ] Greet in a language that is named',
    '  - `sh greet.sh Ada fr` prints `Bonjour, Ada!`, and `sh greet.sh Ada` is as before',
    '  - a language that is not known ends with 2, and says which ones are',
    '- [ ] Say goodbye',
    '  - `sh goodbye.sh Ada` prints `Goodbye, Ada!`',
    '',
  ].join('\n'),
};

/** What a repository may hold that is not in use yet: what a forge makes it with, and what `init` adds. */
const harmless =
  /^(?:README(?:\.md)?|LICENSE|\.gitignore|\.(?:forgejo|gitea|github)\/(?:issue_template|ISSUE_TEMPLATE)\/.*)$/;

/** Whether a repository is somebody's work already, in which an example has no place. */
export function isInUse({ paths }: Side): boolean {
  const isFolder = (path: string): boolean => paths.some((other) => other.startsWith(`${path}/`));
  return paths.some(
    (path) => !isFolder(path) && !harmless.test(path) && !exampleFiles.some((item) => item.path === path),
  );
}
