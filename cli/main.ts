import { Command, CommanderError } from 'commander';
import { outliveReaders, printOut } from '../core/host/host.ts';
import { sourceCommit } from '../core/source-commit.ts';
import { versionText } from '../core/version.ts';
import { addAgents } from './agents/command.ts';
import { addDispatch } from './dispatch/command.ts';
import { addDoctor } from './doctor/command.ts';
import { addEscalationInit } from './escalation-init/command.ts';
import { addExplain } from './explain/command.ts';
import { addInit } from './init/command.ts';
import { addLint } from './lint/command.ts';
import { addPolicy } from './policy/command.ts';
import { addPropose } from './propose/command.ts';
import { addProtect } from './protect/command.ts';
import { addProvenance } from './provenance/command.ts';
import { addUpgrade } from './upgrade/command.ts';

outliveReaders();

const program = new Command('forgecrew')
  .description('Agent roles for a self-hosted forge, run by its own CI.')
  .version(versionText(sourceCommit(process.argv[1])))
  // Everything that a command prints goes the same way, so that a full disk is told here too.
  .configureOutput({ writeOut: printOut })
  // One line below the fault: the whole help is longer than a screen, and would push the fault out of it.
  .showHelpAfterError('Run it with --help to see what it takes.')
  .exitOverride();

// In the order in which help lists them. What a command does is loaded only when it is asked for: checking a document needs no forge.
addLint(program);
addExplain(program);
addProtect(program);
addPolicy(program);
addPropose(program);
addEscalationInit(program);
addAgents(program);
addProvenance(program);
addInit(program);
addUpgrade(program);
addDoctor(program);
addDispatch(program);

// 1 says that something has to be mended, which nobody has looked for where the command itself cannot be understood.
void program.parseAsync().catch((error) => {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
});
