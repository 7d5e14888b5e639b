import type { Change } from '../../core/change.ts';
import { notice } from '../../core/plan.ts';
import { filerBegin, filerEnd } from '../../core/sprint/layout.ts';
import { sectionIn, withSection } from '../../core/text/sections.ts';
import { type Forks, forksBegin, forksEnd, forksText } from './forks.ts';
import type { Live, OpenPitch, PitchDocument } from './state.ts';
import { bodySections, isOurBody } from './text.ts';

// The parts of a pitch's document and description that are ours to rewrite; everything else in them is other people's. Pure.

/**
 * The document with our sections rewritten, in place of the very blob that was read. `block`: a whole new filer block, where
 * the sub-issues are revised.
 */
export function writeForks(
  { pull, home }: OpenPitch,
  document: PitchDocument,
  { forks, block, why }: { forks: Forks; block?: string; why: string },
): Change<'keep' | 'write-files'>[] {
  const name = `#${pull.number}`;
  if (home === undefined)
    return [notice(`the branch of ${name} is nowhere we can write: its document stays as it is`)];
  const withForks = withSection(document.text, {
    begin: forksBegin,
    end: forksEnd,
    content: forksText(forks),
    before: '## Sub-issues',
  });
  const text = block === undefined || withForks === undefined ? withForks : withBlock(withForks, block);
  if (text === undefined)
    return [notice(`somebody changed the lines that mark our sections in ${document.path} of ${name}`)];
  if (text === document.text) return [];
  return [
    {
      kind: 'write-files',
      key: `document ${name}`,
      repository: home,
      branch: pull.head.label,
      message: `sprint: ${block === undefined ? 'record design forks of' : 'revise'} ${document.path.split('/').at(-1)}`,
      files: [{ path: document.path, content: text, expects: document.sha }],
      why,
    },
  ];
}

function withBlock(text: string, block: string): string | undefined {
  const content = sectionIn(block, filerBegin, filerEnd) ?? '';
  return withSection(text, { begin: filerBegin, end: filerEnd, content });
}

/** The description shows what the document says, in the parts that are ours. */
export function showDocument(
  { ground }: Live,
  { pull: { number, body } }: OpenPitch,
  document: PitchDocument,
): Change<'update-sections'>[] {
  if (!isOurBody(body)) return [];
  const sections = bodySections(document.text);
  const isRight = sections.every(
    ({ begin, end, content }) => sectionIn(body, begin, end)?.replaceAll('\r', '') === content,
  );
  // Sections whose lines somebody removed or doubled are theirs now.
  const isWhole = sections.every((section) => withSection(body, section) !== undefined);
  if (isRight || !isWhole) return [];
  return [
    {
      kind: 'update-sections',
      repository: ground.repository,
      issue: number,
      sections,
      why: 'the document changed',
    },
  ];
}
