// Copilot's agent mode with a model that follows a script: signed out, offline, deterministic.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { root } from '../../../scripts/lib/exec.mjs';
import type { Plans } from '../../fixtures/scripted-model/plan.ts';
import { packExtension } from './pack-extension.ts';
import type { Workbench, WorkbenchOptions } from './workbench.ts';

/** What to open, with the scripted model and its plans in it. */
export async function withScriptedModel(options: WorkbenchOptions, plans: Plans): Promise<WorkbenchOptions> {
  const plansFile = path.join(root, 'out', 'scripted-model', `plans-${options.name}.json`);
  const vsix = await packExtension('scripted-model');
  await writeFile(plansFile, JSON.stringify(plans));
  return {
    ...options,
    vsix: [...options.vsix, vsix],
    // Without it Copilot asks a model of its own, which needs an account, for titles and summaries.
    settings: { ...options.settings, 'chat.byokUtilityModelDefault': 'mainAgent' },
    userFiles: { ...options.userFiles, 'chatLanguageModels.json': JSON.stringify([{ name: 'Scripted', vendor: 'scripted' }]) },
    env: { ...options.env, SCRIPTED_MODEL_PLANS: plansFile },
  };
}

/** Asks the scripted model one of the questions it has a plan for, in agent mode. */
export async function ask(workbench: Workbench, question: string): Promise<void> {
  await workbench.runCommand('Scripted Model: Ask');
  // The chat extension is activated with the first question, which takes its time.
  await workbench.type('Ask the scripted model', question);
}
