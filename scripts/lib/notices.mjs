// Licence texts of the libraries inside the bundles: what they ask for in return.
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { root } from './exec.mjs';

/**
 * @param {readonly import('esbuild').Metafile[]} metafiles of all bundles
 * @returns {Promise<string>} name, version and licence text of every package that has code in them, sorted by name
 */
export async function thirdPartyNotices(metafiles) {
  const folders = new Set(metafiles.flatMap(({ inputs }) => Object.keys(inputs)).map(packageFolder).filter(Boolean));
  const notices = await Promise.all([...folders].sort().map(notice));
  return `Vestibule contains code of these packages.\n\n${notices.join('\n')}`;
}

/** `node_modules/a/node_modules/@b/c/dist/x.js` → `node_modules/a/node_modules/@b/c`; undefined for our own sources. */
function packageFolder(input) {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
}

async function notice(folder) {
  const absolute = path.join(root, folder);
  const { name, version, license } = JSON.parse(await readFile(path.join(absolute, 'package.json'), 'utf8'));
  const file = (await readdir(absolute)).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? '' : `\n${(await readFile(path.join(absolute, file), 'utf8')).trim()}\n`;
  return `${'-'.repeat(80)}\n${name} ${version} (${license})\n${text}`;
}
