import { readArguments, type Arguments, type Options } from './args.ts';

/** One subcommand of the program. */
export interface Command {
  /** Words that call it: `upstream add`. */
  readonly name: string;
  /** One line for lists of commands. */
  readonly summary: string;
  readonly options: Options;
  /** Placeholder for one word that stands by itself, when the command takes one. */
  readonly word?: string;
  /** Placeholder for words after `--`, when the command takes any. */
  readonly rest?: string;
  /** Whether everything on stderr is one JSON object a line (contract §1, `serve`). */
  readonly speaksJson?: boolean;
  /** Runs it and resolves with the exit code. @throws VestibuleError */
  run(args: Arguments): Promise<number>;
}

/** Options that every command takes. */
export const COMMON_OPTIONS = {
  data: { value: 'DIR', help: 'State folder (default: the user state folder of this platform).' },
  workspace: { value: 'DIR', help: 'Folder whose .vscode/vestibule.json counts (default: this folder).' },
} as const satisfies Options;

/** For commands that read servers files. */
export const CONFIG_OPTION = { config: { value: 'FILE', repeatable: true, help: 'One more servers file (JSONC, .toml, .yaml); can be repeated.' } } as const satisfies Options;

/** For commands that print something worth reading by a program. */
export const JSON_OPTION = { json: { help: 'Print one JSON document.' } } as const satisfies Options;

const HELP_OPTION: Options = { help: { help: 'Print this help.' } };

/** Runs a command with what follows its name on the command line. @throws VestibuleError */
export async function runCommand(command: Command, argv: readonly string[]): Promise<number> {
  const ours = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  if (ours.includes('--help')) {
    process.stdout.write(helpOf(command));
    return 0;
  }
  return command.run(readArguments(argv, { ...command.options, ...HELP_OPTION }, command.rest !== undefined, command.word !== undefined));
}

/** The help of one command. */
export function helpOf({ name, summary, options, word, rest }: Command): string {
  const rows = Object.entries({ ...options, ...HELP_OPTION }).map(([option, { value, help }]) => [`--${option}${value === undefined ? '' : ` ${value}`}`, help] as const);
  const width = Math.max(...rows.map(([left]) => left.length));
  const lines = rows.map(([left, help]) => `  ${left.padEnd(width)}  ${help}`);
  return `${summary}\n\nUsage: vestibule ${name} [options]${word === undefined ? '' : ` [${word}]`}${rest === undefined ? '' : ` [-- ${rest}]`}\n\n${lines.join('\n')}\n`;
}
