import * as vscode from 'vscode';
import { visible } from '../proxy/json/visible.ts';
import type { Confirmation } from './present/confirmation.ts';
import type { Problem } from './problem.ts';
import { withoutIcons, withoutLinks } from './text.ts';

/** A row of a pick list. Texts may come from outside; the dialogs make them safe. */
export interface Choice<T> {
  readonly label: string;
  readonly description?: string;
  readonly detail?: string;
  readonly value: T;
  /** Ticked at first, where several can be picked. */
  readonly picked?: boolean;
}

export interface Prompt {
  readonly title: string;
  readonly prompt: string;
  readonly placeholder?: string;
  readonly value?: string;
  readonly password?: boolean;
  /** Says what is wrong with the text, or undefined when it will do. */
  readonly check?: (text: string) => string | undefined;
  /** Closes it once aborted. */
  readonly until?: AbortSignal;
}

/** A step a notification offers. */
export interface Offer {
  readonly label: string;
  readonly run: () => unknown;
}

/**
 * Every question the extension asks a person. A seam, because a test inside the editor has nobody to answer a modal;
 * it is replaced only there (security U12).
 */
export interface Dialogs {
  /**
   * A modal question. With `instead`, that is the default button: doing it is a no, and yes takes a decision
   * (security U5).
   */
  confirm(question: Confirmation, instead?: Offer): Promise<boolean>;
  /** A modal question with several answers, the default first. Texts are shown as they are. @returns the button; undefined when closed */
  modal(message: string, detail: string, buttons: readonly string[]): Promise<string | undefined>;
  pick<T>(title: string, choices: readonly Choice<T>[]): Promise<T | undefined>;
  pickMany<T>(title: string, choices: readonly Choice<T>[]): Promise<readonly T[] | undefined>;
  prompt(prompt: Prompt): Promise<string | undefined>;
  /** Where to write a file. @param name proposed, in the first folder of the workspace */
  saveAs(title: string, name: string): Promise<vscode.Uri | undefined>;
  /** Never waits for an answer. */
  inform(message: string, ...offers: readonly Offer[]): void;
  fail(problem: Problem, ...offers: readonly Offer[]): void;
}

/** The dialogs of the editor itself. */
export const editorDialogs: Dialogs = {
  async confirm({ message, detail, yes }, instead) {
    const buttons = instead === undefined ? [yes] : [instead.label, yes];
    const answered = await vscode.window.showWarningMessage(withoutLinks(message), { modal: true, detail }, ...buttons);
    if (answered === instead?.label) await instead?.run();
    return answered === yes;
  },

  async modal(message, detail, buttons) {
    return vscode.window.showWarningMessage(withoutLinks(message), { modal: true, detail }, ...buttons);
  },

  async pick(title, choices) {
    return (await vscode.window.showQuickPick(choices.map(toItem), { title, ...MATCH }))?.value;
  },

  async pickMany(title, choices) {
    const items = await vscode.window.showQuickPick(choices.map(toItem), { title, canPickMany: true, ...MATCH });
    return items?.map(({ value }) => value);
  },

  async prompt({ title, prompt, placeholder, value, password, check, until }) {
    const closing = new vscode.CancellationTokenSource();
    const close = (): void => closing.cancel();
    until?.addEventListener('abort', close, { once: true });
    if (until?.aborted === true) close();
    try {
      return await vscode.window.showInputBox({
        title: visible(title),
        prompt: withoutLinks(visible(prompt)),
        ignoreFocusOut: true,
        password: password ?? false,
        ...(placeholder !== undefined && { placeHolder: visible(placeholder) }),
        ...(value !== undefined && { value }),
        ...(check !== undefined && { validateInput: check }),
      }, closing.token);
    } finally {
      until?.removeEventListener('abort', close);
      closing.dispose();
    }
  },

  async saveAs(title, name) {
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    return vscode.window.showSaveDialog({ title, ...(folder !== undefined && { defaultUri: vscode.Uri.joinPath(folder, name) }) });
  },

  inform(message, ...offers) {
    void answer(vscode.window.showInformationMessage(plain(message), ...offers.map(({ label }) => label)), offers);
  },

  fail({ message, action }, ...offers) {
    void answer(vscode.window.showErrorMessage(plain(`${message} ${action}`), ...offers.map(({ label }) => label)), offers);
  },
};

/** Dialogs that can be answered by somebody else for a while. */
export class ReplaceableDialogs implements Dialogs {
  #current: Dialogs = editorDialogs;

  /** Answers some or all questions in the person's stead; the result puts the editor's dialogs back. */
  replace(dialogs: Partial<Dialogs>): () => void {
    this.#current = { ...editorDialogs, ...dialogs };
    return () => {
      this.#current = editorDialogs;
    };
  }

  confirm(question: Confirmation, instead?: Offer): Promise<boolean> {
    return this.#current.confirm(question, instead);
  }

  modal(message: string, detail: string, buttons: readonly string[]): Promise<string | undefined> {
    return this.#current.modal(message, detail, buttons);
  }

  pick<T>(title: string, choices: readonly Choice<T>[]): Promise<T | undefined> {
    return this.#current.pick(title, choices);
  }

  pickMany<T>(title: string, choices: readonly Choice<T>[]): Promise<readonly T[] | undefined> {
    return this.#current.pickMany(title, choices);
  }

  prompt(prompt: Prompt): Promise<string | undefined> {
    return this.#current.prompt(prompt);
  }

  saveAs(title: string, name: string): Promise<vscode.Uri | undefined> {
    return this.#current.saveAs(title, name);
  }

  inform(message: string, ...offers: readonly Offer[]): void {
    this.#current.inform(message, ...offers);
  }

  fail(problem: Problem, ...offers: readonly Offer[]): void {
    this.#current.fail(problem, ...offers);
  }
}

const MATCH = { matchOnDescription: true, matchOnDetail: true, ignoreFocusOut: true } as const;

function toItem<T>(choice: Choice<T>): vscode.QuickPickItem & { value: T } {
  const { label, description, detail, value, picked } = choice;
  return {
    label: iconless(label),
    ...(description !== undefined && { description: iconless(description) }),
    ...(detail !== undefined && { detail: iconless(detail) }),
    ...(picked !== undefined && { picked }),
    value,
  };
}

function iconless(text: string): string {
  return withoutIcons(visible(text));
}

function plain(text: string): string {
  return withoutLinks(visible(text));
}

async function answer(shown: Thenable<string | undefined>, offers: readonly Offer[]): Promise<void> {
  const label = await shown;
  await offers.find((offer) => offer.label === label)?.run();
}
