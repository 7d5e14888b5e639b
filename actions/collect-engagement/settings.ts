import { count, filePath, forgeUrl, listOf, oneOf, sharedSettings, text } from '../../core/settings.ts';

const units = ['seconds', 'milliseconds', 'nanoseconds'] as const;

export const settings = {
  ...sharedSettings,
  // Only committing needs the forge; `commit: none` runs without one.
  'forge-url': forgeUrl({
    description: 'Where the forge is. Needed to commit.',
    fallback: { fact: 'forgeUrl', said: "the CI's forge" },
  }),
  'forge-token': text({
    description: 'Access token of the account that commits, from a CI secret. Needed to commit.',
    secret: true,
  }),
  source: listOf(filePath, {
    description:
      "The web server's access logs: paths in the workspace or absolute, plain or `.gz`; `*` in the last part of a path stands for anything.",
    required: true,
  }),
  date: text({ description: 'The day to collect, as YYYY-MM-DD, in UTC. Without it, yesterday.' }),
  commit: oneOf(['none', 'direct'], {
    description: '`none` writes evidence-file only; `direct` commits to the ops branch.',
    default: 'none',
  }),
  'evidence-file': filePath({
    description: 'With `commit: none`, where in the workspace the evidence goes.',
    default: 'engagement.json',
  }),
  'own-hosts': listOf(text, {
    description: 'Hosts that are yours: coming from there is no referral. The host that was asked always is.',
    default: '',
  }),
  top: count({ description: 'How many pages and referrers are named.', default: '10' }),
  'time-format': oneOf(units, {
    description: 'What a number in `ts` means; times with a zone are read as they are.',
    default: 'seconds',
  }),
  'duration-format': oneOf(units, { description: 'What a number in `duration` means.', default: 'seconds' }),
  'max-bad-percent': count(
    {
      description:
        'More lines of the day than this share, in percent, that are no records: the log is refused.',
      default: '5',
    },
    0,
  ),
};
