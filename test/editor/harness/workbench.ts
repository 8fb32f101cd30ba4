// A VS Code workbench as a person uses it: keyboard, clicks, and what can be read on the screen.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Browser, errors, type FrameLocator, type Locator, type Page } from 'playwright-core';
import { createProfile, type EditorServer, installVsix, startServer } from '../../../scripts/editor/server.ts';
import { assertUnmarked } from '../../fixtures/telltale/mark.ts';
import { launchBrowser } from './browser.ts';
import { runFolder } from './folders.ts';

/** What to open. */
export interface WorkbenchOptions {
  /** Short name; names the folder below out/. */
  readonly name: string;
  /** Packaged extensions to install. */
  readonly vsix: readonly string[];
  /** Absolute path of the folder to open. */
  readonly workspace: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Files to put beside the user settings, by name. */
  readonly userFiles?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** False: the folder is untrusted until a person says otherwise. Default true. */
  readonly trusted?: boolean;
  /** The display language, as a language tag. VS Code's own texts stay English: its language packs are not on npm. */
  readonly language?: string;
}

/** First paint and extension host start on a slow machine, in milliseconds. */
const START_MS = 60_000;
/** What a palette that is open needs, in milliseconds. */
const SOON_MS = 5_000;
/** A menu that took a click is gone by then, in milliseconds. */
const CLOSING_MS = 1000;

/** One VS Code window over a server and a profile of its own. */
export class Workbench {
  readonly page: Page;
  /** Profile, logs and screenshots of this run. */
  readonly folder: string;
  readonly #server: EditorServer;
  readonly #browser: Browser;
  readonly #console: string[] = [];

