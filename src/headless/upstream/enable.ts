import { setServerEnabled } from '../../proxy/config/edit.ts';
import { visible } from '../../proxy/json/visible.ts';
import { COMMON_OPTIONS, CONFIG_OPTION, JSON_OPTION, type Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { placesOf } from '../places.ts';
import { printJson, printLine } from '../print.ts';
import { editDeclaration } from './declared.ts';

export const upstreamEnable = switchCommand('enable', 'Switches a server on again.', true);
export const upstreamDisable = switchCommand('disable', 'Switches a server off: it stays listed, but never starts and has no tools.', false);

function switchCommand(word: string, summary: string, enabled: boolean): Command {
  return {
    name: `upstream ${word}`,
    summary,
    options: { ...COMMON_OPTIONS, ...CONFIG_OPTION, ...JSON_OPTION, name: { value: 'NAME', help: 'Its name.' } },
    async run(args) {
      const name = args.required('name');
      const file = await editDeclaration(placesOf(args), name, setServerEnabled(name, enabled));
      if (args.has('json')) printJson({ name, enabled, file });
      else printLine(`"${visible(name)}" is ${enabled ? 'on' : 'off'} in ${visible(file)}.`);
      return EXIT.ok;
    },
  };
}
