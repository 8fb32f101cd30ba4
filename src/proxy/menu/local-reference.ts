const MAX_HOPS = 4;

/**
 * What a schema node stands for: itself, or the node that its `$ref` leads to inside the same schema. References
 * that leave the schema, lead nowhere or go in circles are not followed; nothing is ever fetched.
 */
export function resolveReference(root: unknown, node: unknown): unknown {
  let current = node;
  for (let hop = 0; hop < MAX_HOPS; hop++) {
    const reference = own(current, '$ref');
    if (typeof reference !== 'string' || !reference.startsWith('#')) return current;
    current = at(root, reference.slice(1));
    if (current === undefined) return node;
  }
  return node;
}

function at(root: unknown, pointer: string): unknown {
  let current = root;
  for (const token of pointer.split('/').slice(1)) current = own(current, token.replaceAll('~1', '/').replaceAll('~0', '~'));
  return current;
}

function own(node: unknown, key: string): unknown {
  return typeof node === 'object' && node !== null && Object.hasOwn(node, key) ? (node as Readonly<Record<string, unknown>>)[key] : undefined;
}
