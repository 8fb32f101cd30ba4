import * as vscode from 'vscode';
import type { GatewaySnapshot } from '../proxy/api.ts';
import type { FilePosition } from '../proxy/errors.ts';
import { DisposableStore, type Disposable } from '../proxy/events.ts';
import type { GatewayHost } from './gateway-host.ts';

/** One entry of the Problems view, safe to show. */
export interface EntryProblem {
  readonly at: FilePosition;
  /** Characters that are underlined from there. */
  readonly length: number;
  readonly message: string;
  readonly code: string;
  readonly severity: vscode.DiagnosticSeverity;
}

/** Who says something about entries of servers files, and what at each moment. */
export interface ProblemSource {
  /** `Diagnostic.source`. */
  readonly name: string;
  /** Of the collection. */
  readonly id: string;
  readonly problems: (snapshot: GatewaySnapshot) => readonly EntryProblem[];
}

/** More entries of one file tell nobody more. */
const MAX_PROBLEMS = 200;

/** What one source says about servers, in the Problems view at their entries in the servers files, as long as it holds. */
export class EntryProblems implements Disposable {
  readonly #host: GatewayHost;
  readonly #source: ProblemSource;
  readonly #store = new DisposableStore();
  readonly #diagnostics: vscode.DiagnosticCollection;
  #shown = '';

  constructor(host: GatewayHost, source: ProblemSource) {
    this.#host = host;
    this.#source = source;
    this.#diagnostics = this.#store.add(vscode.languages.createDiagnosticCollection(source.id));
    this.#store.add(host.onDidChange(() => this.#show()));
    this.#show();
  }

  dispose(): void {
    this.#store.dispose();
  }

  #show(): void {
    const problems = this.#source.problems(this.#host.snapshot());
    const now = JSON.stringify(problems);
    if (now === this.#shown) return;
    this.#shown = now;
    const byFile = new Map<string, vscode.Diagnostic[]>();
    for (const problem of problems) {
      const list = byFile.get(problem.at.file) ?? [];
      byFile.set(problem.at.file, list);
      if (list.length < MAX_PROBLEMS) list.push(this.#diagnosticOf(problem));
    }
    this.#diagnostics.clear();
    for (const [file, list] of byFile) this.#diagnostics.set(vscode.Uri.file(file), list);
  }

  #diagnosticOf({ at, code, length, message, severity }: EntryProblem): vscode.Diagnostic {
    const start = new vscode.Position(Math.max(0, at.line - 1), Math.max(0, at.column - 1));
    const shown = new vscode.Diagnostic(new vscode.Range(start, start.translate(0, length)), message, severity);
    shown.source = this.#source.name;
    shown.code = code;
    return shown;
  }
}
