// Reads the small part of the shell that documents use: words, quotes, comments, continued lines, pipes, and texts that follow a command.

/** The commands of a script, each as its words; what is only an assignment is a command without a program. */
export function commandsIn(script: string): string[][] {
  const commands: string[][] = [];
  let words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  let end: string | undefined;
  const endWord = (): void => {
    if (word !== undefined) words.push(word);
    word = undefined;
  };
  const endCommand = (): void => {
    endWord();
    if (words.length > 0) commands.push(words);
    words = [];
  };
  for (let at = 0; at < script.length; at += 1) {
    const sign = script[at] ?? '';
    if (quote !== undefined) {
      if (sign === quote) quote = undefined;
      else word += sign;
    } else if (sign === "'" || sign === '"') {
      quote = sign;
      word ??= '';
    } else if (script.startsWith('$(', at)) {
      const close = script.indexOf(')', at);
      word = (word ?? '') + script.slice(at, close + 1);
      at = close;
    } else if (sign === '\\') {
      at += 1;
      if (script[at] !== '\n') word = (word ?? '') + (script[at] ?? '');
    } else if (sign === '#' && word === undefined) {
      at = endOfLine(script, at) - 1;
    } else if (script.startsWith('<<', at)) {
      end = /^<<'?(\w+)/.exec(script.slice(at))?.[1];
      at = script.indexOf('\n', at) - 1;
    } else if (sign === '\n' || sign === ';' || sign === '|' || script.startsWith('&&', at)) {
      endCommand();
      if (sign === '&') at += 1;
      if (sign === '\n' && end !== undefined) {
        at = endOfLine(script, script.indexOf(`\n${end}`, at) + 1);
        end = undefined;
      }
    } else if (sign === ' ') endWord();
    else word = (word ?? '') + sign;
  }
  endCommand();
  return commands;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}

/** A command without the variables that are set for it alone. */
export function bare(words: readonly string[]): string[] {
  const first = words.findIndex((word) => !/^[A-Za-z_]+=/.test(word));
  return first < 0 ? [] : words.slice(first);
}
