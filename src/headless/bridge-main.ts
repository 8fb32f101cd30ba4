import { bridge } from './bridge.ts';
import { runCommand } from './command.ts';
import { describeError, exitCodeFor } from './exit-code.ts';

/* The bridge as a program of its own: small, and copied to where it outlives updates of the extension. */

const code = runCommand(bridge, process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${describeError(error)}\n`);
  return exitCodeFor(error);
});

void code.then((exitCode) => {
  process.stdout.write('', () => process.exit(exitCode));
});
