import type { StoreState } from '../../factory/stores.ts';
import {
  type Asked,
  type Finding,
  finding,
  follow,
  known,
  type Trouble,
  unchecked,
  unknown,
} from '../finding.ts';
import type { DoctorSettings, DoctorState } from '../state.ts';

/** Who should be able to read a store and is not, as far as that is told. */
function unreadOf(found: Asked<StoreState>, name: string): Asked<string[]> {
  if (found.kind === 'unknown' || found.value.kind !== 'there') return follow(found, () => []);
  return found.value.unread === 'hidden'
    ? unknown(`only an admin of ${name} may ask who reads it`)
    : known(found.value.unread);
}

/** Private repositories of roles' own accounts: there, private, without CI, and records in nobody else's reach. */
export function storeChecks(settings: DoctorSettings, { stores }: DoctorState): Finding[] {
  return stores.flatMap(({ store, found }) => {
    const { post, login, name, holds, isRecord } = store;
    const id = `store.${post}`;
    if (found.kind === 'known' && found.value.kind === 'hidden')
      return [unchecked(id, name, `only ${login} and a site admin are told of it`)];
    const readers =
      store.readers.length === 0 || (found.kind === 'known' && found.value.kind !== 'there')
        ? []
        : [
            finding(
              `${id}.readers`,
              `${store.readers.join(' and ')} may read ${name}`,
              unreadOf(found, name),
              (unread): Trouble =>
                unread.length === 0
                  ? undefined
                  : {
                      what: `${unread.join(' and ')} may not read ${name}, and ${unread.length === 1 ? 'its roles show' : 'their roles show'} ${holds}`,
                      who: `a site admin, or the account ${login}`,
                      mend: `forgecrew init --apply, or as ${login} ${settings['forge-url']}/${name}/settings/collaboration`,
                    },
            ),
          ];
    const own = finding(
      id,
      `${name}, where ${login} keeps ${holds}, is private and without CI`,
      found,
      (state): Trouble => {
        if (state.kind !== 'there')
          return {
            what: `there is no ${name}, where ${login} would keep ${holds}`,
            who: `a site admin, or the account ${login}`,
            mend: isRecord
              ? `forgecrew init --apply, or as ${login} forgecrew escalation-init --record-repo ${name}`
              : `forgecrew init --apply, or as ${login} ${settings['forge-url']}/repo/create`,
          };
        const troubles = [
          ...state.troubles,
          ...(state.hasActions
            ? ['has Actions switched on, and nothing may run with what is written there']
            : []),
        ];
        return troubles.length === 0
          ? undefined
          : {
              what: `${name} ${troubles.join('; and it ')}`,
              who: `the account ${login}`,
              mend: `set it right at ${settings['forge-url']}/${name}/settings`,
            };
      },
    );
    return [own, ...readers];
  });
}
