import type { GatewayApi } from '../proxy/api.ts';
import { parseServersFile } from '../proxy/config/servers-file.ts';
import type { InputDeclaration } from '../proxy/config/types.ts';
import { variablesIn } from '../proxy/config/variable-syntax.ts';
import type { SecretStore } from '../proxy/storage/secret-store.ts';
import { SECRET_KEYS } from '../proxy/variable-scope.ts';
import type { Dialogs } from './dialogs.ts';
import { t } from './l10n.ts';
import { broughtServers, setUpSteps, type SetUpStep, type StepSubject, type WantedValue } from './present/set-up.ts';

/** What setting a workspace up works with. */
export interface SetUpContext {
  readonly gateway: () => Promise<GatewayApi>;
  readonly dialogs: Dialogs;
  readonly trusted: () => boolean;
  /** The folder whose servers file counts. */
  readonly folder: () => string | undefined;
  /** Text of the servers file of that folder; undefined where there is none. */
  readonly serversFile: () => Promise<string | undefined>;
  readonly secrets: Promise<Pick<SecretStore, 'get' | 'set'>>;
  readonly askInput: (input: InputDeclaration, server: string) => Promise<string | undefined>;
  /** Lets the person trust the folder; what comes then is up to `resume`. */
  readonly trust: () => PromiseLike<unknown>;
  /** Goes on once the folder is trusted. */
  readonly resume: (run: () => void) => void;
  readonly reviewLockFile: () => Promise<void>;
  readonly approveLaunch: (server: string, fingerprint: string) => Promise<void>;
  readonly review: (server: string) => Promise<void>;
}

/**
 * Leads a person through what a folder brought, step by step in one list that comes back after each: trust, approvals
 * of the team, values, launches, reviews. Nothing is decided by the list itself: each step asks as it does elsewhere.
 */
export async function setUpWorkspace(context: SetUpContext): Promise<void> {
  const { dialogs } = context;
  for (;;) {
    const { snapshot, values } = await look(context);
    const steps = setUpSteps({ snapshot, trusted: context.trusted(), values });
    const left = steps.filter(({ done }) => !done).length;
    if (steps.length === 0) return dialogs.inform(t('This workspace brings no servers. “Vestibule: Open Servers File” makes a file for them.'));
    if (left === 0) return dialogs.inform(t('Everything this workspace brings is set up.'));
    const chosen = await dialogs.pick(t('Set up this workspace: {0} of {1} steps are done', steps.length - left, steps.length), [...steps.filter(({ done }) => !done), ...steps.filter(({ done }) => done)].map(rowOf));
    if (chosen === undefined || !(await take(context, chosen, values.filter(({ stored }) => !stored)))) return;
  }
}

function rowOf({ detail, done, label, subject }: SetUpStep): { label: string; description: string; detail: string; value: StepSubject } {
  return { label, description: done ? t('done') : t('to do'), detail, value: subject };
}

/** Takes one step. @param missing values that nobody gave yet @returns whether the list should come back */
async function take(context: SetUpContext, subject: StepSubject, missing: readonly WantedValue[]): Promise<boolean> {
  switch (subject.kind) {
    case 'trust':
      if (!context.trusted()) context.resume(() => void setUpWorkspace(context));
      await context.trust();
      return context.trusted();
    case 'approvals':
      // A server that may start asks for them by itself, in front of the list.
      for (const value of missing) await giveValue(context, value);
      await context.reviewLockFile();
      return true;
    case 'value':
      await giveValue(context, subject.value);
      return true;
    case 'launch':
      for (const value of missing.filter(({ server }) => server === subject.server)) await giveValue(context, value);
      await context.approveLaunch(subject.server, subject.fingerprint);
      return true;
    case 'review':
      // It is read in an editor, which a list in front would cover.
      await context.review(subject.server);
      return false;
  }
}

async function giveValue(context: SetUpContext, { input, server }: WantedValue): Promise<void> {
  const value = await context.askInput(input, server);
  if (value === undefined) return;
  await (await context.secrets).set(SECRET_KEYS.input(input.id, context.folder()), value);
  const gateway = await context.gateway();
  // Those that wait for it try again by themselves otherwise only when they are next used.
  for (const { name, state } of gateway.snapshot().upstreams) if (state.kind === 'needs-input' && state.input === input.id) await gateway.restart(name);
}

async function look(context: SetUpContext): Promise<{ readonly snapshot: ReturnType<GatewayApi['snapshot']>; readonly values: readonly WantedValue[] }> {
  const snapshot = (await context.gateway()).snapshot();
  const text = await context.serversFile();
  if (text === undefined) return { snapshot, values: [] };
  const { inputs, servers } = parseServersFile(text, 'vestibule.json', 'workspace');
  const names = new Set(broughtServers(snapshot).map(({ name }) => name));
  const secrets = await context.secrets;
  const wanted = new Map<string, WantedValue>();
  for (const { name, oauth, transport } of servers.filter((server) => names.has(server.name))) {
    for (const { argument = '', name: variable } of variablesIn(JSON.stringify([transport, oauth]))) {
      const input = variable === 'input' ? inputs.get(argument) : undefined;
      if (input === undefined || wanted.has(argument)) continue;
      wanted.set(argument, { input, server: name, stored: (await secrets.get(SECRET_KEYS.input(argument, context.folder()))) !== undefined });
    }
  }
  return { snapshot, values: [...wanted.values()] };
}
