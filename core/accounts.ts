/** Whether two logins name one account: the forge compares them without regard to case. */
export function sameLogin(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** Whether a list of logins names this one. */
export function namesLogin(logins: readonly string[], login: string): boolean {
  return logins.some((item) => sameLogin(item, login));
}

/**
 * What a repository of the forge can be called, as `owner/name`; in words for whoever wrote something else. The forge reserves some
 * names, whatever their case (`models/repo/repo.go`), and of two dots an address would make the one above. Without flags, because
 * JSON Schemas have none.
 */
export const repositoryShape =
  /^[A-Za-z0-9_][A-Za-z0-9_.-]*\/(?!(?:\.{1,2}|-|.*\.(?:[gG][iI][tT]|[wW][iI][kK][iI]|[rR][sS][sS]|[aA][tT][oO][mM]))$)[A-Za-z0-9_.-]+$/;
export const repositoryWords =
  'owner/name as the forge takes it (name is not ., .. or -, and does not end with .git, .wiki, .rss or .atom)';

/** Whether two names, as `owner/name`, are of one repository: the forge compares them without regard to case. */
export function sameRepository(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** The account or organisation that a repository, as `owner/name`, belongs to. */
export function ownerOf(repository: string): string {
  return repository.split('/')[0] ?? repository;
}

/**
 * Whether somebody is this very account. By id, because a login can be given to another account after it was freed; and a
 * user who is gone is nobody, never the same as another who is gone.
 */
export function sameAccount(
  user: { id: number } | null | undefined,
  account: { id: number } | null | undefined,
): boolean {
  return user != null && account != null && user.id === account.id;
}
