// Makes sure that there is a keychain for the tests to use on Linux: GNOME's, in a session of its own.
import { aptInstall } from './lib/apt.ts';
import { main, say, StepError } from './lib/exec.mjs';
import { findOnPath } from './lib/on-path.ts';

const missing = (): string | undefined => ['dbus-run-session', 'gnome-keyring-daemon'].find((program) => findOnPath(program) === undefined);

await main('ensure-keychain', async () => {
  if (process.platform !== 'linux') return say('ensure-keychain', 'not needed: the keychain of this system is not tried');
  if (missing() !== undefined) await aptInstall('ensure-keychain', 'dbus', 'gnome-keyring');
  const first = missing();
  if (first !== undefined) throw new StepError(`${first} is not installed (Debian, Ubuntu: \`sudo apt install dbus gnome-keyring\`)`);
  say('ensure-keychain', 'gnome-keyring-daemon');
});
