// Runs other programs for the scripts. Plain JavaScript without dependencies: bootstrap uses it before `npm ci`.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Absolute path of the checkout. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');

/** A step that did not succeed; its message is for the person at the terminal. */
export class StepError extends Error {}

/** Prints one line about what a script is doing. */
export function say(script, message) {
  console.log(`[${script}] ${message}`);
}

/**
 * Runs a program with inherited output and waits for its end.
 * @param {string} command program name or path
 * @param {readonly string[]} args argument vector
 * @param {{cwd?: string, env?: Record<string, string | undefined>, stdio?: import('node:child_process').StdioOptions}} [options]
 * @throws StepError when it cannot start or ends with anything but exit code 0
 */
export async function run(command, args, options = {}) {
  const code = await runForCode(command, args, options);
  if (code !== 0) throw new StepError(`${command} ${args.join(' ')} ended with code ${code}`);
}

/**
 * Calls back once when the process that started us is gone: an npm that was ended leaves what it started behind.
 * Windows does not tell.
 * @param {() => void} act
 * @returns {() => void} stops watching
 */
export function onOrphaned(act) {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    act();
  }, 500).unref();
  return () => clearInterval(timer);
}

/**
 * Like {@link run}, but resolves with the exit code; a child ended by a signal counts as 1. Meanwhile Ctrl-C, which the
 * terminal sends to the child too, and a polite end are the child's to act on: we end when it has.
 */
export function runForCode(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const interrupted = () => {};
    const terminated = () => child.kill('SIGTERM');
    process.on('SIGINT', interrupted).on('SIGTERM', terminated);
    const stopWatching = onOrphaned(terminated);
    const child = spawn(command, [...args], {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      stdio: options.stdio ?? 'inherit',
    });
    child.once('error', (cause) => reject(new StepError(`cannot start ${command}: ${cause.message}`)));
    child.once('close', (code) => {
      process.off('SIGINT', interrupted).off('SIGTERM', terminated);
      stopWatching();
      resolve(code ?? 1);
    });
  });
}

/**
 * The command line that starts npm: the very npm that started this script when there is one. `npm` is a shell script
 * on Windows and cannot be spawned there, its JavaScript can.
 * @param {readonly string[]} args
 * @returns {[string, string[]]}
 */
export function npmCommand(args) {
  const cli = process.env.npm_execpath;
  if (cli !== undefined && /\.c?js$/.test(cli)) return [process.execPath, [cli, ...args]];
  if (process.platform === 'win32') throw new StepError('start this through npm, e.g. `npm test`');
  return ['npm', [...args]];
}

/** Runs npm and waits for it. npm puts `node_modules/.bin` first on PATH, so `npm run x` runs x on the project's Node. */
export async function npm(args, options = {}) {
  const [command, all] = npmCommand(args);
  await run(command, all, options);
}

/** Runs the body of a script; a StepError ends it with its message instead of a stack trace. */
export async function main(script, body) {
  try {
    await body();
  } catch (error) {
    console.error(`[${script}] ${error instanceof StepError ? error.message : (error?.stack ?? error)}`);
    process.exitCode = 1;
  }
}
