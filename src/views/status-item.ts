import * as vscode from 'vscode';
import type { Disposable } from '../proxy/events.ts';
import { View } from './ids.ts';
import type { Status, TooltipPart } from './present/status.ts';

/** The one status bar item. A click opens the Upstreams view. */
export class StatusItem implements Disposable {
  readonly #item: vscode.StatusBarItem;

  constructor() {
    this.#item = vscode.window.createStatusBarItem('vestibule.status', vscode.StatusBarAlignment.Right, 100);
    this.#item.name = 'Vestibule';
    this.#item.command = `${View.upstreams}.focus`;
  }

  show(status: Status): void {
    const { background, spoken, text, tooltip } = status;
    this.#item.text = text;
    this.#item.accessibilityInformation = { label: spoken, role: 'button' };
    this.#item.backgroundColor = background === undefined ? undefined : new vscode.ThemeColor(`statusBarItem.${background}Background`);
    this.#item.tooltip = toMarkdown(tooltip);
    this.#item.show();
  }

  dispose(): void {
    this.#item.dispose();
  }
}

/** Links are ours and named one by one in `enabledCommands`; everything else is appended as escaped text. */
function toMarkdown(paragraphs: readonly (readonly TooltipPart[])[]): vscode.MarkdownString {
  const markdown = new vscode.MarkdownString();
  const enabledCommands: string[] = [];
  for (const paragraph of paragraphs) {
    for (const part of paragraph) {
      if (part.kind === 'text') {
        markdown.appendText(`${part.text} `);
      } else {
        markdown.appendMarkdown(`[${part.label}](command:${part.command}) `);
        enabledCommands.push(part.command);
      }
    }
    markdown.appendMarkdown('\n\n');
  }
  markdown.isTrusted = { enabledCommands };
  return markdown;
}
