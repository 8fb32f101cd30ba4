import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type { GatewayApi } from '../../proxy/api.ts';
import { DisposableStore, type Disposable } from '../../proxy/events.ts';
import type { Dialogs } from '../dialogs.ts';
import { exportCalls } from '../export-calls.ts';
import type { FullResults } from '../full-results.ts';
import type { GatewayHost } from '../gateway-host.ts';
import { INSPECTOR_PANEL } from '../ids.ts';
import { t } from '../l10n.ts';
import { problemOf } from '../problem.ts';
import type { ReviewDocuments } from '../review-documents.ts';
import { oneLine } from '../text.ts';
import { readFromPage, unreadRequest, type CallRow, type FromPage, type Tab, type ToPage } from './messages.ts';
import { inspectorPage } from './page.ts';
import { tokensAnswer } from '../present/tokens.ts';
import { callAgain, draftOf } from './again.ts';
import { detailOf, comparisonOf, documentOf } from './call-detail.ts';
import { callPage } from './call-pages.ts';
import { readCallQuery } from './call-query.ts';
import { callRow, searchAnswer } from './rows.ts';

/** How long calls are gathered before the page is told, in milliseconds, and how many it is told of at most. */
const TELL_MS = 100;
const MAX_TOLD = 2_000;
/** As many results as `retrieve_tools` gives at most. */
const MAX_RESULTS = 50;

/** What the inspector works with. */
export interface InspectorParts {
  readonly host: GatewayHost;
  readonly dialogs: Dialogs;
  readonly results: FullResults;
  readonly documents: Pick<ReviewDocuments, 'preview' | 'compare'>;
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
    if (this.#open !== undefined) return this.#open.show(tab);
    this.#adopt(vscode.window.createWebviewPanel(INSPECTOR_PANEL, 'Vestibule', vscode.ViewColumn.Active), tab);
  }

  /** Takes over the panel that the editor brings back after a reload; its page remembers what it showed. */
  restore(panel: vscode.WebviewPanel): void {
    if (this.#open === undefined) this.#adopt(panel, undefined);
    else panel.dispose();
  }

  #adopt(panel: vscode.WebviewPanel, tab: Tab | undefined): void {
    panel.webview.options = {
      enableScripts: true,
      localResourceRoots: ['dist/webview', 'media'].map((folder) => vscode.Uri.joinPath(this.#parts.extension, folder)),
    };
    // Drawn as an image here, which knows no current colour: a grey that stands out in every theme.
    panel.iconPath = vscode.Uri.joinPath(this.#parts.extension, 'media', 'activity.svg');
    const open = new OpenInspector(panel, this.#parts, tab);
    this.#open = open;
    panel.onDidDispose(() => {
      open.dispose();
      this.#open = undefined;
    });
    panel.webview.html = this.#page(panel.webview);
  }

  dispose(): void {
    this.#open?.panel.dispose();
  }

  #page(webview: vscode.Webview): string {
    const uri = (...path: string[]): string => webview.asWebviewUri(vscode.Uri.joinPath(this.#parts.extension, ...path)).toString();
    return inspectorPage({
      cspSource: webview.cspSource,
      language: vscode.env.language,
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

  /** Calls since the page was told last, newest first. */
  #called: CallRow[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Requests that are being answered, by their number. */
  readonly #answering = new Map<number, AbortController>();

  constructor(panel: vscode.WebviewPanel, parts: InspectorParts, tab: Tab | undefined) {
    const { host } = parts;
    this.panel = panel;
    this.#parts = parts;
    this.#wanted = tab;
    this.#store.add(panel.webview.onDidReceiveMessage((message: unknown) => void this.#receive(message)));
    this.#store.add(
      host.onDidCall((record) => {
        // A hidden page is unloaded; it asks for everything when it is shown again.
        if (panel.visible) this.#tellSoon(callRow(record));
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
    clearTimeout(this.#timer);
    for (const unwanted of this.#answering.values()) unwanted.abort();
    this.#store.dispose();
  }

  /** Calls may come by the hundred: the page hears of them together. */
  #tellSoon(row: CallRow): void {
    this.#called.unshift(row);
    if (this.#called.length > MAX_TOLD) this.#called.pop();
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const rows = this.#called;
      this.#called = [];
      this.#post({ type: 'called', rows });
    }, TELL_MS);
  }

  async #receive(value: unknown): Promise<void> {
    const message = readFromPage(value);
    if (message === undefined) {
      this.#parts.log.warn('The inspector’s page sent something that is no message of its protocol.');
      const id = unreadRequest(value);
      if (id !== undefined) this.#post({ type: 'error', id, message: t('The inspector could not take that.'), action: t('Make it shorter, or open the inspector anew.') });
    } else if (message.type === 'cancel') {
      this.#answering.get(message.id)?.abort();
    } else if (message.type === 'failed') {
      this.#parts.log.error(`The inspector’s page failed: ${oneLine(message.message, 500)}`);
    } else if (message.type === 'ready') {
      this.#post({ type: 'welcome', language: vscode.env.language, texts: vscode.l10n.bundle ?? {} });
      if (this.#wanted !== undefined) this.#post({ type: 'show', tab: this.#wanted });
      this.#wanted = undefined;
    } else {
      await this.#answer(message);
    }
  }

  async #answer(request: Extract<FromPage, { type: 'request' }>): Promise<void> {
    const { id } = request;
    const unwanted = new AbortController();
    this.#answering.set(id, unwanted);
    try {
      const gateway = await this.#parts.host.start();
      this.#post({ type: 'answer', id, answer: await answerTo(request, gateway, this.#parts, unwanted.signal) });
    } catch (error) {
      this.#post({ type: 'error', id, ...problemOf(error) });
    } finally {
      this.#answering.delete(id);
    }
  }

  #post(message: ToPage): void {
    void this.panel.webview.postMessage(message);
  }
}

type Answer = Extract<ToPage, { type: 'answer' }>['answer'];

async function answerTo({ method, params }: Extract<FromPage, { type: 'request' }>, gateway: GatewayApi, { documents, dialogs, host, results }: InspectorParts, unwanted: AbortSignal): Promise<Answer> {
  switch (method) {
    case 'search':
      return searchAnswer(params.query, gateway.search(params.query, MAX_RESULTS), gateway.snapshot());
    case 'tokens':
      return tokensAnswer(gateway.snapshot());
    case 'draft':
      return draftOf(gateway, params.id);
    case 'again':
      return callAgain(gateway, dialogs, params.id, params.arguments);
    case 'full':
      return results.open(params.id);
    case 'calls':
      return callPage(gateway, params, unwanted);
    case 'detail':
      return detailOf(gateway, params.seq);
    case 'open': {
      const { title, text } = await documentOf(gateway, params.seq);
      await documents.preview(title, text);
      return true;
    }
    case 'compare': {
      const compared = await comparisonOf(gateway, params.seq);
      if (compared !== undefined) await documents.compare(compared.title, compared.before, compared.after);
      return compared !== undefined;
    }
    case 'export':
      return exportCalls({ host, dialogs }, readCallQuery(params));
  }
}
