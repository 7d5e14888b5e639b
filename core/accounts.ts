/** Whether two logins name one account: the forge compares them without regard to case. */
export function sameLogin(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** Whether a list of logins names this one. */
export function namesLogin(logins: readonly string[], login: string): boolean {
  return logins.some((item) => sameLogin(item, login));
}

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
