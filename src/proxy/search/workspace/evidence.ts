import type { Dirent } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { terms } from '../analyse.ts';
import { productsIn } from '../lexicon/lexicon.ts';
import { dependenciesOf, MANIFESTS } from './manifests.ts';
import { ENDINGS, GIT_HOSTS, PACKAGES, TOP_LEVEL } from './signs.ts';

/** Bounds of one look at a workspace. */
const MAX_ENTRIES = 1_000;
const MAX_BYTES = 256 * 1024;
const MAX_DEPENDENCIES = 400;
const MAX_NAME = 128;

/** Words of the products a project works with, in the index's terms. */
export type Evidence = ReadonlySet<string>;

/**
 * Looks at the top of a workspace: names of files and folders, the dependencies its manifests name, and the host of its
 * repository. Nothing is run, nothing below the top is opened but `.git/config`, and nothing but words of known products
 * is kept. What cannot be read says nothing.
 */
export async function evidenceOf(folder: string): Promise<Evidence> {
  const entries = await entriesOf(folder);
  const names = new Set(entries.map(({ name }) => name));
  const found = [...names].flatMap(signOf);
  for (const [manifest, format] of MANIFESTS) {
    if (!names.has(manifest)) continue;
    const text = await textOf(join(folder, manifest));
    found.push(...dependenciesOf(text, format).slice(0, MAX_DEPENDENCIES).flatMap(productsOfPackage));
  }
  if (names.has('.git')) found.push(...hostsIn(await textOf(join(folder, '.git', 'config'))));
  return words(found);
}

/** What names of files that are open say. */
export function evidenceOfFiles(fileNames: readonly string[]): Evidence {
  return words(fileNames.slice(0, MAX_ENTRIES).flatMap(signOf));
}

function signOf(name: string): string[] {
  const exact = TOP_LEVEL.get(name);
  const ending = ENDINGS.get(name.slice(Math.max(0, name.lastIndexOf('.'))).toLowerCase());
  return [exact, ending].flatMap((sign) => sign ?? []);
}

function productsOfPackage(name: string): string[] {
  const known = PACKAGES.get(name.toLowerCase());
  return known === undefined ? productsIn(name.slice(0, MAX_NAME)) : [known];
}

function hostsIn(gitConfig: string): string[] {
  const urls = gitConfig.match(/^\s*url\s*=\s*\S{1,500}/gm) ?? [];
  return urls.flatMap((url) => [...GIT_HOSTS].flatMap(([host, products]) => (url.toLowerCase().includes(host) ? [products] : [])));
}

function words(found: readonly string[]): Evidence {
  return new Set(found.flatMap((products) => terms(products, MAX_NAME)));
}

async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  try {
    return (await readdir(folder, { withFileTypes: true })).slice(0, MAX_ENTRIES);
  } catch {
    return [];
  }
}

/** The beginning of a file; empty when there is none. A folder, a device or a pipe in its place is none. */
async function textOf(path: string): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      if (!(await file.stat()).isFile()) return '';
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_BYTES), 0, MAX_BYTES, 0);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return '';
  }
}
