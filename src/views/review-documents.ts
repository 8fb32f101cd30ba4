import * as vscode from 'vscode';
import { visible } from '../proxy/json/visible.ts';
import { DisposableStore, type Disposable } from '../proxy/events.ts';
import type { DefinitionRef } from '../proxy/quarantine/types.ts';
import type { GatewayHost } from './gateway-host.ts';
import { Command, Scheme } from './ids.ts';
import { definitionsOf } from './present/awaiting.ts';
import { sideOfDiff } from './present/diff-side.ts';
import { reviewDocument, type Anchor } from './present/review-document.ts';
import { findUpstream, type Target } from './target.ts';
import { oneLine } from './text.ts';

/** What stands in an open review document: decisions made from it are about exactly this. */
interface Shown {
  readonly text: string;
  readonly anchors: readonly Anchor[];
}

/**
 * Read-only documents: what a person reviews, and the two sides of "show changes". A review document that is open
 * never swaps a definition under the reader's eyes: it stays as shown until it is asked for again, and deciding from
 * it then fails as stale (security D5).
 */
export class ReviewDocuments implements Disposable {
  readonly #host: GatewayHost;
  readonly #store = new DisposableStore();
  readonly #changed: vscode.EventEmitter<vscode.Uri>;
  readonly #lensesChanged = this.#store.add(new vscode.EventEmitter<void>());
  readonly #shown = new Map<string, Shown>();
  readonly #previews = new Map<string, string>();
  #lastPreview = 0;

