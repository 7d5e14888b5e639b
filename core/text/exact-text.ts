/** Bytes as UTF-8 text, a mark at their beginning included; undefined where the text would not give the same bytes again. */
export function exactText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
