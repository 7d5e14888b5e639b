/** What a call to a model used: tokens where the engine counts them, and money where its price is known. */
export interface ModelUse {
  engine: string;
  model: string;
  inputTokens: number;
  outputTokens: number;
  /** In the currency of the price settings; `null` where nobody knows it. */
  cost: number | null;
}

/** What a model is asked; plain data. */
export interface ModelQuestion {
  engine: string;
  /** Our rules. */
  system: string;
  /** What they are about: text from outside. */
  prompt: string;
  /** The same as data, for engines that are no model. */
  about: Record<string, unknown>;
}

/** What a model answered: text from outside, to be judged by the next plan like any other. */
export interface ModelAnswer {
  text: string;
  use: ModelUse;
}
