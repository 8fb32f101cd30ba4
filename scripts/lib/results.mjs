// Counts of the test suites, handed from the runner of one suite to the runner of all.
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { root } from './exec.mjs';

const folder = path.join(root, 'out', 'results');

/** Removes what earlier runs left. */
export async function forgetResults() {
  await rm(folder, { recursive: true, force: true });
}

/** @returns {Promise<string>} file the reporter of this suite shall write; an earlier one is gone */
export async function freshResultFile(suite) {
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, `${suite}.json`);
  await rm(file, { force: true });
  return file;
}

/** @returns {Promise<{passed: number, failed: number, skipped: number, leaking: string[]} | undefined>} undefined when the suite died */
export async function readResult(suite) {
  const text = await readFile(path.join(folder, `${suite}.json`), 'utf8').catch(() => '');
  return text === '' ? undefined : JSON.parse(text);
}
