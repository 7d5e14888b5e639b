import { Command } from 'commander';
import { outliveReaders } from '../core/host/host.ts';
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
  .showHelpAfterError();

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

void program.parseAsync();
