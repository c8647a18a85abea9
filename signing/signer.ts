/**
 * Who signs, as the environment says: HABSBURG_SIGNING_COMMAND (a program that asks a KMS, an HSM or an agent), else
 * HABSBURG_SIGNING_KEY (a private key, or the file of one), else the key of this place.
 */
import { spawn } from 'node:child_process';
import { verify } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { HabsburgError } from '../common/errors.js';
import { keyIdOf, signerOf, type Signer } from './envelope.js';
import { keyInUse, parsePrivateKey, readPrivateKey, readPublicKey } from './key-folder.js';

const COMMAND = 'HABSBURG_SIGNING_COMMAND';
const KEY = 'HABSBURG_SIGNING_KEY';
const PUBLIC_KEY = 'HABSBURG_SIGNING_PUBLIC_KEY';
/** A command that takes longer has no key at hand. */
const COMMAND_MS = 30_000;
/** What a command may print; a signature has 88 characters. */
const PRINTED = 4096;

/** Whether the environment names who signs, in place of the key of this place. */
export const signsByEnvironment = (env: NodeJS.ProcessEnv = process.env): boolean => Boolean(env[COMMAND] || env[KEY]);

/**
 * @param folder of the keys of this place, made where there is none and the environment names no other
 * @throws 'invalid' where the environment contradicts itself; 'notFound', 'verification' where a key cannot be read
 */
export function openSigner(folder: string, env: NodeJS.ProcessEnv = process.env): Signer {
  const [command, key, publicKey] = [env[COMMAND], env[KEY], env[PUBLIC_KEY]].map((value) => (value === '' ? undefined : value));
  if (command !== undefined && key !== undefined)
    throw new HabsburgError('invalid', `both ${COMMAND} and ${KEY} are set; unset the one that is not to sign`);
  if (command !== undefined) {
    if (publicKey === undefined)
      throw new HabsburgError(
        'invalid',
        `${COMMAND} is set without ${PUBLIC_KEY}; give the public key that it signs for (PEM, or its file)`,
      );
    return byCommand(command, textIn(publicKey, PUBLIC_KEY), env);
  }
  if (publicKey !== undefined)
    throw new HabsburgError('invalid', `${PUBLIC_KEY} is set without ${COMMAND}; a private key has its public half with it`);
  if (key === undefined) return signerOf(keyInUse(folder));
  return signerOf(isPem(key) ? parsePrivateKey(key, KEY) : readPrivateKey(key));
}

const isPem = (text: string): boolean => text.trimStart().startsWith('-----BEGIN');

function textIn(value: string, variable: string): string {
  if (isPem(value)) return value;
  if (!existsSync(value))
    throw new HabsburgError('notFound', `${variable} names ${value}, which does not exist; give PEM, or a file of it`);
  return readFileSync(value, 'utf8');
}

/** What it signs is checked here: a command with another key than the one it is said to have signs nothing. */
function byCommand(command: string, pem: string, env: NodeJS.ProcessEnv): Signer {
  const publicKey = readPublicKey(pem, PUBLIC_KEY);
  const keyid = keyIdOf(publicKey);
  return {
    keyid,
    publicKey,
    async sign(message) {
      const printed = (await output(command, message, env)).trim();
      const signature = Buffer.from(printed, 'base64');
      if (signature.byteLength !== 64 || signature.toString('base64') !== printed)
        throw new HabsburgError(
          'failed',
          `${COMMAND} printed no Ed25519 signature: 64 bytes in base64, 88 characters, and nothing else`,
        );
      if (!verify(null, message, publicKey, signature))
        throw new HabsburgError('failed', `${COMMAND} signed with another key than ${keyid}, which ${PUBLIC_KEY} gives`);
      return signature;
    },
  };
}

/** Runs a shell's command with a message as its input. */
function output(command: string, input: Buffer, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const detached = process.platform !== 'win32';
    const child = spawn(command, { shell: true, detached, env, stdio: ['pipe', 'pipe', 'inherit'] });
    const failed = (what: string): void => {
      clearTimeout(timer);
      reject(new HabsburgError('unreachable', `${COMMAND} ${what}; nothing was signed`));
    };
    const kill = (): void => {
      // its group, so that what the shell started ends too
      try {
        if (detached && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
        else child.kill('SIGKILL');
      } catch {
        // it ended just now
      }
    };
    const timer = setTimeout(() => {
      failed(`gave no answer within ${COMMAND_MS / 1000} s`);
      kill();
    }, COMMAND_MS);
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed = (printed + text).slice(0, PRINTED);
    });
    child.on('error', () => failed('cannot be run'));
    child.on('close', (code, signal) => {
      if (code === 0) {
        clearTimeout(timer);
        resolve(printed);
      } else failed(`ended with ${signal ?? `exit code ${code}`}`);
    });
    // a command that ends before it has read everything says so by its exit code
    child.stdin.on('error', () => undefined).end(input);
  });
}
