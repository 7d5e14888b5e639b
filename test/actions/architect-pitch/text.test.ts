import { expect, it } from 'vitest';
import { pullBody } from '../../../actions/architect-pitch/text.ts';

const document = '# Sprint: An archive\n\n## Vision issues\n- #7 — An archive\n';
const day = '2026-11-20';

it('names the vision with its repository, where the forge would lead to an issue of another one', () => {
  const body = pullBody(document, [], { day, project: 'owner/app', here: 'owner/ops' });

  expect(body).toMatch(/^Numbers below are issues of owner\/app, wherever the forge leads with them\.\n/);
  expect(body).toContain('\n- owner/app#7 — An archive\n');
});

it('leaves the number as it is where it is one of that very repository', () => {
  const body = pullBody(document, [], { day, project: 'owner/app', here: 'Owner/App' });

  expect(body).toBe(`<!-- pitch:begin -->\n${document.trimEnd()}\n<!-- pitch:end -->\n\n`);
});
