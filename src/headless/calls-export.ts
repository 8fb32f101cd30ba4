import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '../proxy/errors.ts';
import { EXPORT_FORMATS, exportText } from '../proxy/journal/export.ts';
import { allCalls } from '../proxy/journal/query.ts';
import { usage } from './args.ts';
import { FILTER_OPTIONS, filterOf, journalFolder } from './calls.ts';
import { COMMON_OPTIONS, type Command } from './command.ts';
import { EXIT } from './exit-code.ts';
import { placesOf } from './places.ts';
import { VERSION } from './version.ts';

export const callsExport: Command = {
  name: 'calls export',
  summary: 'Writes recorded calls, the oldest first, as a file for other programs.',
  options: {
    ...COMMON_OPTIONS,
    ...FILTER_OPTIONS,
    format: { value: 'F', help: `${EXPORT_FORMATS.join(', ')} (default: jsonl).` },
    out: { value: 'FILE', help: 'The file to write, replaced once all is written; standard output without it.' },
  },
  async run(args) {
    const format = args.choice('format', EXPORT_FORMATS) ?? 'jsonl';
    const text = Readable.from(exportText(format, allCalls(journalFolder(placesOf(args).data), filterOf(args)), VERSION));
    const out = args.text('out');
    if (out === undefined) await toStandardOutput(text);
    else await toFile(text, resolve(out));
    return EXIT.ok;
  },
};

async function toStandardOutput(text: Readable): Promise<void> {
  try {
    await pipeline(text, process.stdout, { end: false });
  } catch (error) {
    // Whoever reads has enough, as `head` does.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPIPE')) throw error;
  }
}

async function toFile(text: Readable, path: string): Promise<void> {
  const partial = `${path}.${process.pid}.partial`;
  try {
    await pipeline(text, createWriteStream(partial, { mode: 0o600 }));
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw usage(`${path} could not be written: ${messageOf(error)}`, 'Choose a file in a folder you may write to.');
  }
}
