// Packages of Debian and Ubuntu that tests need.
import { existsSync } from 'node:fs';
import { run, say } from './exec.mjs';

/**
 * Installs packages where nobody need be asked: as root, on a system that has apt. Does nothing elsewhere: look again
 * afterwards.
 * @param script who says so
 * @throws StepError when apt fails
 */
export async function aptInstall(script: string, ...packages: readonly string[]): Promise<void> {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return;
  say(script, `apt-get install ${packages.join(' ')}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-q'], { env });
  await run('apt-get', ['install', '-yq', '--no-install-recommends', ...packages], { env });
}
