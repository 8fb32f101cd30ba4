import * as vscode from 'vscode';
import type { ProblemSource } from './entry-problems.ts';
import { findingProblems } from './present/findings.ts';

/** Findings of the scanner, at the entry of their server. */
export const SCANNER: ProblemSource = {
  name: 'Vestibule scanner',
  id: 'vestibule.scanner',
  problems: ({ upstreams }) =>
    upstreams.flatMap((upstream) =>
      findingProblems(upstream).map(({ code, grave, message }) => ({
        at: upstream.config.at,
        length: 0,
        message,
        code,
        severity: grave ? vscode.DiagnosticSeverity.Error : vscode.DiagnosticSeverity.Warning,
      })),
    ),
};
