import type { DispatchEntry, IssuePlace } from '../../../cli/dispatch/entry.ts';

export const aPlace: IssuePlace = {
  platform: 'forgejo',
  host: 'forge.example',
  owner: 'acme',
  repo: 'widgets',
  number: 12,
};

/** An entry with nothing remarkable about it. */
export function anEntry(over: Partial<DispatchEntry> = {}): DispatchEntry {
  return {
    version: 1,
    id: 'forge.example+acme+widgets+12+1',
    mode: 'headless',
    pid: 1,
    process_start: '1',
    host: 'here',
    pid_namespace: 'pid:[1]',
    boot_id: 'boot',
    ref: 'acme/widgets#12',
    platform: 'forgejo',
    url: 'https://forge.example/acme/widgets/issues/12',
    title: 'Write a poem',
    started_at: '2026-11-26T10:00:00.000Z',
    ended_at: null,
    outcome: null,
    why: '',
    parent_session: null,
    depth: 0,
    paths_claimed: [],
    log_path: '/log/forge.example+acme+widgets+12+1.log',
    posture: 'isolated',
    agent: 'builder',
    profile: null,
    checkout: '/src/acme/widgets',
    remote: 'origin',
    worktree: null,
    branch: null,
    base_branch: 'main',
    base: null,
    head: null,
    claim: null,
    notified_at: null,
    reaped_at: null,
    ...over,
  };
}
