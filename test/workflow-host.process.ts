// The host of this process, asked for everything it can do: started by workflow-step.ts.
import { detectHost } from '../core/host/detect.ts';
import { flowSettings, parseSettings, sharedSettings } from '../core/settings.ts';

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const host = await detectHost(process.env, [], process.cwd(), print);
const { name, facts, automaticTokens } = host;
host.hide('first line\r\nsecond: 100%\n');
host.group('A title', () => print('inside'));
host.output('name', 'first\n::error::second');
await host.summary('# A heading');
await host.summary('Some text.');
process.send?.({
  host: { name, facts, automaticTokens },
  given: host.givenSettings(),
  settings:
    host.setting('forge-token') === undefined
      ? {}
      : parseSettings({ settings: { ...flowSettings, ...sharedSettings } }, host),
});
