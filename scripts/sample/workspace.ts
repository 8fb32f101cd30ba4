// The workspace that `npm start` opens: two MCP servers from this checkout's node_modules, so nothing is downloaded.
import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

/** A stdio entry of a servers file. */
export interface StdioEntry {
  readonly type: 'stdio';
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * An entry that starts an installed npm package's only program with the Node that runs us.
 * @param name package in this checkout's node_modules
 * @param args of the program
 */
export async function packageServer(name: string, args: readonly string[]): Promise<StdioEntry> {
  const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
  const { bin } = JSON.parse(await readFile(manifest, 'utf8')) as { bin: Readonly<Record<string, string>> };
  const program = Object.values(bin)[0];
  if (program === undefined) throw new Error(`${name} has no program`);
  return { type: 'stdio', command: await realpath(process.execPath), args: [path.resolve(path.dirname(manifest), program), ...args] };
}

/** The reference servers `everything` and `filesystem`; the latter serves `folder` only. */
export async function sampleServers(folder: string): Promise<Readonly<Record<string, StdioEntry>>> {
  return {
    everything: await packageServer('@modelcontextprotocol/server-everything', ['stdio']),
    filesystem: await packageServer('@modelcontextprotocol/server-filesystem', [folder]),
  };
}

/** Writes the sample workspace; files in it that a person changed are written anew. @param folder absolute */
export async function writeSampleWorkspace(folder: string): Promise<void> {
  const notes = path.join(folder, 'notes');
  await mkdir(notes, { recursive: true });
  await mkdir(path.join(folder, '.vscode'), { recursive: true });
  await writeFile(path.join(notes, 'shopping.md'), '# Shopping\n\n- tea\n- bread\n');
  await writeFile(path.join(notes, 'ideas.md'), '# Ideas\n\nAsk the agent which of these notes mentions tea.\n');
  await writeFile(path.join(folder, '.vscode', 'vestibule.json'), `${JSON.stringify({ servers: await sampleServers(notes) }, null, 2)}\n`);
}
