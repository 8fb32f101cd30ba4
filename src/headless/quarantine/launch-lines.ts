import type { LaunchDescription } from '../../proxy/api.ts';
import { shownAddress } from '../../proxy/config/shown-address.ts';
import { visible } from '../../proxy/json/visible.ts';
import type { describeLaunch } from '../../proxy/quarantine/launch.ts';
import { scanLaunch } from '../../proxy/scanner/launch.ts';
import { findingLines } from '../findings.ts';
import { printLine } from '../print.ts';

/** Prints a launch whole: its exact command line, folder and the names of its variables, and what to think of it. */
export function printLaunch({ approved, fingerprint, argv, isolated, isolation, url, cwd, envNames, envFile, headerNames }: ReturnType<typeof describeLaunch> & { readonly approved: boolean }): void {
  printLine(`launch  ${approved ? 'approved' : 'pending'}  ${fingerprint}`);
  // One argument a line: nothing in one can pass for another.
  for (const word of isolated ?? argv ?? []) printLine(`  ${visible(word)}`);
  const rows = [['isolation', isolation], ['url', url && shownAddress(url)], ['cwd', cwd], ['envFile', envFile], ['env', envNames.join(' ')], ['headers', headerNames.join(' ')]] as const;
  for (const [what, value] of rows) if (value !== undefined && value !== '') printLine(`  ${what}: ${visible(value)}`);
  for (const line of findingLines(scanLaunch(argv))) printLine(`  ${line}`);
}

/** A launch in one line: its address, or its command line with its words as they are. */
export function launchInLine({ argv, isolated, url }: Pick<LaunchDescription, 'argv' | 'isolated' | 'url'>): string {
  return url === undefined ? ((isolated ?? argv)?.join(' ') ?? '') : shownAddress(url);
}