  /** @param changed tells VS Code that the text of a review document is another */
  constructor(host: GatewayHost, changed: vscode.EventEmitter<vscode.Uri>) {
    this.#host = host;
    this.#changed = changed;
    this.#store.add(
      vscode.languages.registerCodeLensProvider({ scheme: Scheme.review }, {
        onDidChangeCodeLenses: this.#lensesChanged.event,
        provideCodeLenses: ({ uri }) => (this.#shown.get(uri.toString())?.anchors ?? []).flatMap(toLenses),
      }),
    );
    this.#store.add(
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        this.#shown.delete(uri.toString());
        this.#previews.delete(uri.toString());
      }),
    );
    this.#store.add(
      // Only now does VS Code have the text that the lenses stand in.
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        if (document.uri.scheme === Scheme.review) this.#lensesChanged.fire();
      }),
    );
    this.#store.add(host.onDidChange(() => this.#refreshUnchanged()));
  }

  /** The text of a review document, as it stays until it is asked for again. */
  reviewText(uri: vscode.Uri): string {
    return (this.#shown.get(uri.toString()) ?? this.#render(uri)).text;
  }

  /** The text of a document of the definition scheme. */
  definitionText(uri: vscode.Uri): string {
    const preview = this.#previews.get(uri.toString());
    if (preview !== undefined) return preview;
    const { server, only, kind, side, digest } = readQuery(uri);
    const upstream = findUpstream(this.#host.snapshot().upstreams, server);
    const shown = upstream && definitionsOf(upstream).find(({ ref }) => ref.kind === kind && ref.name === only && ref.digest === digest);
    return shown === undefined ? 'This definition has changed again or is gone.\n' : sideOfDiff(shown, side === 'approved');
  }

  /** Opens the review of a server, or of one of its definitions, brought up to date. */
  async open(target: Target): Promise<void> {
    const uri = reviewUri(target);
    this.#render(uri);
    this.#changed.fire(uri);
    await vscode.window.showTextDocument(uri, { preview: true });
  }

  /** Shows a text of our own in a read-only document. */
  async preview(title: string, text: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: Scheme.definition, path: `/${fileName(title)}`, query: query({ preview: String(++this.#lastPreview) }) });
    this.#previews.set(uri.toString(), text);
    await vscode.window.showTextDocument(uri, { preview: true });
  }

  /** Shows two texts of our own in the native diff editor. */
  async compare(title: string, before: string, after: string): Promise<void> {
    const [left, right] = [before, after].map((text) => {
      const uri = vscode.Uri.from({ scheme: Scheme.definition, path: `/${fileName(title)}`, query: query({ preview: String(++this.#lastPreview) }) });
      this.#previews.set(uri.toString(), text);
      return uri;
    });
    await vscode.commands.executeCommand('vscode.diff', left, right, title, { preview: false } satisfies vscode.TextDocumentShowOptions);
  }

  /** What a decision from a review document is about: its undecided subjects as shown, or its server without any. */
  targets(uri: vscode.Uri): readonly Target[] {
    const anchors = this.#shown.get(uri.toString())?.anchors ?? [];
    const undecided = anchors.filter(({ status }) => status === 'launch' || status === 'pending' || status === 'changed');
    return undecided.length > 0 ? undecided.map(({ target }) => target) : [{ server: readQuery(uri).server }];
  }

  /** Shows the approved text of a definition beside the present one in the native diff editor. */
  async showChanges({ server, kind, name, digest }: DefinitionRef): Promise<void> {
    const title = `${oneLine(server, 40)}: ${oneLine(name === '' ? kind : name, 60)} (approved ↔ now)`;
    const [left, right] = ['approved', 'now'].map((side) => definitionUri({ server, kind, name, digest }, side));
    await vscode.commands.executeCommand('vscode.diff', left, right, title, { preview: true } satisfies vscode.TextDocumentShowOptions);
  }

  dispose(): void {
    this.#store.dispose();
  }

  #render(uri: vscode.Uri): Shown {
    const { server, only } = readQuery(uri);
    const upstream = findUpstream(this.#host.snapshot().upstreams, server);
    const shown = upstream === undefined ? { text: `There is no server named ${visible(server)} any more.\n`, anchors: [] } : reviewDocument(upstream, only);
    this.#shown.set(uri.toString(), shown);
    return shown;
  }

  /** Brings open documents up to date in which nothing that can be decided was replaced. */
  #refreshUnchanged(): void {
    for (const { uri } of vscode.workspace.textDocuments) {
      const before = uri.scheme === Scheme.review ? this.#shown.get(uri.toString()) : undefined;
      if (before === undefined) continue;
      const after = this.#render(uri);
      if (after.text === before.text) continue;
      if (replaces(after.anchors, before.anchors)) this.#shown.set(uri.toString(), before);
      else this.#changed.fire(uri);
    }
  }
}

/** True when something that could be decided before is there still, but is not what was shown. */
function replaces(after: readonly Anchor[], before: readonly Anchor[]): boolean {
  return before.some(({ target: old }) => after.some(({ target: now }) => subject(old) === subject(now) && digest(old) !== digest(now)));
}

function subject({ definition }: Target): string {
  return definition === undefined ? 'launch' : `${definition.kind} ${definition.name}`;
}

function digest({ definition, launch }: Target): string | undefined {
  return definition?.digest ?? launch;
}

function toLenses({ line, target, status }: Anchor): vscode.CodeLens[] {
  const range = new vscode.Range(line, 0, line, 0);
  const lens = (title: string, command: string): vscode.CodeLens => new vscode.CodeLens(range, { title, command, arguments: [target] });
  if (status === 'launch') return [lens('Approve launch…', Command.approve)];
  return [
    ...(status === 'approved' ? [] : [lens('Approve…', Command.approve)]),
    ...(status === 'changed' ? [lens('Show changes', Command.showChanges)] : []),
    ...(status === 'blocked' ? [] : [lens('Block…', Command.block)]),
  ];
}

function reviewUri({ server, definition }: Target): vscode.Uri {
  const title = definition === undefined ? server : `${server} ${definition.name}`;
  return vscode.Uri.from({
    scheme: Scheme.review,
    path: `/Review of ${fileName(title)}`,
    query: query({ server, ...(definition !== undefined && { only: definition.name }) }),
  });
}

function definitionUri({ server, kind, name, digest }: DefinitionRef, side: string): vscode.Uri {
  // No name that VS Code takes for JSON: what is spelled out here would be an error in it.
  return vscode.Uri.from({ scheme: Scheme.definition, path: `/${fileName(name === '' ? kind : name)} definition`, query: query({ server, only: name, kind, side, digest }) });
}

function fileName(text: string): string {
  return oneLine(text, 80).replaceAll(/[\\/]/g, '_');
}

interface Query {
  readonly server: string;
  readonly only: string | undefined;
  readonly kind: string | undefined;
  readonly side: string | undefined;
  readonly digest: string | undefined;
}

/** Reads our own URIs; one that somebody else wrote names no server. */
function readQuery(uri: vscode.Uri): Query {
  const query = new URLSearchParams(uri.query);
  const member = (key: string): string | undefined => query.get(key) ?? undefined;
  return { server: member('server') ?? '', only: member('only'), kind: member('kind'), side: member('side'), digest: member('digest') };
}

function query(members: Readonly<Record<string, string>>): string {
  return new URLSearchParams(members).toString();
}
