// A VS Code workbench as a person uses it: keyboard, clicks, and what can be read on the screen.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Browser, errors, type FrameLocator, type Locator, type Page } from 'playwright-core';
import { createProfile, type EditorServer, installVsix, startServer } from '../../../scripts/editor/server.ts';
import { eventually } from '../../fixtures/eventually.ts';
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
/** What took a click or a key is gone by then, in milliseconds. */
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
   * registered when it opened, closes when something else takes the focus, and loses a click on a row that is drawn
   * anew meanwhile: it is opened until the command was there to be clicked, and the palette went with that.
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
   * Has `take` do something with a command in the palette, and waits until the palette is gone: its field is that of
   * whatever the command asks.
   * @returns what it returned; false when the palette does not have the command, closed before, or stays
   */
  async inPalette(title: string, take: (command: Locator) => Promise<boolean>): Promise<boolean> {
    const soon = { timeout: SOON_MS };
    const command = this.quickPick(title).first();
    const none = this.quickPick(/No matching commands|similar commands/);
    try {
      await this.page.keyboard.press('F1');
      await this.quickInput().fill(`>${title}`, soon);
      await command.or(none).first().waitFor(soon);
      if (await command.isVisible()) {
        if (!(await take(command))) return false;
        await this.page.waitForFunction(
          `(() => { const field = document.querySelector('.quick-input-widget .quick-input-filter input'); return !field?.checkVisibility() || field.value !== ${JSON.stringify(`>${title}`)}; })()`,
          undefined,
          soon,
        );
        return true;
      }
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

  /**
   * Takes the row of the open quick pick that contains this text, by typing: hovers of rows cover others. An editor
   * that opens meanwhile has the focus while the list stays: keys go to its field.
   */
  async choose(text: string): Promise<void> {
    // The palette that led here may still be open: its field is not the one to type into.
    await this.quickPick(text).first().waitFor({ timeout: START_MS });
    await this.quickInput().fill(text);
    // The filter has been applied only once the row that Enter takes is this one.
    await this.page.locator('.quick-input-list .monaco-list-row.focused', { hasText: text }).waitFor();
    await this.quickInput().press('Enter');
  }

  /** Types into the box that asks this, and takes what is in it. @param text undefined to take what it proposes */
  async type(asked: string, text?: string): Promise<void> {
    await this.page.locator('.quick-input-message', { hasText: asked }).waitFor({ timeout: START_MS });
    if (text !== undefined) await this.quickInput().fill(text);
    await this.quickInput().press('Enter');
  }

  /** Takes what is ticked in the open quick pick. */
  async takeTicked(): Promise<void> {
    await this.page.locator('.quick-input-widget .quick-input-action').getByRole('button', { name: 'OK' }).click();
  }

  /**
   * Clicks until that shows: what is drawn anew under the pointer takes no click. A click more must do no harm.
   * @param click one try; it may find nothing to click
   * @param shows what the click brings, and is not there before
   */
  async clickUntil(click: () => Promise<void>, shows: Locator): Promise<void> {
    for (const deadline = Date.now() + START_MS; Date.now() < deadline; ) {
      await click().catch(ifLate);
      if (await isSoonThere(shows)) return;
    }
    throw new Error(`no click brings ${String(shows)}`);
  }

  /** Presses a key in the field of the quick input until something is gone: it may not listen yet. */
  pressUntilGone(key: string, shown: Locator): Promise<void> {
    return untilGone(shown, () => this.quickInput().press(key, { timeout: CLOSING_MS }), { goneMs: CLOSING_MS });
  }

  /** Opens a review by a row, which takes the focus once it is open. @param title what it is of, as its first line says */
  async openReview(row: Locator, title: string): Promise<void> {
    await row.waitFor({ timeout: START_MS });
    await this.clickUntil(() => row.click({ timeout: SOON_MS }), this.editorText().getByText(title).first());
  }

  /** Trusts the folder, in the editor that manages trust; it draws itself more than once. */
  async trust(): Promise<void> {
    const button = this.page.getByRole('button', { name: 'Trust', exact: true }).first();
    await button.waitFor();
    await untilGone(button, () => button.click({ timeout: SOON_MS }));
  }

  /** Loads the window anew by VS Code's own command: it keeps what views remember; the browser's reload may be quicker than that. */
  async reloadWindow(): Promise<void> {
    const loaded = this.page.waitForEvent('load', { timeout: START_MS });
    loaded.catch(() => undefined);
    await this.runCommand('Developer: Reload Window');
    await loaded;
  }

  /** Opens a view container by its name in the activity bar. */
  async openContainer(name: string): Promise<void> {
    // The tab's own label comes and goes with its badge; that of what is drawn in it stays.
    const tab = this.page.locator('.activitybar [role="tab"]', { has: this.page.locator(`.action-label[aria-label^="${name}"]`) });
    await tab.waitFor({ timeout: START_MS });
    const open = tab.and(this.page.locator('[aria-expanded="true"]'));
    await this.clickUntil(async () => ((await open.isVisible()) ? undefined : tab.click({ timeout: SOON_MS })), open);
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

  /** Presses a button that a row of a view shows when it is pointed at. @param shows what that brings */
  async rowAction(row: Locator, action: string, shows: Locator): Promise<void> {
    await row.waitFor({ timeout: START_MS });
    const press = async (): Promise<void> => {
      await row.hover({ timeout: SOON_MS });
      await row.locator(`.action-label[aria-label^="${action}"]`).click({ timeout: SOON_MS });
    };
    await this.clickUntil(press, shows);
  }

  /**
   * Chooses from the context menu of a row. A menu takes no button that goes up in its first tenth of a second, so
   * that the click that opened it chooses nothing: it is clicked until it closes. It closes by itself when something
   * else takes the focus.
   * @param shows what the choice brings
   */
  async rowMenu(row: Locator, action: string, shows: Locator): Promise<void> {
    await row.waitFor({ timeout: START_MS });
    const item = this.page.getByRole('menuitem', { name: action, exact: true });
    const take = async (): Promise<void> => {
      if (!(await item.isVisible())) await row.click({ button: 'right', timeout: SOON_MS });
      await item.waitFor({ timeout: SOON_MS });
      await untilGone(item, () => item.click({ timeout: SOON_MS }), { goneMs: CLOSING_MS });
    };
    await this.clickUntil(take, shows);
  }

  /** Unfolds a row of a tree, or folds it. */
  async setFolded(row: Locator, folded: boolean): Promise<void> {
    await row.waitFor({ timeout: START_MS });
    const done = row.and(this.page.locator(`[aria-expanded="${String(!folded)}"]`));
    await this.clickUntil(async () => ((await done.isVisible()) ? undefined : row.locator('.monaco-tl-twistie').click({ timeout: SOON_MS })), done);
  }

  /**
   * Ticks or clears a box of a tree until that has come true: while its row is drawn anew, a click is lost and what it
   * shows is not its own.
   */
  async tickUntil(box: Locator, on: boolean, isTrue: () => Promise<boolean>): Promise<void> {
    await eventually(async () => {
      if ((await box.getAttribute('aria-checked')) !== String(on)) await box.click();
      return isTrue();
    });
  }

  /** Points at a row until its hover says this: rows that are drawn anew under the pointer show none. */
  async tooltip(row: Locator, text: string | RegExp): Promise<void> {
    const hover = this.page.locator('.monaco-hover', { hasText: text });
    for (const deadline = Date.now() + START_MS; ; ) {
      await this.page.mouse.move(700, 5);
      await row.locator('.label-name').hover();
      if (await isSoonThere(hover)) return;
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
    await this.clickUntil(() => editor.locator('.view-lines').click({ timeout: SOON_MS }), editor.and(this.page.locator('.focused')));
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
    await this.openReview(this.treeRow(new RegExp(`^Run .*server-${server}`)), `Review of ${server}`);
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
    await this.quickInput().press('Enter');
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
    await question.waitFor({ timeout: ms });
    // The chat draws it anew as more of it arrives.
    await untilGone(question, () => question.getByRole('button', { name: /^Allow/ }).first().click({ timeout: SOON_MS }), { ms });
  }
}

/**
 * Does something until what shows is gone: it may not listen yet, or be drawn anew. Once more must do no harm.
 * @param act one try; it may find nothing to act on
 * @param goneMs how long after a try it may take to go, and `ms` how long is tried, in milliseconds
 */
async function untilGone(shown: Locator, act: () => Promise<void>, { goneMs = SOON_MS, ms = START_MS } = {}): Promise<void> {
  for (const deadline = Date.now() + ms; Date.now() < deadline; ) {
    await act().catch(ifLate);
    await shown.waitFor({ state: 'hidden', timeout: goneMs }).catch(ifLate);
    if (!(await shown.isVisible())) return;
  }
  throw new Error(`it stays: ${String(shown)}`);
}

/** Whether something shows within a moment. */
async function isSoonThere(wanted: Locator): Promise<boolean> {
  return wanted.first().waitFor({ timeout: SOON_MS }).then(
    () => true,
    (error: unknown) => {
      ifLate(error);
      return false;
    },
  );
}

/** Takes that something was not there in time for an answer. */
function ifLate(error: unknown): void {
  if (!(error instanceof errors.TimeoutError)) throw error;
}

/** Runs in the page before anything of VS Code does: what a language pack would say is said for it. */
function setLanguage(language: string): void {
  Object.defineProperty(globalThis, '_VSCODE_NLS_LANGUAGE', { get: () => language, set: () => undefined });
}
