/** A piece of a URI template (RFC 6570): text as it is, or an expression such as `{id}`. */
export type TemplatePart = { readonly literal: string } | { readonly expression: string };

/** Cuts a template into its pieces. Braces that do not pair are text. */
export function templateParts(template: string): readonly TemplatePart[] {
  const parts: TemplatePart[] = [];
  let at = 0;
  for (const match of template.matchAll(/\{[^{}]{1,256}\}/g)) {
    if (match.index > at) parts.push({ literal: template.slice(at, match.index) });
    parts.push({ expression: match[0] });
    at = match.index + match[0].length;
  }
  if (at < template.length) parts.push({ literal: template.slice(at) });
  return parts;
}

/**
 * What each expression of a template stands for in `uri`, in order; undefined when the template cannot have made it.
 * An expression stands for any text, so this may take a URI for a template's that another could have made as well.
 * Linear in the length of the URI for a given template.
 */
export function matchTemplate(parts: readonly TemplatePart[], uri: string): readonly string[] | undefined {
  const values: string[] = [];
  let at = 0;
  let open = false;
  for (const [index, part] of parts.entries()) {
    if ('expression' in part) {
      // Of two expressions in a row the first takes everything: nothing says where it ends.
      if (open) values.push('');
      open = true;
      continue;
    }
    const { literal } = part;
    // The last piece of text must be the end, the first must be the beginning; between, the earliest place will do.
    const found = index === parts.length - 1 ? Math.max(uri.length - literal.length, -1) : uri.indexOf(literal, at);
    if (found < at || !uri.startsWith(literal, found) || (!open && found !== at)) return undefined;
    if (open) values.push(uri.slice(at, found));
    open = false;
    at = found + literal.length;
  }
  if (open) values.push(uri.slice(at));
  return open || at === uri.length ? values : undefined;
}

/** How many characters of a template are text: of two that match a URI, the one with more knows it better. */
export function literalLength(parts: readonly TemplatePart[]): number {
  return parts.reduce((sum, part) => sum + ('literal' in part ? part.literal.length : 0), 0);
}
