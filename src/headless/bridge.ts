import { runBridge } from '../proxy/connect/bridge/run.ts';
import { COMMON_OPTIONS, type Command } from './command.ts';
import { EXIT } from './exit-code.ts';
import { placesOf } from './places.ts';
import { printNote } from './print.ts';

export const bridge: Command = {
  name: 'bridge',
  summary: 'Brings an agent that only starts programs to the running gateway: MCP on stdin and stdout. Agents run it.',
  options: {
    ...COMMON_OPTIONS,
    'token-file': { value: 'FILE', help: "File that holds the agent's token (default: the variable VESTIBULE_TOKEN). Never give a token as an argument." },
  },
  async run(args) {
    const { data, workspace } = placesOf(args);
    await runBridge({
      input: process.stdin,
      output: process.stdout,
      dataDir: data,
      folder: workspace,
      tokenFile: args.text('token-file'),
      env: process.env,
      log: printNote,
    });
    return EXIT.ok;
  },
};
