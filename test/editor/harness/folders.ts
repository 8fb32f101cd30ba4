import path from 'node:path';
import { root } from '../../../scripts/lib/exec.mjs';

/** Folder of one run of an editor suite: profile, logs, screenshots of failures. Emptied by the run itself. */
export function runFolder(name: string): string {
  return path.join(root, 'out', 'editor', name);
}
