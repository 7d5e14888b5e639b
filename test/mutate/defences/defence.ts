export interface Defence {
  /** What is promised, as a sentence. */
  name: string;
  file: string;
  /** The text that keeps it, which stands in the file once ... */
  from: string;
  /** ... and what it is broken with. */
  to: string;
  /** The files of tests that have to notice, and with `only` just those tests whose names match. */
  tests: string[];
  only?: string;
}
