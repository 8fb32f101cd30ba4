// Makes sure that there is a keychain for the tests to use on Linux: GNOME's, in a session of its own.
import { aptInstall, isOnPath } from './lib/apt.ts';
import { main, say, StepError } from './lib/exec.mjs';

const programs = ['dbus-run-session', 'gnome-keyring-daemon'];

await main('ensure-keychain', async () => {
  if (process.platform !== 'linux') return say('ensure-keychain', 'not needed: the keychain of this system is not tried');
  if (!programs.every(isOnPath)) await aptInstall('ensure-keychain', 'dbus', 'gnome-keyring');
  const missing = programs.find((program) => !isOnPath(program));
  if (missing !== undefined) throw new StepError(`${missing} is not installed (Debian, Ubuntu: \`sudo apt install dbus gnome-keyring\`)`);
  say('ensure-keychain', 'gnome-keyring-daemon');
});
