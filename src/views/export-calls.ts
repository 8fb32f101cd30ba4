import * as vscode from 'vscode';
import { EXPORT_FORMATS, type ExportFormat } from '../proxy/journal/export.ts';
import type { CallFilter, CallRecord } from '../proxy/journal/types.ts';
import type { Dialogs, Offer } from './dialogs.ts';
import type { GatewayHost } from './gateway-host.ts';

const FORMATS: Readonly<Record<ExportFormat, { readonly label: string; readonly detail: string }>> = {
  jsonl: { label: 'JSON Lines', detail: 'Every record as it stands in the journal, one a line.' },
  csv: { label: 'CSV', detail: 'A table for spreadsheets.' },
  har: { label: 'HTTP archive (HAR)', detail: 'For viewers of network traffic; a call looks like a request.' },
};

/** Which calls are exported; all of them without. */
interface Wanted {
  readonly filter: CallFilter;
  readonly fits: (record: CallRecord) => boolean;
}

/**
 * Asks for a format and a file, and writes the recorded calls that are wanted to it. Cancelling writes nothing.
 * @returns true when something was written
 */
export async function exportCalls({ host, dialogs }: { readonly host: GatewayHost; readonly dialogs: Dialogs }, { filter, fits }: Wanted = { filter: {}, fits: () => true }): Promise<boolean> {
  const format = await dialogs.pick('Export calls as', EXPORT_FORMATS.map((value) => ({ ...FORMATS[value], value })));
  if (format === undefined) return false;
  const file = await dialogs.saveAs('Export Calls', `vestibule-calls.${format}`);
  if (file === undefined) return false;
  const gateway = await host.start();
  const text = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'Exporting calls', cancellable: true },
    (_progress, cancelled) => joined(gateway.exportCalls(format, filter, fits), cancelled),
  );
  if (text === undefined) return false;
  await vscode.workspace.fs.writeFile(file, text);
  const open: Offer = { label: 'Open', run: () => vscode.commands.executeCommand('vscode.open', file) };
  dialogs.inform('Calls were exported. Secrets had been taken out of them before they were recorded.', open);
  return true;
}

/** The whole text, at most what the journal may hold; undefined once it is cancelled. */
async function joined(pieces: AsyncIterable<string>, cancelled: vscode.CancellationToken): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  for await (const piece of pieces) {
    if (cancelled.isCancellationRequested) return undefined;
    chunks.push(Buffer.from(piece));
  }
  return Buffer.concat(chunks);
}
