import type { Locator } from 'playwright-core';
import type { Workbench } from './workbench.ts';

/** For a command to be registered and taken on a slow machine, in milliseconds. */
const COMMAND_MS = 60_000;

/** What a person without a mouse does in quick picks and dialogs. */
export interface Keyboard {
  /** Presses one key after the other. */
  readonly press: (...keys: readonly string[]) => Promise<void>;
  /** Runs a command by its title in the palette. */
  readonly command: (title: string) => Promise<void>;
  /**
   * Ticks what a filter leaves of an open list of several, and takes it.
   * @param text the filter; empty for all
   * @param gone an entry that the filter hides; undefined when it hides none
   */
  readonly tick: (text: string, gone: string | undefined) => Promise<void>;
  /** Moves to a button of the modal dialog and presses it. */
  readonly button: (name: RegExp) => Promise<void>;
  /** How often the mouse was pressed since `watchMouse`. */
  readonly mouseUses: () => number;
  readonly watchMouse: () => Promise<void>;
}

/** @param workbench the window, once it is open */
export function keyboardOf(workbench: () => Workbench): Keyboard {
  let uses = 0;
  const press = async (...keys: readonly string[]): Promise<void> => {
    for (const key of keys) await workbench().page.keyboard.press(key);
  };
  const isFocused = async (wanted: Locator): Promise<boolean> => (await wanted.and(workbench().page.locator(':focus')).count()) > 0;
  /**
   * Moves to a command in the palette and takes it; false when Enter would have gone elsewhere: something took the focus,
   * or what the palette found later came before the command.
   */
  const take = async (title: string, command: Locator): Promise<boolean> => {
    const { page } = workbench();
    const focused = command.and(page.locator('.focused'));
    for (let i = 0; i < 8 && (await focused.count()) === 0; i++) await press('ArrowDown');
    if ((await focused.count()) === 0) return false;
    await page.evaluate(watchEnter(title));
    await press('Enter');
    return page.evaluate<boolean>('enterWent');
  };
  return {
    press,
    async command(title) {
      const deadline = Date.now() + COMMAND_MS;
      while (!(await workbench().inPalette(title, (command) => take(title, command)))) if (Date.now() > deadline) throw new Error(`no command "${title}" in the palette`);
    },
    async tick(text, gone) {
      if (gone !== undefined) await workbench().quickPick(gone).first().waitFor();
      await workbench().quickInput().fill(text);
      if (gone !== undefined) await workbench().quickPick(gone).waitFor({ state: 'hidden' });
      // The box in front of the field ticks all that is left.
      await workbench().quickInput().press('Shift+Tab');
      await press('Space', 'Tab');
      await workbench().quickInput().press('Enter');
      await workbench().dialog().waitFor();
    },
    async button(name) {
      const wanted = workbench().dialog().getByRole('button', { name });
      await wanted.waitFor();
      for (let i = 0; i < 6 && !(await isFocused(wanted)); i++) await press('Tab');
      // A slow dialog may have taken the focus back meanwhile.
      await wanted.press('Enter');
      await workbench().dialog().waitFor({ state: 'hidden' });
    },
    async watchMouse() {
      await workbench().page.exposeFunction('noteMouse', () => {
        uses++;
      });
      await workbench().page.evaluate("document.addEventListener('mousedown', () => noteMouse(), true)");
    },
    mouseUses: () => uses,
  };
}

/** For the page: its next key is taken in the palette at the command of this title, or by nobody. */
function watchEnter(title: string): string {
  return `document.addEventListener('keydown', (event) => {
    const row = document.querySelector('.quick-input-list .monaco-list-row.focused');
    enterWent = event.target.matches('.quick-input-filter input') && row !== null && row.textContent.replace(/\\s+/g, ' ').includes(${JSON.stringify(title)});
    if (enterWent) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, { capture: true, once: true })`;
}
