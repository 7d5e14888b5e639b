import { deskTools, type Tool, tools } from './tools.ts';

/** What whoever has dispatched an agent does for it beside the forge. What fails is thrown, with a remedy where there is one. */
export interface Desk {
  /** Claims paths of the repository; answers in a sentence. */
  claimPaths(paths: string[]): Promise<string>;
  /** Absent where this agent may dispatch nobody. */
  dispatch?:
    | ((given: { issue: string; mode: string; prompt: string | undefined }) => Promise<string>)
    | undefined;
}

/** The tools that an agent is offered. */
export function offeredTools(desk: Desk | undefined): readonly Tool[] {
  if (desk === undefined) return tools;
  return [
    ...tools.filter(({ name }) => name !== 'signal_done'),
    deskTools.claim_paths,
    ...(desk.dispatch === undefined ? [] : [deskTools.dispatch_worker]),
    ...tools.filter(({ name }) => name === 'signal_done'),
  ];
}
