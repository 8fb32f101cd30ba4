import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../proxy/events.ts';
import type { GatewayHost } from './gateway-host.ts';
import { findingProblems, type FindingProblem } from './present/findings.ts';

/** Findings of the scanner in the Problems view, at the entry of their server in its servers file. */
export class FindingProblems implements Disposable {
  readonly #host: GatewayHost;
  readonly #store = new DisposableStore();
  readonly #diagnostics = this.#store.add(vscode.languages.createDiagnosticCollection('vestibule.scanner'));
  #shown = '';

  constructor(host: GatewayHost) {
    this.#host = host;
    this.#store.add(host.onDidChange(() => this.#show()));
    this.#show();
  }

  dispose(): void {
    this.#store.dispose();
  }

  #show(): void {
    const found = this.#host.snapshot().upstreams.map((upstream) => ({ at: upstream.config.at, problems: findingProblems(upstream) }));
    const now = JSON.stringify(found);
    if (now === this.#shown) return;
    this.#shown = now;
    const byFile = new Map<string, vscode.Diagnostic[]>();
    for (const { at, problems } of found) {
      const range = new vscode.Range(at.line - 1, at.column - 1, at.line - 1, at.column - 1);
      byFile.set(at.file, [...(byFile.get(at.file) ?? []), ...problems.map((problem) => diagnostic(range, problem))]);
    }
    this.#diagnostics.clear();
    for (const [file, list] of byFile) if (list.length > 0) this.#diagnostics.set(vscode.Uri.file(file), list);
  }
}

function diagnostic(range: vscode.Range, { message, code, grave }: FindingProblem): vscode.Diagnostic {
  const shown = new vscode.Diagnostic(range, message, grave ? vscode.DiagnosticSeverity.Error : vscode.DiagnosticSeverity.Warning);
  shown.source = 'Vestibule scanner';
  shown.code = code;
  return shown;
}
