import { VestibuleError } from '../../proxy/errors.ts';
import { visible } from '../../proxy/json/visible.ts';
import { COMMON_OPTIONS, CONFIG_OPTION, JSON_OPTION, type Command } from '../command.ts';
import { requestRestart } from '../control.ts';
import { describeError, EXIT } from '../exit-code.ts';
import { placesOf } from '../places.ts';
import { printJson, printLine, printNote } from '../print.ts';
import { readConfig, upstreamNamed } from '../state.ts';

export const upstreamRestart: Command = {
  name: 'upstream restart',
  summary: 'Has the running `serve` of this data folder end a server and start it anew.',
  options: { ...COMMON_OPTIONS, ...CONFIG_OPTION, ...JSON_OPTION, name: { value: 'NAME', help: 'Its name.' } },
  async run(args) {
    const places = placesOf(args);
    const name = args.required('name');
    upstreamNamed(await readConfig(places), name);
    const heard = await requestRestart(places.data, name, (problem) => printNote(describeError(problem)));
    if (!heard) {
      throw new VestibuleError('not-found', 'No serve is running on this data folder.', { action: 'Nothing needs restarting: the server starts anew with the next vestibule serve.' });
    }
    if (args.has('json')) printJson({ name, restarting: true });
    else printLine(`"${visible(name)}" is being restarted.`);
    return EXIT.ok;
  },
};
