// Remembers for which package-lock.json node_modules was installed, so that bootstrap can skip `npm ci`.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './exec.mjs';

const stampFile = path.join(root, 'node_modules', '.vestibule-install');

function lockDigest() {
  return createHash('sha256').update(readFileSync(path.join(root, 'package-lock.json'))).digest('hex');
}

/** True when node_modules was installed completely and for the present package-lock.json. */
export function isInstalled() {
  try {
    return readFileSync(stampFile, 'utf8') === lockDigest();
  } catch {
    return false;
  }
}

/** Called once npm has installed everything. */
export function markInstalled() {
  writeFileSync(stampFile, lockDigest());
}
