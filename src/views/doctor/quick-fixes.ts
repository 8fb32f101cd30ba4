import * as vscode from 'vscode';
import type { Diagnosis, Remedy } from '../../proxy/diagnosis/types.ts';
import type { GatewayHost } from '../gateway-host.ts';
import { problemText, remedyTitle } from '../present/diagnoses.ts';
import { SOURCE } from './problems.ts';

/** Servers files, whatever language they are opened as. */
export const SERVERS_FILES: vscode.DocumentSelector = { scheme: 'file', pattern: '**/*.json' };

/** A quick fix before its edit is worked out. */
class RemedyAction extends vscode.CodeAction {
  readonly document: vscode.TextDocument;
  readonly remedy: Remedy;
  readonly diagnosis: Diagnosis;

  constructor(document: vscode.TextDocument, diagnosis: Diagnosis, remedy: Remedy, shown: vscode.Diagnostic) {
    super(`Vestibule: ${remedyTitle(remedy)}`, vscode.CodeActionKind.QuickFix);
    this.document = document;
    this.diagnosis = diagnosis;
    this.remedy = remedy;
    this.diagnostics = [shown];
    this.isPreferred = remedy === diagnosis.remedies[0];
  }
}

/** Works out what a remedy does; loaded with the first one. */
export interface RemedyMaker {
  edit(document: vscode.TextDocument, remedy: Extract<Remedy, { kind: 'edit' }>): vscode.WorkspaceEdit;
  command(diagnosis: Diagnosis, remedy: Exclude<Remedy, { kind: 'edit' }>): vscode.Command;
}

/** Offers what can be done about the doctor's problems where they are shown. */
export class QuickFixes implements vscode.CodeActionProvider<RemedyAction> {
  readonly #host: GatewayHost;
  readonly #maker: () => RemedyMaker;

  constructor(host: GatewayHost, maker: () => RemedyMaker) {
    this.#host = host;
    this.#maker = maker;
  }

  provideCodeActions(document: vscode.TextDocument, _range: vscode.Range, { diagnostics }: vscode.CodeActionContext): RemedyAction[] {
    const own = diagnostics.filter(({ source }) => source === SOURCE);
    if (own.length === 0) return [];
    const here = this.#host.snapshot().diagnoses.filter(({ at }) => at !== undefined && vscode.Uri.file(at.file).fsPath === document.uri.fsPath);
    return own.flatMap((shown) => {
      // The entry may have moved since it was shown; what is said about it is still the same.
      const diagnosis = here.find((candidate) => candidate.code === shown.code && problemText(candidate) === shown.message);
      return (diagnosis?.remedies ?? []).map((remedy) => new RemedyAction(document, diagnosis as Diagnosis, remedy, shown));
    });
  }

  resolveCodeAction(action: RemedyAction): RemedyAction {
    const { diagnosis, document, remedy } = action;
    if (remedy.kind === 'edit') action.edit = this.#maker().edit(document, remedy);
    else action.command = this.#maker().command(diagnosis, remedy);
    return action;
  }
}
