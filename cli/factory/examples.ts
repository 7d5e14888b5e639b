import { texts } from './example-texts.ts';

/** An example of a pipeline, as the documents show it; `example-texts.ts` is made from them by `npm run docs`. */
export interface Example {
  role: string;
  ci: 'forgejo' | 'woodpecker';
  /** `check`: of pull requests, without a secret. */
  purpose: 'work' | 'check';
  path: string;
  text: string;
}

export const examples = texts.examples as Example[];
export const { vaultExample } = texts;

/** Every role that can be a step of a pipeline. */
export const roleNames = [...new Set(examples.map(({ role }) => role))];

/** The policy that goes with the example of a formula. */
export const examplePolicy = vaultExample.policy.replace(/\n\[secrets\][\s\S]*$/, '');
