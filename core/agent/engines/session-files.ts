import type { SessionFile } from '../tar.ts';

export const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** What is wrong with files that shall be one of this name, with a text that is of the session in question. */
export function oneFile(
  files: readonly SessionFile[],
  name: string,
  isOfSession: (text: string) => boolean,
): string | undefined {
  const [file] = files;
  if (file === undefined || files.length > 1 || file.name !== name) return `it is not the one file ${name}`;
  return isOfSession(file.bytes.toString('utf8')) ? undefined : `${name} is not of this session`;
}
