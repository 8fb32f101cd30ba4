import * as vscode from 'vscode';
import type { Dialogs } from './dialogs.ts';
import type { GatewayHost } from './gateway-host.ts';
import { Scheme } from './ids.ts';
import { bytes, oneLine } from './text.ts';

/** VS Code opens no larger documents. Characters. */
const MAX_SHOWN = 32 * 1024 * 1024;
const MAX_OFFERED = 100;

/** Results that were shortened for an agent, whole, as read-only documents. */
export class FullResults {
  readonly #host: GatewayHost;
  readonly #dialogs: Dialogs;

  constructor(host: GatewayHost, dialogs: Dialogs) {
    this.#host = host;
    this.#dialogs = dialogs;
  }

  /** Asks which of the latest shortened results, and opens it. */
  async pick(): Promise<void> {
    const gateway = await this.#host.start();
    const shortened = (await gateway.calls({ limit: 10_000 })).filter(({ resultKey }) => resultKey !== undefined).slice(0, MAX_OFFERED);
    if (shortened.length === 0) return this.#dialogs.inform('No result was shortened lately: agents got them whole.');
    const id = await this.#dialogs.pick(
      'Open which full result?',
      shortened.map(({ agent, bytesWhole = 0, id: value, server, time, tool }) => ({ label: oneLine(`${server}:${tool}`, 120), description: `${bytes(bytesWhole)} · ${oneLine(agent, 60)}`, detail: time, value })),
    );
    if (id !== undefined) await this.open(id);
  }

  /** Opens the whole result of a call in an editor tab. @returns false when it is kept no more, which is said */
  async open(id: string): Promise<boolean> {
    const text = await this.#whole(id);
    if (text === undefined || text.length > MAX_SHOWN) {
      this.#dialogs.fail(
        text === undefined
          ? { message: 'This result is kept no more.', action: 'Shortened results are kept for two hours; call the tool again.' }
          : { message: 'This result is too large for an editor.', action: 'Have an agent read parts of it with read_cache.' },
      );
      return false;
    }
    const uri = vscode.Uri.from({ scheme: Scheme.result, path: `/Result ${id}.${/^\s*[[{]/.test(text) ? 'json' : 'txt'}`, query: id });
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true });
    return true;
  }

  /** The text of such a document. */
  async text({ query }: vscode.Uri): Promise<string> {
    return (await this.#whole(query)) ?? 'This result is kept no more.';
  }

  async #whole(id: string): Promise<string | undefined> {
    return (await this.#host.start()).fullResult(id);
  }
}
