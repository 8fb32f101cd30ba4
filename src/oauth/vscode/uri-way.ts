import * as vscode from 'vscode';
import type { OpenRedirect, RedirectWay, Taken } from '../core/redirect.ts';

/** Path of the address by which the browser comes back to the editor. */
const PATH = '/sign-in';

/**
 * Answers of sign-ins that come back through the editor itself (`vscode.env.asExternalUri`): the one way that reaches
 * an extension on another machine than the browser's. VS Code hands them to the window that asked.
 */
export class UriAnswers implements vscode.UriHandler {
  readonly #extension: string;
  readonly #stray: () => void;
  readonly #open = new Set<EditorRedirect>();

  /**
   * @param extension its id, `publisher.name`
   * @param stray told of an answer that no sign-in of this window waits for
   */
  constructor(extension: string, stray: () => void) {
    this.#extension = extension;
    this.#stray = stray;
  }

  handleUri({ path, query }: vscode.Uri): void {
    const answer = answerOf(query);
    const taken = path === PATH && [...this.#open].some((redirect) => (redirect.onAnswer?.(answer) ?? 'foreign') !== 'foreign');
    if (!taken) this.#stray();
  }

  /** The way through the editor. */
  readonly way: RedirectWay = {
    kind: 'editor',
    open: async () => {
      const own = vscode.Uri.from({ scheme: vscode.env.uriScheme, authority: this.#extension, path: PATH });
      // As it is written: its query may hold encoded parts of its own.
      const redirect = new EditorRedirect((await vscode.env.asExternalUri(own)).toString(true), () => this.#open.delete(redirect));
      this.#open.add(redirect);
      return redirect;
    },
  };
}

/** Whether the browser is on another machine than this extension, as far as VS Code tells. */
export function browserIsElsewhere(): boolean {
  return vscode.env.uiKind === vscode.UIKind.Web || vscode.env.remoteName !== undefined;
}

class EditorRedirect implements OpenRedirect {
  readonly kind = 'editor';
  readonly redirectUri: string;
  readonly #closed: () => void;
  onAnswer: ((redirect: URL) => Taken) | undefined;

  constructor(redirectUri: string, closed: () => void) {
    this.redirectUri = redirectUri;
    this.#closed = closed;
  }

  dispose(): void {
    this.onAnswer = undefined;
    this.#closed();
  }
}

/** The fields of an answer. Desktops hand them over decoded and browsers as they were, so a plus is never a space here. */
function answerOf(query: string): URL {
  const answer = new URL('vestibule:answer');
  for (const field of query.split('&').slice(0, 64)) {
    const [name = '', ...value] = field.split('=');
    answer.searchParams.append(decoded(name), decoded(value.join('=')));
  }
  return answer;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