  private constructor(folder: string, server: EditorServer, browser: Browser, page: Page) {
    this.folder = folder;
    this.#server = server;
    this.#browser = browser;
    this.page = page;
    page.on('console', (message) => {
      if (this.#console.length < 5000) this.#console.push(`[${message.type()}] ${message.text()}`);
    });
  }

  /** Starts VS Code with the extensions installed and opens the folder. */
  static async open(options: WorkbenchOptions): Promise<Workbench> {
    const folder = runFolder(options.name);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const profile = await createProfile(path.join(folder, 'profile'), options.settings);
    for (const [name, text] of Object.entries(options.userFiles ?? {})) {
      const file = path.join(profile.userFolder, name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, text);
    }
    for (const vsix of options.vsix) await installVsix(profile, vsix);
    const server = await startServer(profile, { trustEverything: options.trusted ?? true, ...(options.env && { env: options.env }) });
    try {
      const browser = await launchBrowser();
      try {
        const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
        if (options.language !== undefined) await context.addInitScript(setLanguage, options.language);
        const page = await context.newPage();
        return await Workbench.#window(folder, server, browser, page, options.workspace);
      } catch (error) {
        await browser.close();
        throw error;
      }
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Opens one more window over the same server and profile; it goes with this one, and is not closed by itself. */
  async another(workspace: string): Promise<Workbench> {
    // The same browser context: what VS Code keeps in the browser, trust among it, is that of one person.
    return Workbench.#window(this.folder, this.#server, this.#browser, await this.page.context().newPage(), workspace);
  }

  static async #window(folder: string, server: EditorServer, browser: Browser, page: Page, workspace: string): Promise<Workbench> {
    page.setDefaultTimeout(20_000);
    const workbench = new Workbench(folder, server, browser, page);
    await page.goto(server.url({ folder: workspace }), { timeout: START_MS });
    await page.locator('.monaco-workbench .part.statusbar').waitFor({ timeout: START_MS });
    return workbench;
  }

  /** Closes the window and ends the server. @throws Error when something the server started is still running */
  async close(): Promise<void> {
    await writeFile(path.join(this.folder, 'workbench.log'), this.#console.join('\n'));
    await writeFile(path.join(this.folder, 'server.log'), this.#server.output());
    await this.#browser.close();
    await this.#server.stop();
  }

  /** Saves what the window shows. @returns the file */
  async screenshot(name: string): Promise<string> {
    const file = path.join(this.folder, `${name}.png`);
    for (const frame of this.page.frames()) assertUnmarked(await frame.locator('body').innerText().catch(() => ''), `the picture ${name}`);
    await this.page.screenshot({ path: file });
    return file;
  }

  /**
   * Runs a command from the palette by its full title, e.g. `Vestibule: Add Server…`. The palette lists what was
   * registered when it opened, and closes when something else takes the focus: it is opened anew until the command
   * was there to be clicked.
   */
  async runCommand(title: string): Promise<void> {
    const deadline = Date.now() + START_MS;
    while (Date.now() < deadline) {
      if (await this.#runFromPalette(title)) return;
    }
    throw new Error(`no command "${title}" in the palette`);
  }

  async #runFromPalette(title: string): Promise<boolean> {
    return this.inPalette(title, async (command) => {
      await command.click({ timeout: SOON_MS });
      return true;
    });
  }

  /**
   * Has `take` do something with a command in the palette.
   * @returns what it returned; false when the palette does not have the command, or closed meanwhile
   */
  async inPalette(title: string, take: (command: Locator) => Promise<boolean>): Promise<boolean> {
    const soon = { timeout: SOON_MS };
    const command = this.quickPick(title).first();
    const none = this.quickPick(/No matching commands|similar commands/);
    try {
      await this.page.keyboard.press('F1');
      await this.quickInput().fill(`>${title}`, soon);
      await command.or(none).first().waitFor(soon);
      if (await command.isVisible()) return await take(command);
      await this.page.keyboard.press('Escape');
      await this.quickInput().waitFor({ state: 'hidden', ...soon });
    } catch (error) {
      ifLate(error);
    }
    return false;
  }

  /** The text field of the open quick input. */
  quickInput(): Locator {
    return this.page.locator('.quick-input-widget .quick-input-filter input');
  }

  /** Entries of the open quick pick that contain this text. */
  quickPick(text: string | RegExp): Locator {
    return this.page.locator('.quick-input-list .monaco-list-row', { hasText: text });
  }

  /** Opens a view container by its name in the activity bar. */
  async openContainer(name: string): Promise<void> {
    // The tab's own label comes and goes with its badge; that of what is drawn in it stays.
    const tab = this.page.locator('.activitybar [role="tab"]', { has: this.page.locator(`.action-label[aria-label^="${name}"]`) });
    await tab.waitFor({ timeout: START_MS });
    if ((await tab.getAttribute('aria-expanded')) !== 'true') await tab.click();
  }

  /** Rows of all trees in the side bar that contain this text. */
  treeRow(text: string | RegExp): Locator {
    return this.page.locator('.part.sidebar .monaco-list-row', { hasText: text });
  }

  /** One view of the side bar by its name: what stands above its rows and the rows themselves. */
  view(name: string): Locator {
    return this.page.locator('.part.sidebar .pane', { has: this.page.locator(`.pane-header[aria-label^="${name}"]`) });
  }

  /** Rows of one view that contain this text. */
  viewRow(view: string, text: string | RegExp): Locator {
    return this.view(view).locator('.monaco-list-row', { hasText: text });
  }

  /** Presses a button that a row of a view shows when it is pointed at. */
  async rowAction(row: Locator, action: string): Promise<void> {
    await row.hover();
    await row.locator(`.action-label[aria-label^="${action}"]`).click();
  }

  /**
   * Chooses from the context menu of a row. A menu takes no button that goes up in its first tenth of a second, so
   * that the click that opened it chooses nothing: it is clicked until it closes.
   */
  async rowMenu(row: Locator, action: string): Promise<void> {
    await row.click({ button: 'right' });
    const item = this.page.getByRole('menuitem', { name: action, exact: true });
    await item.waitFor({ timeout: START_MS });
    for (const deadline = Date.now() + START_MS; Date.now() < deadline; ) {
      await item.click({ timeout: SOON_MS }).catch(ifLate);
      await item.waitFor({ state: 'hidden', timeout: CLOSING_MS }).catch(ifLate);
      if (!(await item.isVisible())) return;
    }
    throw new Error(`the menu stays open at "${action}"`);
  }

  /** Points at a row until its hover says this: rows that are drawn anew under the pointer show none. */
  async tooltip(row: Locator, text: string | RegExp): Promise<void> {
    const hover = this.page.locator('.monaco-hover', { hasText: text });
    for (const deadline = Date.now() + START_MS; ; ) {
      await this.page.mouse.move(700, 5);
      await row.locator('.label-name').hover();
      const shown = await hover.waitFor({ timeout: SOON_MS }).then(
        () => true,
        () => false,
      );
      if (shown) return;
      if (Date.now() > deadline) throw new Error(`no hover says ${String(text)}`);
    }
  }

  /** Buttons and labels of the status bar that contain this text. */
  statusItem(text: string | RegExp): Locator {
    return this.page.locator('.part.statusbar .statusbar-item', { hasText: text });
  }

  /** The modal dialog, if one is open. */
  dialog(): Locator {
    return this.page.locator('.monaco-dialog-box');
  }

  /** Presses a button of the modal dialog and waits until it is gone. */
  async answer(button: string | RegExp): Promise<void> {
    await this.dialog().getByRole('button', { name: button }).click();
    await this.dialog().waitFor({ state: 'hidden' });
  }

  /** Notifications that contain this text. */
  notification(text: string | RegExp): Locator {
    return this.page.locator('.notification-toast', { hasText: text });
  }

  /** Has a person write settings: opens the file by its command, replaces all of it, and saves. */
  async writeSettings(command: string, settings: Readonly<Record<string, unknown>>): Promise<void> {
    await this.runCommand(command);
    const editor = this.page.locator('.part.editor .editor-group-container.active .monaco-editor[data-uri$="settings.json"]').first();
    await editor.waitFor();
    await editor.locator('.view-lines').click();
    await this.page.keyboard.press('ControlOrMeta+A');
    await this.page.keyboard.insertText(JSON.stringify(settings));
    // What the editor closed by itself stands behind the cursor.
    await this.page.keyboard.press('ControlOrMeta+Shift+End');
    await this.page.keyboard.press('Delete');
    await this.page.keyboard.press('ControlOrMeta+S');
    await this.page.locator('.part.editor .tab.active.dirty').waitFor({ state: 'hidden' });
  }

  /** Visible text of the active text editor (only the lines on the screen exist). */
  editorText(): Locator {
    return this.page.locator('.part.editor .editor-instance .view-lines');
  }

  /** Content of the webview in the editor area. */
  webview(): FrameLocator {
    return this.page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');
  }

  /** Types a query into the inspector's tool search, which is open, and runs it. */
  async searchInInspector(query: string): Promise<void> {
    const input = this.webview().locator('#search-text input');
    await input.fill(query);
    await input.press('Enter');
  }

  /**
   * Approves the launch of a server of the workspace, then all its tools, through the views and dialogs.
   * @param tool one of its tools, which shows that they are listed
   */
  async approveEverything(server: string, tool: string): Promise<void> {
    await this.treeRow(new RegExp(`^Run .*server-${server}`)).click();
    await this.editorText().getByText(`Review of ${server}`).waitFor();
    await this.runCommand('Vestibule: Approve…');
    await this.answer('Approve Launch');
    await this.treeRow(new RegExp(`${tool}.*new`)).first().waitFor();
    await this.runCommand('Vestibule: Approve All…');
    await this.answer(/^Approve \d+$/);
  }

  /** Puts the window in a theme of VS Code's own, by the label in its list. */
  async useTheme(theme: string): Promise<void> {
    await this.runCommand('Preferences: Color Theme');
    await this.page.locator('.quick-input-filter input[placeholder*="Color Theme"]').waitFor();
    await this.quickInput().fill(theme);
    await this.page.locator('.quick-input-list .monaco-list-row.focused', { hasText: theme }).waitFor();
    await this.page.keyboard.press('Enter');
    await this.quickInput().waitFor({ state: 'hidden' });
  }

  /** Paragraphs of the chat's answers that contain this text. */
  chatText(text: string | RegExp): Locator {
    return this.page.locator('.interactive-response .rendered-markdown', { hasText: text }).first();
  }

  /** A question of the chat, as before a tool call, that contains this text. */
  chatQuestion(text: string | RegExp): Locator {
    return this.page.locator('.chat-confirmation-widget-container', { hasText: text });
  }

  /** Answers a question of the chat with the first button that allows, once it is asked. */
  async allowInChat(text: string | RegExp, ms: number): Promise<void> {
    const question = this.chatQuestion(text);
    await question.getByRole('button', { name: /^Allow/ }).first().click({ timeout: ms });
    await question.waitFor({ state: 'hidden' });
  }
}

/** Takes that something was not there in time for an answer. */
function ifLate(error: unknown): void {
  if (!(error instanceof errors.TimeoutError)) throw error;
}

/** Runs in the page before anything of VS Code does: what a language pack would say is said for it. */
function setLanguage(language: string): void {
  Object.defineProperty(globalThis, '_VSCODE_NLS_LANGUAGE', { get: () => language, set: () => undefined });
}
