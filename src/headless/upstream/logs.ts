import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { visible } from '../../proxy/json/visible.ts';
import { hasCode, folderError } from '../../proxy/storage/fs-error.ts';
import { logFileOf } from '../../proxy/upstream/log-store.ts';
import type { UpstreamLogLine } from '../../proxy/upstream/types.ts';
import { COMMON_OPTIONS, CONFIG_OPTION, JSON_OPTION, type Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { placesOf } from '../places.ts';
import { printJson, printLine } from '../print.ts';
import { readConfig, upstreamNamed } from '../state.ts';

const DEFAULT_LINES = 200;
const MAX_LINES = 5_000;
/** Bytes read from the end of each file; enough for `MAX_LINES` ordinary lines. */
const TAIL_BYTES = 1024 * 1024;

export const upstreamLogs: Command = {
  name: 'upstream logs',
  summary: "Prints the last lines of a server's log: its stderr, starts and ends.",
  options: {
    ...COMMON_OPTIONS,
    ...CONFIG_OPTION,
    ...JSON_OPTION,
    name: { value: 'NAME', help: 'Its name.' },
    lines: { value: 'N', help: `How many lines (default: ${DEFAULT_LINES}).` },
  },
  async run(args) {
    const places = placesOf(args);
    const name = args.required('name');
    const count = args.wholeNumber('lines', 1, MAX_LINES) ?? DEFAULT_LINES;
    upstreamNamed(await readConfig(places), name);
    const file = logFileOf(join(places.data, 'logs'), name);
    const lines = [...(await readTail(`${file}.1`)), ...(await readTail(file))].slice(-count);
    if (args.has('json')) printJson(lines);
    else if (lines.length === 0) printLine('Nothing was logged yet.');
    else for (const { at, source, text } of lines) printLine(`${new Date(at).toISOString()}  ${source.padEnd(12)}  ${visible(text)}`);
    return EXIT.ok;
  },
};

async function readTail(path: string): Promise<UpstreamLogLine[]> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const start = Math.max(0, size - TAIL_BYTES);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
      const lines = buffer.toString('utf8', 0, bytesRead).split('\n');
      // The first one may be cut.
      return lines.slice(start > 0 ? 1 : 0).flatMap(parseLine);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw folderError(error, 'read', path);
  }
}

/** A line as `UpstreamLogs` wrote it; anything else, such as a line being written, is passed over. */
function parseLine(line: string): UpstreamLogLine[] {
  try {
    const value: unknown = JSON.parse(line);
    return isLogLine(value) ? [value] : [];
  } catch {
    return [];
  }
}

function isLogLine(value: unknown): value is UpstreamLogLine {
  if (typeof value !== 'object' || value === null) return false;
  const { at, source, text } = value as Readonly<Record<string, unknown>>;
  return typeof at === 'number' && Number.isFinite(new Date(at).getTime()) && typeof source === 'string' && typeof text === 'string';
}
