import { runProgram } from './program.ts';

// Whoever reads our output may stop before its end, as `head` does.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

const code = runProgram(process.argv.slice(2));

void code.then((exitCode) => {
  // Explicit, so that no forgotten handle keeps a finished command alive; after the output has left.
  process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)));
});
