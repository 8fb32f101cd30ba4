import { spawnSync } from 'node:child_process';
import { win32 } from 'node:path';
import { toDisposable, type Disposable } from '../../events.ts';
import { killGroup } from './process-group.ts';

const living = new Set<number>();
let hooked = false;

/**
 * Ends this process tree by force if our own process exits first, whatever the way out: a deadline, a second signal,
 * an uncaught error. Only SIGKILL passes it by; `sweepOrphans` is for that.
 * @param leader pid of a child that leads its own process group (POSIX), or of the tree's root (Windows)
 * @returns ends the watch; call it once the tree is gone
 */
export function killOnExit(leader: number): Disposable {
  living.add(leader);
  if (!hooked) {
    hooked = true;
    process.on('exit', killAll);
  }
  return toDisposable(() => living.delete(leader));
}

function killAll(): void {
  for (const leader of living) {
    if (process.platform !== 'win32') killGroup(leader, 'SIGKILL');
    else {
      const taskkill = win32.join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'taskkill.exe');
      spawnSync(taskkill, ['/PID', String(leader), '/T', '/F'], { stdio: 'ignore', windowsHide: true, timeout: 2_000 });
    }
  }
}
