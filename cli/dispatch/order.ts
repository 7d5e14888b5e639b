import type { Secrets } from './config.ts';
import type { DispatchEntry, IssuePlace, Mode, Platform } from './entry.ts';

/** What is to be dispatched, with everything that was asked and decided before: plain data, handed to the process that does it. */
export interface Order {
  mode: Mode;
  place: IssuePlace;
  title: string;
  url: string;
  /** Labels of the issue. */
  labels: string[];
  /** Addresses of its repository, the one in a browser first. */
  addresses: [string, ...string[]];
  /** The branch that the work begins from. */
  base: string;
  checkout: string;
  agent: string;
  profile: string | null;
  /** The weakest isolation that is allowed, where somebody asked for more than the manifest. */
  isolation: 'bwrap' | 'user' | null;
  trustMe: boolean;
  /** What the worker is told beside manifest and issue. */
  prompt: string | null;
  parent: string | null;
  depth: number;
  /** Whether it runs apart from the terminal that it was typed in. */
  isDetached: boolean;
  /** The hosts whose tokens it works with. */
  hosts: Platform[];
}

/** Whether a person sits at the worker's own screen. */
export function hasScreen({ mode }: Pick<Order, 'mode'>): boolean {
  return mode === 'watch' || mode === 'consult';
}

/** Starts the process of a dispatch apart from the terminal, and waits until its worker begins. */
export type Launch = (order: Order, secrets: Secrets) => Promise<DispatchEntry>;
