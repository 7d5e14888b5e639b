import { describe, expect, it } from 'vitest';
import {
  type HandedOutcome,
  handedOutcomeIn,
  handedOutcomeText,
} from '../../../../core/agent/steps/handed.ts';

const lease = 'a'.repeat(32);
const handed: HandedOutcome = {
  version: 1,
  lease,
  outcome: {
    said: 'it said success; 1 file changed',
    end: 'signalled',
    why: null,
    signal: { status: 'success', summary: 'Done.' },
    startedAt: '2026-11-26T12:00:00.000Z',
    endedAt: '2026-11-26T12:01:00.000Z',
    exitCode: 0,
    exitSignal: null,
    session: 'x',
    isResumed: false,
    kept: { kind: 'none', why: 'the manifest names no session_folder' },
    engineVersion: null,
    isolation: 'container',
    network: 'open',
    gaps: [],
    left: { terminated: 0, killed: 0 },
    work: { kind: 'work', commit: 'b'.repeat(40), tree: 'c'.repeat(40), files: 1, bytes: 6 },
    handed: 'd'.repeat(40),
    searched: '1 file',
    checks: [],
    models: null,
    operations: { head: '', entries: [] },
    egress: 'not observed',
    entry: { text: '{}' },
  },
  kept: [{ what: 'work', ref: 'refs/forgecrew/handed/owner/project/1/work', commit: 'd'.repeat(40) }],
};
const bytes = (data: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(data));

describe('what one step leaves for another', () => {
  it('is read as it was written', () => {
    expect(handedOutcomeIn(new TextEncoder().encode(handedOutcomeText(handed)), lease)).toEqual(handed);
  });

  it.each([
    ['of another round', { ...handed, lease: 'e'.repeat(32) }],
    ['of another format', { ...handed, version: 2 }],
    ['with an end that is none', { ...handed, outcome: { ...handed.outcome, end: 'merged' } }],
    ['with something more', { ...handed, outcome: { ...handed.outcome, merged: true } }],
    ['without its outcome', { version: 1, lease, kept: [] }],
    ['that is no object', []],
  ])('is nothing where it is one %s', (_, data) => {
    expect(handedOutcomeIn(bytes(data), lease)).toBeUndefined();
  });

  it('is nothing where it is no text', () => {
    expect(handedOutcomeIn(new Uint8Array([0xff, 0xfe]), lease)).toBeUndefined();
    expect(handedOutcomeIn(new Uint8Array(), lease)).toBeUndefined();
  });
});
