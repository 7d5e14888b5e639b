import { alone } from '../../core/api/errors.ts';
import type { WrittenAction } from '../../core/escalation/answer.ts';
import { type Payload, readPayload } from '../../core/escalation/payload.ts';
import { escalationRuleOf, policyFaults } from '../../core/escalation/policy.ts';
import { readWorld, type World } from '../../core/escalation/read-world.ts';
import type { RunFacts } from '../../core/escalation/record.ts';
import type { CheckedAction, Context, KnownPolicy } from './state.ts';

interface Around {
  context: Context;
  policy: KnownPolicy;
}

/** Actions as they were written, each with what the forge says of it; more than the limit are not looked at. */
export async function checkActions(
  around: Around,
  written: WrittenAction[],
  repository: string,
): Promise<CheckedAction[]> {
  const { settings } = around.context;
  const isTooMany = written.length > settings['max-actions'];
  const checked: CheckedAction[] = [];
  for (const item of written.slice(0, 50)) {
    const read = readPayload(item.type, item.json, repository);
    // What the forge does not say of one repository keeps no other answer from being told.
    const { value, trouble } =
      !isTooMany && read.ok
        ? await alone(() => worldOf(around, read.payload, null))
        : { value: undefined, trouble: undefined };
    const world = trouble === undefined ? value : { faults: [trouble], run: null, labels: [] };
    checked.push({ written: item, read, world });
  }
  return checked;
}

/** What the forge says of a payload, where policy allows it: what it does not allow is not even looked at. */
export async function worldOf(
  { context, policy }: Around,
  payload: Payload,
  shown: RunFacts | null,
): Promise<World | undefined> {
  const rule = escalationRuleOf(policy.policy, payload.type);
  if (rule === undefined || policyFaults(policy.policy, payload).length > 0) return undefined;
  const { send, woodpecker, kept, settings } = context;
  return readWorld(
    { send, kept, ...(woodpecker === undefined ? {} : { woodpecker }) },
    {
      payload,
      backend: rule.backend,
      workflows: policy.policy['ci-run']?.workflows ?? [],
      formulas: { repository: settings['ops-repo'], commit: policy.commit },
      shown,
    },
  );
}
