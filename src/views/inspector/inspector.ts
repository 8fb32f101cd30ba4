import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type { GatewayApi } from '../../proxy/api.ts';
import { DisposableStore, type Disposable } from '../../proxy/events.ts';
import type { Dialogs } from '../dialogs.ts';
import type { FullResults } from '../full-results.ts';
import type { GatewayHost } from '../gateway-host.ts';
import { INSPECTOR_PANEL } from '../ids.ts';
import { problemOf } from '../problem.ts';
import { readFromPage, type FromPage, type Tab, type ToPage } from './messages.ts';
import { inspectorPage } from './page.ts';
import { tokensAnswer } from '../present/tokens.ts';
import { callAgain, draftOf } from './again.ts';
import { callRow, searchAnswer } from './rows.ts';

/** Calls the page shows at most. */
const MAX_CALLS = 300;
/** As many results as `retrieve_tools` gives at most. */
const MAX_RESULTS = 50;

/** What the inspector works with. */
export interface InspectorParts {
  readonly host: GatewayHost;
  readonly dialogs: Dialogs;
  readonly results: FullResults;
  /** Folder of the extension. */
  readonly extension: vscode.Uri;
  readonly log: vscode.LogOutputChannel;
}

/** The inspector's one panel: opened on demand, gone when closed, silent while hidden. */
export class Inspector implements Disposable {
  readonly #parts: InspectorParts;
  #open: OpenInspector | undefined;

  constructor(parts: InspectorParts) {
    this.#parts = parts;
  }

  /** Opens the panel, or brings it to the front, on a tab. */
  show(tab: Tab): void {
    if (this.#open === undefined) {
      const panel = vscode.window.createWebviewPanel(INSPECTOR_PANEL, 'Vestibule', vscode.ViewColumn.Active, {
        enableScripts: true,
        localResourceRoots: ['dist/webview', 'media'].map((folder) => vscode.Uri.joinPath(this.#parts.extension, folder)),
      });
      panel.iconPath = vscode.Uri.joinPath(this.#parts.extension, 'media', 'activity.svg');
      const open = new OpenInspector(panel, this.#parts, tab);
      this.#open = open;
      panel.onDidDispose(() => {
        open.dispose();
        this.#open = undefined;
      });
      panel.webview.html = this.#page(panel.webview);
    } else {
      this.#open.show(tab);
    }
  }

  dispose(): void {
    this.#open?.panel.dispose();
  }

  #page(webview: vscode.Webview): string {
    const uri = (...path: string[]): string => webview.asWebviewUri(vscode.Uri.joinPath(this.#parts.extension, ...path)).toString();
    return inspectorPage({
      cspSource: webview.cspSource,
      nonce: randomBytes(16).toString('hex'),
      styleNonce: randomBytes(16).toString('hex'),
      script: uri('dist', 'webview', 'main.js'),
      style: uri('media', 'inspector.css'),
    });
  }
}

/** One open panel and what it hears. */
class OpenInspector implements Disposable {
  readonly panel: vscode.WebviewPanel;
  readonly #parts: InspectorParts;
  readonly #store = new DisposableStore();
  /** The tab to show once the page is there; a page that comes back on its own remembers its tab. */
  #wanted: Tab | undefined;

  constructor(panel: vscode.WebviewPanel, parts: InspectorParts, tab: Tab) {
    const { host } = parts;
    this.panel = panel;
    this.#parts = parts;
    this.#wanted = tab;
    this.#store.add(panel.webview.onDidReceiveMessage((message: unknown) => void this.#receive(message)));
    this.#store.add(
      host.onDidCall((record) => {
        // A hidden page is unloaded; it asks for everything when it is shown again.
        if (panel.visible) this.#post({ type: 'called', row: callRow(record) });
      }),
    );
    this.#store.add(
      host.onDidChange(() => {
        if (panel.visible) this.#post({ type: 'changed' });
      }),
    );
  }

  show(tab: Tab): void {
    if (this.panel.visible) this.#post({ type: 'show', tab });
    else this.#wanted = tab;
    this.panel.reveal();
  }

  dispose(): void {
    this.#store.dispose();
  }

  async #receive(value: unknown): Promise<void> {
    const message = readFromPage(value);
    if (message === undefined) {
      this.#parts.log.warn('The inspector’s page sent something that is no message of its protocol.');
    } else if (message.type === 'ready') {
      if (this.#wanted !== undefined) this.#post({ type: 'show', tab: this.#wanted });
      this.#wanted = undefined;
    } else {
      await this.#answer(message);
    }
  }

  async #answer(request: Extract<FromPage, { type: 'request' }>): Promise<void> {
    const { id } = request;
    try {
      const gateway = await this.#parts.host.start();
      this.#post({ type: 'answer', id, answer: await answerTo(request, gateway, this.#parts) });
    } catch (error) {
      this.#post({ type: 'error', id, ...problemOf(error) });
    }
  }

  #post(message: ToPage): void {
    void this.panel.webview.postMessage(message);
  }
}

type Answer = Extract<ToPage, { type: 'answer' }>['answer'];

async function answerTo({ method, params }: Extract<FromPage, { type: 'request' }>, gateway: GatewayApi, { dialogs, results }: InspectorParts): Promise<Answer> {
  switch (method) {
    case 'search':
      return searchAnswer(gateway.search(params.query, MAX_RESULTS), gateway.snapshot());
    case 'tokens':
      return tokensAnswer(gateway.snapshot());
    case 'draft':
      return draftOf(gateway, params.id);
    case 'again':
      return callAgain(gateway, dialogs, params.id, params.arguments);
    case 'full':
      return results.open(params.id);
    case 'calls': {
      const { text, outcome } = params;
      const records = await gateway.calls({ limit: MAX_CALLS, ...(text !== '' && { text }), ...(outcome !== undefined && { outcome }) });
      return records.map(callRow);
    }
  }
}
