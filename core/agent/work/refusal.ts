/** Which rule an agent's work broke. */
export type Rule =
  | 'bundle'
  | 'history'
  | 'protected-path'
  | 'submodule'
  | 'link'
  | 'path'
  | 'too-many'
  | 'too-large'
  | 'secret'
  | 'not-searched';

/** Why an agent's work is not taken: plain data, for a comment and for the record. */
export interface Refusal {
  rule: Rule;
  /** A whole sentence. Paths in it come from the agent: whoever writes it into a comment makes it inert. */
  said: string;
  /** The path it is about; what could not be shown is spelled out. */
  path?: string;
}
