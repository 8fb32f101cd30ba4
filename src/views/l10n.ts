/**
 * Every text of ours that a person reads in the editor goes through here, in plain English with `{0}`, `{1}`… for what
 * is put in. The English text is the key of its translations (`l10n/bundle.l10n.*.json`), which `t` looks up in the
 * language of the editor; `test/unit/views-l10n.test.ts` holds the two together. No `vscode` here: presenters are
 * tested without an editor, and the inspector's page has none.
 */

/** Finds a text in the language of the editor and puts the values in. */
export type Translate = (message: string, ...values: (string | number)[]) => string;

let translate: Translate = fill;

/** Says where translations come from, once per bundle, before anything is shown. */
export function translateWith(next: Translate): void {
  translate = next;
}

/** A text in the language of the editor. @param message English, a literal; `{0}` stands for the first value */
export function t(message: string, ...values: (string | number)[]): string {
  return translate(message, ...values);
}

/** One of two texts by a count, which is the first value: `tn(3, '{0} tool', '{0} tools')`. */
export function tn(count: number, one: string, many: string, ...values: (string | number)[]): string {
  return translate(count === 1 ? one : many, count, ...values);
}

/** A message with its values put in; a placeholder without one stays. */
export function fill(message: string, ...values: (string | number)[]): string {
  return message.replace(/\{(\d+)\}/g, (placeholder, index: string) => String(values[Number(index)] ?? placeholder));
}
