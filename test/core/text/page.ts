import { type Node, Parser } from 'commonmark';

// What a page of Forgejo would make of a text: Markdown read by commonmark.js, then the patterns of modules/markup/html.go over
// the text that came of it. The test on a real server holds this against the real thing.

/** What becomes of the text outside code and links, once Markdown was read. */
const inText: readonly [what: string, pattern: RegExp][] = [
  ['address', /[a-z][a-z0-9+.-]*:\/\/\S/i],
  ['address', /(?:bitcoin|cid|file|geo|magnet|mailto|matrix|mid|sms|tel|xmpp):\S/i],
  ['address', /www\.[-a-z0-9@:%._+~#=]{2,256}\.[a-z]{2,6}/i],
  ['wiki link', /\[\[(.*?)\]\](\w*)/],
  ['mention', /(?:\s|^|\(|\[)(@[0-9a-zA-Z_-]+)/],
  ['reference', /(?:\s|^|\(|\[|'|")([#!][0-9]+)(?:\s|$|\)|\]|'|"|[:;,.?!]\s|[:;,.?!]$)/],
  [
    'reference',
    /(?:\s|^|\(|\[)([0-9a-zA-Z_.-]+\/[0-9a-zA-Z_.-]+[#!][0-9]+)(?:\s|$|\)|\]|[:;,.?!]\s|[:;,.?!]$)/,
  ],
  ['reference', /(?:\s|^|\(|\[)([0-9a-zA-Z_.-]+)\/([0-9a-zA-Z_.-]+)@([0-9a-f]{7,64})/],
  [
    'mail',
    /(?:\s|^|\(|\[)([a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9][a-zA-Z0-9-]*(?:\.[a-zA-Z0-9-]{2,})+)/,
  ],
];

/** What in a text would load something, lead somewhere, call somebody or hide something, when the forge shows it. */
export function activeIn(markdown: string): string[] {
  const found: string[] = [];
  if (/^ *-{3,} *\n/.test(markdown)) found.push('header');
  if (/^ {0,3}\[\^[^\]]+\]:/m.test(markdown)) found.push('footnote');
  const walker = new Parser().parse(markdown).walker();
  let text = '';
  const endText = (): void => {
    for (const [what, pattern] of inText) if (pattern.test(text)) found.push(what);
    text = '';
  };
  for (let event = walker.next(); event !== null; event = walker.next()) {
    const { node, entering } = event;
    if (node.type === 'text') text += node.literal ?? '';
    else if (node.type === 'softbreak') text += '\n';
    else endText();
    if (entering) found.push(...kindOf(node));
  }
  endText();
  return found;
}

function kindOf(node: Node): string[] {
  switch (node.type) {
    case 'image':
      return ['picture'];
    case 'link':
      return ['link'];
    case 'html_block':
    case 'html_inline':
      return ['HTML'];
    case 'code_block':
      return /^\{?\s*\.?mermaid/i.test(node.info ?? '') ? ['drawing'] : [];
    default:
      return [];
  }
}
