import { architectPitch } from './actions/architect-pitch/role.ts';
import { collectEngagement } from './actions/collect-engagement/role.ts';
import { collectProcessMetrics } from './actions/collect-process-metrics/role.ts';
import { escalation } from './actions/escalation/role.ts';
import { forgeAgent } from './actions/forge-agent/role.ts';
import { opsFiler } from './actions/ops-filer/role.ts';
import { prerequisites } from './actions/prerequisites/role.ts';
import { vaultDispatch } from './actions/vault-dispatch/role.ts';
import { vaultRequest } from './actions/vault-request/role.ts';

/** Every role there is. Doors, tables, dist and tests follow from this list. */
export const roles = [
  opsFiler,
  collectEngagement,
  vaultDispatch,
  vaultRequest,
  architectPitch,
  forgeAgent,
  prerequisites,
  collectProcessMetrics,
  escalation,
];
