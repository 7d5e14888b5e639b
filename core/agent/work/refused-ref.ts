/**
 * Where refused work is kept in the state repository. Names of owners and repositories may hold what no ref may: a point before
 * or behind, two of them, `.lock`.
 */
export function refusedRef(repository: string, issue: number, attempt: number): string {
  const names = repository.split('/').map((name) => encodeURIComponent(name).replaceAll('.', '%2E'));
  return `refs/forgecrew/refused/${names.join('/')}/${issue}/${attempt}`;
}
