// What differs from line to line, as it is found of a line that gives a shape.

/** What a hole is filled with. Headers are the members of `request.headers` or of `resp_headers`, in any order. */
export const noHole: u32 = 0;
export const textHole: u32 = 1;
export const numberHole: u32 = 2;
export const headersHole: u32 = 3;
export const responseHole: u32 = 4;

/** What fills the hole stands in the buffer, from `from` to before `to`. */
@unmanaged export class Hole {
  kind: u32;
  field: u32;
  from: usize;
  to: usize;
}
export const holeBytes = offsetof<Hole>();
export const mostHoles: usize = 64;

/** Where `record` writes the next hole of its line, and where that list ends; both 0 when nobody asks for holes. */
export let holes: usize = 0;
export let holesEnd: usize = 0;

@inline export function hole(kind: u32, field: u32, from: usize, to: usize): void {
  if (holes != holesEnd) addHole(kind, field, from, to);
}

function addHole(kind: u32, field: u32, from: usize, to: usize): void {
  const hole = changetype<Hole>(holes);
  hole.kind = kind;
  hole.field = field;
  hole.from = from;
  hole.to = to;
  holes += holeBytes;
}
