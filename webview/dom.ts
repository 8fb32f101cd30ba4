/**
 * The element of the page with this id.
 * @throws Error when the page has none: its markup and this script do not belong together
 */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no #${id}.`);
  return element;
}

/** A new element with text in it. Text only: nothing here parses markup. */
export function make<K extends keyof HTMLElementTagNameMap>(tag: K, text = '', className = ''): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.textContent = text;
  if (className !== '') element.className = className;
  return element;
}

/** A table cell with text or elements in it. */
export function cell(content: string | HTMLElement, className = ''): HTMLTableCellElement {
  if (typeof content === 'string') return make('td', content, className);
  const element = make('td', '', className);
  element.append(content);
  return element;
}

/** Calls `run` once things have been quiet for `ms` milliseconds. */
export function settled(ms: number, run: () => void): () => void {
  let timer: number | undefined;
  return () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(run, ms);
  };
}

/** Calls `run` at most once per `ms` milliseconds, the last time included. */
export function throttled(ms: number, run: () => void): () => void {
  let timer: number | undefined;
  return () => {
    timer ??= window.setTimeout(() => {
      timer = undefined;
      run();
    }, ms);
  };
}
