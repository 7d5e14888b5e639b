import { accountChecks } from './checks/accounts.ts';
import { diskChecks } from './checks/disk.ts';
import { documentChecks } from './checks/documents.ts';
import { forgeChecks } from './checks/forge.ts';
import { labelChecks } from './checks/labels.ts';
import { pinChecks } from './checks/pins.ts';
import { pipelineChecks } from './checks/pipelines.ts';
import { protectionChecks } from './checks/protections.ts';
import { secretChecks } from './checks/secrets.ts';
import { storeChecks } from './checks/stores.ts';
import { tokenChecks } from './checks/tokens.ts';
import { waitingChecks } from './checks/waiting.ts';
import type { Finding } from './finding.ts';
import type { DoctorSettings, DoctorState } from './state.ts';

/** Every check: from what was asked to findings, pure. A new one is a function and a line here. */
const checks: readonly ((settings: DoctorSettings, state: DoctorState) => Finding[])[] = [
  forgeChecks,
  labelChecks,
  accountChecks,
  tokenChecks,
  storeChecks,
  documentChecks,
  pipelineChecks,
  pinChecks,
  secretChecks,
  waitingChecks,
  protectionChecks,
  diskChecks,
];

export function examine(settings: DoctorSettings, state: DoctorState): Finding[] {
  return checks.flatMap((check) => check(settings, state));
}
