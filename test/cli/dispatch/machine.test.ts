import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { refuseUnisolated } from '../../../cli/dispatch/dispatch.ts';
import { type Ask, lifeOf, nameOfProcess, thisMachine } from '../../../cli/dispatch/machine.ts';

// What programs of macOS print, as their manuals and others have recorded it: it was never run there.
const printed: Record<string, string> = {
  'sysctl -n kern.bootsessionuuid': '5D3F2B1C-7A0E-4C1B-9B53-0C6C4B0E7F11\n',
  'scutil --get LocalHostName': 'Adas-MacBook-Pro\n',
  'ps -o stat= -o lstart= -p 4242': 'S+   Thu Nov 26 09:15:07 2026    \n',
  'ps -o stat= -o lstart= -p 4243': 'Z    Thu Nov 26 09:15:08 2026    \n',
  'ps -o pgid= -p 4242': ' 4200\n',
};
const recorded: Ask = (command, args) => printed[[command, ...args].join(' ')] ?? '';

describe('a machine without /proc', () => {
  const mac = thisMachine('darwin', recorded);

  it('names a process by what ps and sysctl say of it, in a time that is the same everywhere', () => {
    expect(nameOfProcess(4242, mac)).toEqual({
      pid: 4242,
      process_start: 'Thu Nov 26 09:15:07 2026',
      host: 'Adas-MacBook-Pro',
      pid_namespace: '',
      boot_id: '5D3F2B1C-7A0E-4C1B-9B53-0C6C4B0E7F11',
    });
    expect(mac.groupOf(4242)).toBe(4200);
  });

  it('knows who is gone: another one with that pid, one that is over, one of an earlier boot', () => {
    const name = nameOfProcess(4242, mac);

    expect(lifeOf(name, mac)).toBe('alive');
    expect(lifeOf({ ...name, process_start: 'Thu Nov 26 09:15:06 2026' }, mac)).toBe('dead');
    expect(lifeOf({ ...name, pid: 4243, process_start: 'Thu Nov 26 09:15:08 2026' }, mac)).toBe('dead');
    expect(lifeOf({ ...name, pid: 7 }, mac)).toBe('dead');
    expect(lifeOf({ ...name, boot_id: 'other' }, mac)).toBe('dead');
    expect(lifeOf({ ...name, host: 'other' }, mac)).toBe('elsewhere');
    expect(mac.startOf(7)).toBeUndefined();
    expect(mac.groupOf(7)).toBeUndefined();
  });

  it('has the name that hostname gives where it has no other', () => {
    expect(thisMachine('darwin', () => '').host).toBe(hostname());
    expect(thisMachine('freebsd', () => '').host).toBe(hostname());
  });

  it('isolates nobody, and says so before anything is asked', () => {
    for (const mode of ['headless', 'watch'] as const)
      expect(() => refuseUnisolated(mode, 'darwin')).toThrow(
        'What isolates a worker is there on Linux alone, and this is darwin.',
      );
  });
});

describe('a machine of Linux', () => {
  it('says why no screen can be shown, and keeps no other mode from it', () => {
    const bare = () => ({});

    expect(() => refuseUnisolated('consult', 'linux', bare)).toThrow(
      "consult shows the program's own screen, which an isolated worker draws on a terminal of its own: the program script of util-linux is not installed",
    );
    expect(() => refuseUnisolated('headless', 'linux', bare)).not.toThrow();
  });
});
