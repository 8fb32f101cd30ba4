import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf, VestibuleError } from '../../errors.ts';
import { runBridge } from './run.ts';

/*
 * The bridge as a program of its own, for machines that have the extension and no `vestibule`: what an agent starts
 * must not be the megabyte of everything else. Options as of `vestibule bridge`.
 */

const BAD_USAGE = 2;

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { data: { type: 'string' }, 'token-file': { type: 'string' } } });
  if (values.data === undefined) throw new VestibuleError('usage', '--data is missing.', { action: 'Connect the agent again.' });
  await runBridge({
    input: process.stdin,
    output: process.stdout,
    dataDir: resolve(values.data),
    folder: process.cwd(),
    tokenFile: values['token-file'],
    env: process.env,
    log: note,
  });
  return 0;
}

/** One JSON object a line, as `vestibule` writes to stderr: stdout belongs to the protocol. */
function note(message: string): void {
  process.stderr.write(`${JSON.stringify({ level: 'info', message })}\n`);
}

// Whoever reads our output may stop before its end.
process.stderr.on('error', () => undefined);

void main()
  .catch((error: unknown) => {
    note(VestibuleError.is(error) ? `${error.message} ${error.action}` : messageOf(error));
    return BAD_USAGE;
  })
  // Explicit, so that no open connection keeps a finished bridge alive.
  .then((code) => process.stdout.write('', () => process.exit(code)));
