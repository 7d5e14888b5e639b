// The named defences: each is one place in the sources without which something that is promised would no longer hold. `npm run
// mutate` breaks them one at a time, in a copy, and the tests that are named beside them have to fail. docs/defences.md is made
// from this list.

import { agents, agentWork, steps } from './defences/agents.ts';
import type { Defence } from './defences/defence.ts';
import { dispatching, onGithub, reaping } from './defences/dispatch.ts';
import { clicks } from './defences/escalation.ts';
import { factory, making } from './defences/factory.ts';
import { denial, shared } from './defences/shared.ts';
import { approvals, brought, merging, records, running } from './defences/vault.ts';

export type { Defence };

/** By what they are about, for the page. */
export const chapters: { title: string; defences: Defence[] }[] = [
  { title: 'What an approval is of, and whose counts', defences: approvals },
  { title: 'What brought an action to the branch', defences: brought },
  { title: 'What is merged by the role itself', defences: merging },
  { title: 'What spends an id', defences: records },
  { title: 'What runs, and what lets it run', defences: running },
  { title: 'What of one stranger is nobody else’s trouble', defences: denial },
  { title: 'What people clicked on, and that it happens once', defences: clicks },
  { title: 'What an agent made is data', defences: agentWork },
  { title: 'Which agent is started, what keeps it in, and its two ways out', defences: agents },
  { title: 'What keeps an agent apart that is a step of its own', defences: steps },
  { title: 'What keeps the factory’s own documents and numbers true', defences: factory },
  { title: 'What init never touches, and what doctor never believes', defences: making },
  { title: 'Who has an issue on a machine, and what is asked for it', defences: dispatching },
  { title: 'What GitHub is asked, and what of its answers is believed', defences: onGithub },
  { title: 'What a dispatch begins on, and what reap never loses', defences: reaping },
  { title: 'What every role stands on', defences: shared },
];

export const defences: Defence[] = chapters.flatMap((chapter) => chapter.defences);
