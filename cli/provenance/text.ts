import type { Finding, ProvenanceReport } from '../../core/agent/provenance/report.ts';
import type { RunRecord } from '../../core/agent/run-record.ts';

// The rounds of an issue, and what a verification found, as lines for people.

/** So many refused calls are shown; the record has them all. */
const mostRefusals = 20;

export function reportLines({ issue, source, rounds, verification }: ProvenanceReport): string[] {
  return [
    `${issue}: ${counted(rounds.length, 'record')}, from ${source.kind === 'clone' ? 'a clone of the state repo' : 'the state repo'} at ${source.commit}`,
    ...rounds.flatMap(({ file, digest, keyid, record }) => [
      '',
      ...(record === null ? [`${file} is no record.`] : roundLines(record)),
      row('record', file),
      ...(digest === '' ? [] : [row('', digest)]),
      ...(record === null ? [] : [row('signature', keyid === null ? 'none' : `names the key ${keyid}`)]),
    ]),
    ...(verification === null
      ? ['', 'Nothing was verified: --verify does that, with the public key in a file.']
      : ['', 'Verification', ...verification.findings.map(findingLine), '', verdictLine(verification)]),
  ];
}

const verdicts: Record<Finding['verdict'], string> = {
  fits: 'fits',
  'does-not-fit': 'DOES NOT FIT',
  'not-checked': 'could not be checked',
};

function findingLine(finding: Finding): string {
  return `  ${verdicts[finding.verdict].padEnd(21)}${placeOf(finding)}: ${finding.said}`;
}

function placeOf({ round, check }: Finding): string {
  return `${round === null ? 'the issue' : `round ${round}`}, ${check}`;
}

function verdictLine({ outcome, first, findings }: NonNullable<ProvenanceReport['verification']>): string {
  switch (outcome) {
    case 'fits':
      return 'Everything was checked, and everything fits.';
    case 'does-not-fit':
      return first === null
        ? 'Something does not fit.'
        : `The first thing that does not fit: ${placeOf(first)}: ${first.said}.`;
    case 'not-all-checked': {
      const left = findings.filter(({ verdict }) => verdict === 'not-checked').length;
      return `Nothing that was checked is wrong, but ${left === 1 ? '1 thing' : `${left} things`} could not be checked.`;
    }
  }
}

function roundLines(record: RunRecord): string[] {
  const { engine, model, isolation, end, signal, work, models, manifest, base } = record;
  return [
    `Round ${record.round}: ${record.agent}${record.profile === null ? '' : `, profile ${record.profile}`}, ${record.started_at}, ${spanOf(record)}`,
    row(
      'given by',
      `${record.given_by ?? 'nobody who is known'}${record.member === null ? '' : `; ${record.member} is a member of the organisation`}`,
    ),
    row('engine', `${engine.name}${engine.version === null ? '' : ` ${engine.version}`}`),
    row('model', model ?? 'none was named'),
    row('isolation', `${isolation.level}, network ${isolation.network}; egress: ${record.egress}`),
    row('manifest', `${manifest.file} of ${manifest.repository}, ${manifest.blob}`),
    ...(manifest.prompt === null ? [] : [row('', `${manifest.prompt.file}, ${manifest.prompt.blob}`)]),
    row('base', `${base.commit} of ${base.branch}`),
    row(
      'end',
      `${end.how}${signal === null ? '' : `, ${signal.status}`}${end.why === null ? '' : `: ${end.why}`}`,
    ),
    ...(signal === null || signal.summary.trim() === '' ? [] : [row('', signal.summary.trim())]),
    ...workLines(work),
    ...record.checks.map(({ command, code }) =>
      row(
        'check',
        `${code === 0 ? 'passed' : code === null ? 'ended before its time' : `failed with code ${code}`}: ${command}`,
      ),
    ),
    ...(models === null
      ? [row('cost', 'no model was asked through the role')]
      : [
          row(
            'cost',
            `${models.cost ?? 'not known'}; ${counted(models.calls, 'call')}, ${models.input_tokens} tokens in, ${models.output_tokens} out${models.reached_limit ? '; the limit was reached' : ''}`,
          ),
          ...models.refused.slice(0, mostRefusals).map(({ why }) => row('refused', `the model: ${why}`)),
        ]),
    ...operationLines(record),
    ...(record.run_url === null ? [] : [row('run', record.run_url)]),
  ];
}

function workLines(work: RunRecord['work']): string[] {
  switch (work.kind) {
    case 'nothing':
      return [row('work', 'none')];
    case 'work':
      return [
        row(
          'commit',
          `${work.commit} on ${work.branch}, ${counted(work.files, 'file')}, ${work.bytes} bytes`,
        ),
        row('', `tree ${work.tree}`),
      ];
    case 'refused':
      return [
        row('work', `refused${work.ref === null ? '' : `, kept at ${work.ref}`}`),
        ...work.reasons.slice(0, mostRefusals).map((reason) => row('refused', reason)),
      ];
  }
}

/** What it asked of the forge, and what of that was refused. */
function operationLines({ operations: { entries } }: RunRecord): string[] {
  const allowed = new Map<string, number>();
  for (const { tool, allowed: isAllowed } of entries)
    if (isAllowed) allowed.set(tool, (allowed.get(tool) ?? 0) + 1);
  const refused = entries.filter((entry) => !entry.allowed);
  return [
    row(
      'forge',
      allowed.size === 0
        ? 'it asked for nothing that was allowed'
        : [...allowed].map(([tool, times]) => `${tool} ${times}`).join(', '),
    ),
    ...refused
      .slice(0, mostRefusals)
      .map(({ tool, target, why, count }) =>
        row('refused', `${tool} ${target}${count === undefined ? '' : ` (${count} more)`}: ${why ?? ''}`),
      ),
    ...(refused.length > mostRefusals
      ? [row('', `and ${refused.length - mostRefusals} more, which the record has`)]
      : []),
  ];
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(10)} ${text}`;
}

function counted(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

function spanOf({ started_at: from, ended_at: to }: RunRecord): string {
  const seconds = Math.round((Date.parse(to) - Date.parse(from)) / 1000);
  if (!(seconds >= 0)) return 'for a time that makes no sense';
  return seconds < 120 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
