import { verifyJournal } from '../proxy/journal/verify.ts';
import { journalFolder } from './calls.ts';
import { COMMON_OPTIONS, JSON_OPTION, type Command } from './command.ts';
import { EXIT } from './exit-code.ts';
import { placesOf } from './places.ts';
import { printJson, printLine } from './print.ts';
import { visible } from '../proxy/json/visible.ts';

export const callsVerify: Command = {
  name: 'calls verify',
  summary: 'Checks that no recorded call was changed, removed or added, and names the first broken line.',
  options: { ...COMMON_OPTIONS, ...JSON_OPTION },
  async run(args) {
    const result = await verifyJournal(journalFolder(placesOf(args).data));
    if (args.has('json')) printJson(result);
    else if (result.ok) printLine(`${result.lines} lines, unbroken.${result.removed > 0 ? ` ${result.removed} older ones were removed by retention.` : ''}`);
    else printLine(`${visible(result.broken.file)}:${result.broken.line}: ${visible(result.broken.problem)}`);
    return result.ok ? EXIT.ok : EXIT.refused;
  },
};
