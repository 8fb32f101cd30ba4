import { nearest } from '../proxy/config/nearest.ts';
import { agentAdd } from './agent/add.ts';
import { agentConnect } from './agent/connect.ts';
import { agentList } from './agent/list.ts';
import { agentRevoke } from './agent/revoke.ts';
import { usage } from './args.ts';
import { bridge } from './bridge.ts';
import { calls } from './calls.ts';
import { callsExport } from './calls-export.ts';
import { callsVerify } from './calls-verify.ts';
import { runCommand, type Command } from './command.ts';
import { consentList, consentRevoke } from './consent.ts';
import { doctor } from './doctor.ts';
import { describeError, EXIT, exitCodeFor } from './exit-code.ts';
import { importServers } from './import.ts';
import { learnedReset, learnedShow } from './learned.ts';
import { pause, resume } from './pause.ts';
import { quarantineApprove, quarantineBlock } from './quarantine/decide.ts';
import { quarantineInspection } from './quarantine/inspection.ts';
import { quarantineList } from './quarantine/list.ts';
import { quarantineLock } from './quarantine/lock.ts';
import { quarantineRule } from './quarantine/rule.ts';
import { quarantineShare } from './quarantine/share.ts';
import { quarantineShow } from './quarantine/show.ts';
import { quarantineUndo } from './quarantine/undo.ts';
import { quarantineVerify } from './quarantine/verify.ts';
import { scan } from './scan.ts';
import { serve } from './serve.ts';
import { logError } from './serve-log.ts';
import { upstreamAdd } from './upstream/add.ts';
import { upstreamApprove } from './upstream/approve.ts';
import { upstreamDisable, upstreamEnable } from './upstream/enable.ts';
import { upstreamList } from './upstream/list.ts';
import { upstreamLogin, upstreamLogout } from './upstream/login.ts';
import { upstreamLogs } from './upstream/logs.ts';
import { upstreamRemove } from './upstream/remove.ts';
import { upstreamRestart } from './upstream/restart.ts';
import { VERSION } from './version.ts';

/** Every command there is. */
export const COMMANDS: readonly Command[] = [
  serve,
  upstreamList, upstreamAdd, upstreamRemove, upstreamApprove, upstreamEnable, upstreamDisable, upstreamRestart, upstreamLogs, upstreamLogin, upstreamLogout,
  quarantineList, quarantineShow, quarantineApprove, quarantineBlock, quarantineUndo, quarantineRule, quarantineInspection, quarantineShare, quarantineLock, quarantineVerify,
  agentList, agentAdd, agentRevoke, agentConnect,
  bridge,
  pause, resume,
  consentList, consentRevoke,
  calls, callsExport, callsVerify,
  learnedShow, learnedReset,
  importServers,
  scan,
  doctor,
];

/**
 * Runs the program and resolves with its exit code (contract §1). Never rejects: what goes wrong is told on stderr.
 * @param argv what follows the program's name
 */
export async function runProgram(argv: readonly string[]): Promise<number> {
  const command = commandOf(argv);
  try {
    if (command !== undefined) return await runCommand(command, argv.slice(command.name.split(' ').length));
    return answerWithoutCommand(argv);
  } catch (error) {
    if (command?.speaksJson === true) logError(error);
    else process.stderr.write(`${describeError(error)}\n`);
    return exitCodeFor(error);
  }
}

/** The command with the most words that these arguments start with. */
function commandOf(argv: readonly string[]): Command | undefined {
  const fitting = COMMANDS.filter(({ name }) => name.split(' ').every((word, i) => argv[i] === word));
  return fitting.sort((a, b) => b.name.length - a.name.length)[0];
}

function answerWithoutCommand(argv: readonly string[]): number {
  const words = argv.filter((word) => !word.startsWith('-'));
  const group = COMMANDS.filter(({ name }) => name.startsWith(`${words[0] ?? ''} `));
  const shown = group.length > 0 ? group : COMMANDS;
  if (argv.includes('--version') && words.length === 0) process.stdout.write(`${VERSION}\n`);
  else if (argv.includes('--help') && (words.length === 0 || group.length > 0)) process.stdout.write(overview(shown));
  else throw usage(whatIsMissing(words, group.length > 0), `Commands: ${shown.map(({ name }) => name).join(', ')}. Each has --help.`);
  return EXIT.ok;
}

function whatIsMissing(words: readonly string[], known: boolean): string {
  if (words.length === 0) return 'No command was given.';
  if (known && words.length === 1) return `"${words[0] ?? ''}" needs a second word.`;
  const asked = words.slice(0, known ? 2 : 1).join(' ');
  const near = nearest(asked, new Set(COMMANDS.flatMap(({ name }) => [name, name.split(' ')[0] ?? name])));
  return `There is no command "${asked}".${near === undefined ? '' : ` Did you mean "${near}"?`}`;
}

function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return `Vestibule ${VERSION}: one MCP endpoint in front of all your MCP servers.\n\nUsage: vestibule COMMAND [options]\n\n${lines.join('\n')}\n\nEvery command has --help.\n`;
}
