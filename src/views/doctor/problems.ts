import * as vscode from 'vscode';
import type { Diagnosis } from '../../proxy/diagnosis/types.ts';
import { DisposableStore, type Disposable } from '../../proxy/events.ts';
import type { GatewayHost } from '../gateway-host.ts';
import { problemText } from '../present/diagnoses.ts';
import { oneLine } from '../text.ts';

/** `Diagnostic.source` of what the doctor says. */
export const SOURCE = 'Vestibule';
/** More entries of one file tell nobody more. */
const MAX_PROBLEMS = 200;

/** What the doctor says about servers, in the Problems view at their entries in the servers files, as long as it holds. */
export class DoctorProblems implements Disposable {
  readonly #host: GatewayHost;
  readonly #store = new DisposableStore();
  readonly #diagnostics = this.#store.add(vscode.languages.createDiagnosticCollection('vestibule.doctor'));
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
    const { diagnoses } = this.#host.snapshot();
    const now = JSON.stringify(diagnoses);
    if (now === this.#shown) return;
    this.#shown = now;
    const byFile = new Map<string, vscode.Diagnostic[]>();
    for (const diagnosis of diagnoses) {
      if (diagnosis.at === undefined) continue;
      const { file } = diagnosis.at;
      const list = byFile.get(file) ?? [];
      byFile.set(file, list);
      if (list.length < MAX_PROBLEMS) list.push(diagnosticOf(diagnosis, diagnosis.at));
    }
    this.#diagnostics.clear();
    for (const [file, list] of byFile) this.#diagnostics.set(vscode.Uri.file(file), list);
  }
}

function diagnosticOf(diagnosis: Diagnosis, at: NonNullable<Diagnosis['at']>): vscode.Diagnostic {
  const start = new vscode.Position(Math.max(0, at.line - 1), Math.max(0, at.column - 1));
  // The name with its quotes, where the entry starts.
  const end = start.translate(0, (diagnosis.server?.length ?? 0) + 2);
  const shown = new vscode.Diagnostic(new vscode.Range(start, end), problemText(diagnosis), severityOf(diagnosis));
  shown.source = SOURCE;
  shown.code = oneLine(diagnosis.code);
  return shown;
}

/** What waits for a person is nothing broken. */
function severityOf({ area, level }: Diagnosis): vscode.DiagnosticSeverity {
  if (area === 'quarantine') return vscode.DiagnosticSeverity.Information;
  return level === 'error' ? vscode.DiagnosticSeverity.Error : vscode.DiagnosticSeverity.Warning;
}
