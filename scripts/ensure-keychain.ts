// Makes sure that there is a keychain for the tests to use on Linux: GNOME's, in a session of its own.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { main, run, say, StepError } from './lib/exec.mjs';

const programs = ['dbus-run-session', 'gnome-keyring-daemon'];

/** Programs that are not on PATH. */
function missing(): readonly string[] {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  return programs.filter((program) => !folders.some((folder) => existsSync(path.join(folder, program))));
}

await main('ensure-keychain', async () => {
  if (process.platform !== 'linux') return say('ensure-keychain', 'not needed: the keychain of this system is not tried');
  if (missing().length > 0 && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    say('ensure-keychain', 'installing a keychain: apt-get install dbus gnome-keyring');
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    await run('apt-get', ['update', '-q'], { env });
    await run('apt-get', ['install', '-yq', '--no-install-recommends', 'dbus', 'gnome-keyring'], { env });
  }
  const [first] = missing();
  if (first !== undefined) throw new StepError(`${first} is not installed (Debian, Ubuntu: \`sudo apt install dbus gnome-keyring\`)`);
  say('ensure-keychain', 'gnome-keyring-daemon');
});
