import type { Finding } from '../doctor/finding.ts';
import type { Move, RepositoryMove } from './change.ts';
import type { UpgradeSettings } from './settings.ts';

export function upgradeTitle({ to }: Pick<Move, 'to'>): string {
  return `Move to forgecrew v${to}`;
}

/** What the pull request says: what changes, what to do before and after its merge, what doctor says, and how to go back. */
export function upgradeBody(
  given: UpgradeSettings,
  move: Move,
  doctor: { before: readonly Finding[]; after: readonly Finding[] },
): string {
  const { from, to, ops, migrations, guarded } = move;
  const isWoodpecker = given.ci === 'woodpecker';
  const clone = (version: string): string =>
    `On every machine that runs Woodpecker's agents: \`git -C ${given['forgecrew-folder']} fetch --tags && git -C ${given['forgecrew-folder']} checkout v${version}\`. Images of your own are built anew.`;
  const around = (what: string): string =>
    `\`forgecrew policy ${what} --ops-repo ${given['ops-repo']}\` (see docs/vault.md)`;
  const isGuarded = guarded === undefined || guarded.length > 0;
  return [
    `This moves the factory from forgecrew v${from} to v${to}.`,
    '',
    ...tableOf(ops),
    '',
    ...otherPlaces(move),
    ...(migrations.length === 0
      ? ['No document needs another form.']
      : ['**Other forms**', '', ...migrations.map((item) => `- v${item.to}: ${item.does}`)]),
    '',
    '**Before the merge**',
    '',
    ...(isGuarded
      ? [
          `- ${guarded === undefined ? 'It could not be seen which files are protected. Where these are' : `${guarded.map((path) => `\`${path}\``).join(', ')} ${guarded.length === 1 ? 'is' : 'are'} protected`}: ${around('open')}. Until then the forge refuses the merge.`,
        ]
      : ['- Nothing: none of these files is protected.']),
    '',
    '**After the merge**',
    '',
    ...(isGuarded ? [`- At once: ${around('close')}.`] : []),
    ...(isWoodpecker ? [`- ${clone(to)}`] : []),
    '- `forgecrew doctor` says whether all is well.',
    '',
    '**To go back**',
    '',
    `- Take the merge of this pull request back (\`git revert\`, with \`-m 1\` where it was merged by a merge commit)${isGuarded ? `, again between ${around('open')} and ${around('close')}` : ''}.`,
    ...(isWoodpecker ? [`- ${clone(from)}`] : []),
    ...migrations.flatMap((item) => (item.back === null ? [] : [`- ${item.back}`])),
    '',
    '**What doctor says**',
    '',
    `- Now: ${countsOf(doctor.before)}`,
    ...linesOf(doctor.before),
    `- With this merged: ${countsOf(doctor.after)}`,
    ...linesOf(doctor.after),
    '',
    yours,
  ].join('\n');
}

const yours =
  'Change this branch as you like: what you commit to it stays. If you close this without a merge, that is an answer, and it is not asked again.';

/** What the pull request of a project says. */
export function projectBody(given: UpgradeSettings, { from, to }: Move, project: RepositoryMove): string {
  return [
    `This moves the pipelines of ${project.repository} from forgecrew v${from} to v${to}. The factory in ${given['ops-repo']} has a pull request of its own.`,
    '',
    ...tableOf(project),
    '',
    'Nothing else changes. Merge the one of the factory first.',
    '',
    '**To go back**',
    '',
    '- Take the merge of this pull request back (`git revert`, with `-m 1` where it was merged by a merge commit).',
    '',
    yours,
  ].join('\n');
}

function tableOf({ files, pins }: RepositoryMove): string[] {
  return [
    '| file | what changes |',
    '|---|---|',
    ...[...files.keys()].map((path) => `| \`${path}\` | ${changeOf(path, pins)} |`),
  ];
}

/** Projects have pull requests of their own. */
function otherPlaces({ projects }: Move): string[] {
  const names = projects.flatMap((item) =>
    'kind' in item || item.files.size === 0 ? [] : [item.repository],
  );
  return names.length === 0
    ? []
    : [`Pipelines of ${names.join(', ')} are moved by a pull request there. Merge this one first.`, ''];
}

function changeOf(path: string, pins: ReadonlyMap<string, number>): string {
  const many = pins.get(path) ?? 0;
  return many === 0 ? 'its text' : `${many} ${many === 1 ? 'step names' : 'steps name'} the version`;
}

function countsOf(findings: readonly Finding[]): string {
  const of = (state: Finding['state']): number => findings.filter((item) => item.state === state).length;
  return `${of('ok')} ok, ${of('broken')} broken, ${of('unknown')} could not be checked.`;
}

const mostNamed = 20;

function linesOf(findings: readonly Finding[]): string[] {
  const broken = findings.filter(({ state }) => state === 'broken').map(({ what }) => `  - ${what}`);
  return broken.length <= mostNamed
    ? broken
    : [...broken.slice(0, mostNamed), `  - and ${broken.length - mostNamed} more`];
}
