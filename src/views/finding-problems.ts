import * as vscode from 'vscode';
import type { UpstreamSnapshot } from '../proxy/api.ts';
import type { ProblemSource } from './entry-problems.ts';
import { loadInteraction } from './lazy-bundles.ts';

/** Findings of the scanner, at the entry of their server. */
export const SCANNER: ProblemSource = {
  name: 'Vestibule scanner',
  id: 'vestibule.scanner',
  problems: ({ upstreams }) =>
    upstreams.filter(hasFindings).flatMap((upstream) =>
      loadInteraction().shownRows.findingProblems(upstream).map(({ code, grave, message }) => ({
        at: upstream.config.at,
        length: 0,
        message,
        code,
        severity: grave ? vscode.DiagnosticSeverity.Error : vscode.DiagnosticSeverity.Warning,
      })),
    ),
};

/** Whether there is anything to say, without loading what says it. */
function hasFindings({ definitions = [], instructions, launchFindings = [], tools }: UpstreamSnapshot): boolean {
  return launchFindings.length > 0 || [...tools, ...definitions, ...(instructions === undefined ? [] : [instructions])].some(({ findings }) => findings !== undefined && findings.length > 0);
}
