/** The part of ncc that is used here; it comes without types. */
declare module '@vercel/ncc' {
  interface Module {
    /** The file that it stands in. */
    nameForCondition(): string | null;
  }

  /** A part of a compiled program: the program itself, or what is loaded later. */
  export interface Chunk {
    id: number;
    /** The file that holds it. */
    files: Set<string>;
    /** Why the compiler put it apart by itself; undefined where the sources asked for it. */
    chunkReason?: string;
    /** With what it is loaded, and by which imports. */
    groupsIterable: Iterable<{ chunks: Chunk[]; origins: { module: Module | null; request: string }[] }>;
  }

  export interface Compilation {
    chunks: Set<Chunk>;
    chunkGraph: { getChunkModulesIterable(chunk: Chunk): Iterable<Module> };
    /** Every file that was read. */
    fileDependencies: Set<string>;
  }

  export default function ncc(
    entry: string,
    options: {
      filename: string;
      esm: boolean;
      cache: boolean;
      quiet: boolean;
      minify: boolean;
      /** What is required as something else when the program runs. */
      externals: Record<string, string>;
    },
  ): Promise<{
    code: string;
    assets: Record<string, { source: string | Buffer }>;
    stats: { compilation: Compilation };
  }>;
}
