import * as vscode from 'vscode';
import type { AskPerson } from '../proxy/consent/types.ts';
import { DisposableStore, type Disposable } from '../proxy/events.ts';
import { QuickFixes, SERVERS_FILES } from './doctor/quick-fixes.ts';
import { Command, INSPECTOR_PANEL, Scheme } from './ids.ts';
import type { Interaction, InteractionParts } from './interaction.ts';
import { t } from './l10n.ts';
import { loadInteraction } from './lazy-bundles.ts';
import { logError } from './log-error.ts';
import { problemOf } from './problem.ts';

/** What activation has of what is loaded later. */
export interface RegisteredInteraction extends Disposable {
  /** Asks the person in front of the editor about a call. */
  readonly askConsent: AskPerson;
}

/**
 * Registers every command and the read-only documents; what they do is loaded with the first use. What a command
 * throws is shown with its next step.
 */
export function registerInteraction(parts: Omit<InteractionParts, 'reviewChanged'>): RegisteredInteraction {
  const { dialogs, log } = parts;
  const store = new DisposableStore();
  const reviewChanged = store.add(new vscode.EventEmitter<vscode.Uri>());
  let loaded: Interaction | undefined;
  const interaction = (): Interaction => {
    if (loaded === undefined) {
      const { Interaction: Loaded } = loadInteraction();
      loaded = store.add(new Loaded({ ...parts, reviewChanged }));
    }
    return loaded;
  };
  const shown = async (act: () => Promise<void>): Promise<void> => {
    try {
      await act();
    } catch (error) {
      logError(log, error);
      dialogs.fail(problemOf(error), { label: t('Show Log'), run: () => log.show() });
    }
  };
  for (const id of Object.values(Command)) {
    store.add(vscode.commands.registerCommand(id, (item: unknown, selection: unknown) => shown(() => interaction().run(id, item, selection))));
  }
  store.add(
    vscode.languages.registerCodeActionsProvider(SERVERS_FILES, new QuickFixes(parts.host, () => interaction().remedies), {
      providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
    }),
  );
  store.add(vscode.window.registerUriHandler({ handleUri: (uri) => interaction().answers.handleUri(uri) }));
  store.add(
    vscode.window.registerWebviewPanelSerializer(INSPECTOR_PANEL, {
      deserializeWebviewPanel: (panel) => {
        interaction().restoreInspector(panel);
        return Promise.resolve();
      },
    }),
  );
  // Editors that VS Code restores ask for these before any command runs.
  store.add(
    vscode.workspace.registerTextDocumentContentProvider(Scheme.review, {
      onDidChange: reviewChanged.event,
      provideTextDocumentContent: (uri) => interaction().documents.reviewText(uri),
    }),
  );
  store.add(
    vscode.workspace.registerTextDocumentContentProvider(Scheme.definition, {
      provideTextDocumentContent: (uri) => interaction().documents.definitionText(uri),
    }),
  );
  store.add(vscode.workspace.registerTextDocumentContentProvider(Scheme.result, { provideTextDocumentContent: (uri) => interaction().results.text(uri) }));
  return { askConsent: (question) => interaction().consent.ask(question), dispose: () => store.dispose() };
}
