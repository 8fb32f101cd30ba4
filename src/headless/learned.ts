import { visible } from '../proxy/json/visible.ts';
import { learnedFileIn } from '../proxy/search/learning.ts';
import { Usage } from '../proxy/search/usage.ts';
import { readTextIfExists, removeFile } from '../proxy/storage/atomic-file.ts';
import { COMMON_OPTIONS, JSON_OPTION, type Command } from './command.ts';
import { EXIT } from './exit-code.ts';
import { placesOf } from './places.ts';
import { printJson, printLine, printTable } from './print.ts';

const OPTIONS = { ...COMMON_OPTIONS, ...JSON_OPTION } as const;

export const learnedShow: Command = {
  name: 'learned show',
  summary: 'Shows what agents called before, which orders what they find.',
  options: OPTIONS,
  async run(args) {
    const rows = Usage.from(await readTextIfExists(learnedFileIn(placesOf(args).data))).rows();
    if (args.has('json')) printJson(rows);
    else printTable(['AGENT', 'TOOL', 'CALLS'], rows.map(({ agent, tool, calls }) => [visible(agent), visible(tool), String(calls)]), 'Nothing was learnt.');
    return EXIT.ok;
  },
};

export const learnedReset: Command = {
  name: 'learned reset',
  summary: 'Forgets what agents called before; a running gateway notices within a second.',
  options: OPTIONS,
  async run(args) {
    await removeFile(learnedFileIn(placesOf(args).data));
    if (args.has('json')) printJson({ reset: true });
    else printLine('Forgotten.');
    return EXIT.ok;
  },
};
