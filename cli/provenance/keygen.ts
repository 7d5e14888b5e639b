import { generateKeyPairSync } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { keyIdOf } from '../../core/agent/provenance/keys.ts';
import { codeOf, UserError } from '../../core/errors.ts';
import { quoted } from '../../core/text/log-line.ts';

export interface KeygenOptions {
  /** A file for the private key, which is not there yet. */
  private?: string;
  /** A file for the public key, which is not there yet. */
  public?: string;
  /** Print the private key instead of writing it. */
  printPrivate?: boolean;
}

/** Makes a key pair. The private key goes into a new file that only its owner may read, or to the terminal when that was asked for. */
export function keygen(options: KeygenOptions, print: (text: string) => void): void {
  if ((options.private === undefined) === (options.printPrivate !== true))
    throw new UserError(
      options.private === undefined
        ? 'It is not said where the private key goes.'
        : 'It is said twice where the private key goes: --private and --print-private exclude each other.',
      'Give --private <file> for a new file, or --print-private for this terminal; one of them.',
    );
  if (
    options.private !== undefined &&
    options.public !== undefined &&
    path.resolve(options.private) === path.resolve(options.public)
  )
    throw new UserError(
      '--private and --public name the same file.',
      'Name two: only the private key has to be kept secret.',
    );
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const open = publicKey.export({ format: 'pem', type: 'spki' }).toString();
  const secret = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  if (options.private !== undefined) writeNew(options.private, secret, 0o600);
  try {
    if (options.public !== undefined) writeNew(options.public, open, 0o644);
  } catch (error) {
    // Half a pair is of no use, and a second try would find its file in the way.
    if (options.private !== undefined) rmSync(options.private);
    throw error;
  }
  if (options.printPrivate === true) print(secret);
  else
    print(
      `The private key is in ${options.private}: give it to the role as provenance-key, from a secret of CI.\n`,
    );
  print(options.public === undefined ? open : `The public key is in ${options.public}.\n`);
  print(`Its name is ${keyIdOf(publicKey)}\n`);
}

/** Writes a file that is not there yet. A link of that name is no place either: nothing is written through it. */
function writeNew(file: string, text: string, mode: number): void {
  try {
    writeFileSync(file, text, { flag: 'wx', mode });
  } catch (error) {
    const code = codeOf(error);
    throw new UserError(
      code === 'EEXIST'
        ? `${quoted(file)} is there already.`
        : `${quoted(file)} cannot be written (${code}).`,
      'Name a file that is not there yet, in a folder that is: a key is never written over another.',
    );
  }
}
