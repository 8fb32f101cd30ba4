import * as vscode from 'vscode';
import type { Dialogs } from './dialogs.ts';
import { OfferedCommand } from './ids.ts';
import { t } from './l10n.ts';

/** Who waits for an address, by what the link in the notification says of it. */
const waiting = new Map<string, () => Promise<void>>();
let command: vscode.Disposable | undefined;
let last = 0;

/**
 * Offers, in the notification of a sign-in that is under way, to paste the address that the browser ended at. Offer,
 * notification and an open field for it end with the sign-in: a message with a button would stay until it is closed.
 * @param report shows a text in the notification; links in it are followed
 * @param signal aborts when the sign-in is over
 * @returns what was pasted; undefined when the sign-in was over first
 */
export function pastedAddress(dialogs: Pick<Dialogs, 'prompt'>, report: (message: string) => void, signal: AbortSignal): Promise<string | undefined> {
  // It may be over by the time the browser is open: an offer would stay then.
  if (signal.aborted) return Promise.resolve(undefined);
  const id = String(++last);
  return new Promise<string | undefined>((resolve) => {
    const end = (address: string | undefined): void => {
      waiting.delete(id);
      if (waiting.size === 0) {
        command?.dispose();
        command = undefined;
      }
      resolve(address);
    };
    waiting.set(id, async () => {
      const pasted = await dialogs.prompt({ title: t('Address'), prompt: t('The whole address that the browser ended at.'), password: true, until: signal });
      if (pasted !== undefined && pasted !== '') end(pasted);
    });
    command ??= vscode.commands.registerCommand(OfferedCommand.pasteAddress, (wanted: unknown) => waiting.get(String(wanted))?.());
    signal.addEventListener('abort', () => end(undefined), { once: true });
    const link = `command:${OfferedCommand.pasteAddress}?${encodeURIComponent(JSON.stringify([id]))}`;
    report(t('When you are done in the browser, this goes on by itself. If the browser ends at a page that cannot be shown, {0}.', `[${t('paste its address')}](${link})`));
  });
}
