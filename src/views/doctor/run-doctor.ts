import * as vscode from 'vscode';
import type { DiagnoseOptions, GatewaySnapshot } from '../../proxy/api.ts';
import type { Diagnosis, Remedy } from '../../proxy/diagnosis/types.ts';
import type { Choice, Dialogs } from '../dialogs.ts';
import { identityOf } from '../editor-policy.ts';
import type { GatewayHost } from '../gateway-host.ts';
import { diagnosisDocument, remedyTitle } from '../present/diagnoses.ts';
import { readEditorPolicy } from '../policy-settings.ts';
import { readSettings } from '../settings.ts';
import { oneLine, plural } from '../text.ts';
import { applyRemedy } from './remedies.ts';

/** What running the doctor needs. */
export interface DoctorContext {
  readonly host: GatewayHost;
  readonly dialogs: Dialogs;
  /** Whether secrets outlive a restart of the editor. */
  readonly secretsPersist: () => Promise<boolean>;
  /** Shows a text whole in a read-only document. */
  readonly preview: (title: string, text: string) => Promise<void>;
}

/** What to do next about one diagnosis. */
type Step = { readonly kind: 'remedy'; readonly remedy: Remedy } | { readonly kind: 'evidence' };

/** Tries every server, says what is wrong, and does what the person picks. */
export async function runDoctor({ dialogs, host, preview, secretsPersist }: DoctorContext): Promise<void> {
  const gateway = await host.start();
  const options = await editorFacts(gateway.snapshot(), secretsPersist);
  const progress = { location: vscode.ProgressLocation.Notification, title: 'Vestibule looks for what is wrong', cancellable: true };
  // Trials that are under way end by their own limits, unseen.
  const found = await vscode.window.withProgress(progress, (_, token) => Promise.race([gateway.diagnose(options), cancelled(token)]));
  if (found === undefined) return;
  if (found.length === 0) {
    dialogs.inform('Nothing is wrong: every approved server answers.');
    return;
  }
  const diagnosis = await dialogs.pick(`${plural(found.length, 'finding')}. What about which?`, found.map(choiceOf));
  const step = diagnosis && (await dialogs.pick(oneLine(diagnosis.message, 200), stepsOf(diagnosis)));
  if (diagnosis === undefined || step === undefined) return;
  if (step.kind === 'evidence') await preview('Diagnosis', diagnosisDocument(diagnosis));
  else await applyRemedy(diagnosis, step.remedy);
}

function cancelled(token: vscode.CancellationToken): Promise<undefined> {
  return new Promise((resolve) => token.onCancellationRequested(() => resolve(undefined)));
}

async function editorFacts(snapshot: GatewaySnapshot, secretsPersist: () => Promise<boolean>): Promise<DiagnoseOptions> {
  return {
    trusted: vscode.workspace.isTrusted,
    policy: { rules: readEditorPolicy(), gateway: identityOf(snapshot) },
    secretsPersist: await secretsPersist(),
    wantedPort: readSettings().port,
  };
}

function choiceOf(diagnosis: Diagnosis): Choice<Diagnosis> {
  const { area, code, fix, level, message } = diagnosis;
  return { label: oneLine(message, 200), description: `${level} · ${area}/${code}`, detail: oneLine(fix, 300), value: diagnosis };
}

function stepsOf({ fix, remedies }: Diagnosis): readonly Choice<Step>[] {
  return [
    ...remedies.map((remedy): Choice<Step> => ({ label: remedyTitle(remedy), value: { kind: 'remedy', remedy } })),
    { label: 'Show what was seen', detail: oneLine(fix, 300), value: { kind: 'evidence' } },
  ];
}
