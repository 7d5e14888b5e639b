/**
 * What the first lines of a log without any record look like, in words for the refusal: the wrong file is the usual
 * reason, and a name helps more than "unparsable".
 */
export function formatOf(lines: string[]): string {
  const [line = ''] = lines;
  if (line === '') return 'an empty file';
  if (line.startsWith('\u001f\ufffd') || line.startsWith('\u001f\u008b'))
    return 'gzip without .gz in its name';
  if (line.startsWith('(\ufffd/\ufffd')) return 'zstd without .zst in its name';
  if (/^\S{1,100} \S{1,100} \S{1,100} \[\d{2}\/[A-Z][a-z]{2}\/\d{4}:/.test(line)) {
    return /" "[^"]{0,2000}"$/.test(line)
      ? 'the Combined format of nginx or Apache'
      : 'the Common format of nginx or Apache';
  }
  if (/^\d{4}\/\d{2}\/\d{2} [\d:.]{8,16}\s+(?:\u001b\[\d+m)?[A-Z]+/.test(line))
    return "Caddy's console format";
  if (line.startsWith('{')) return 'JSON, but not an access log of Caddy';
  return 'no format that is known here';
}
