/** The name of a document: that of its file, without its folders and its ending. */
export function documentName(file: string): string {
  return (file.split('/').at(-1) ?? '').replace(/\.(?:md|toml|json)$/, '');
}
