/**
 * A name for a server that starts with these words: that of its package, image or script, without what every MCP
 * server has in its name.
 */
export function nameForCommand(words: readonly string[]): string {
  const program = basename(words[0] ?? '');
  const rest = words.slice(1);
  // A bridge says nothing of the server behind it; its address does.
  const bridged = rest.some((word) => /^(?:mcp-remote|supergateway)(?:@|$)/.test(word)) ? rest.find((word) => /^https?:/.test(word) && URL.canParse(word)) : undefined;
  if (bridged !== undefined) return nameForUrl(new URL(bridged));
  const candidate = RUNNERS.has(program.toLowerCase()) ? subjectOf(program.toLowerCase(), rest) : program;
  return shorten(candidate ?? program);
}

/** A name for a server at this address: the telling part of its host, or host and port on this machine. */
export function nameForUrl(url: URL): string {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (host === 'localhost' || /^[\d.]+$|:/.test(host)) return shorten(url.port === '' ? 'local' : `local-${url.port}`);
  const labels = host.split('.').filter((label) => !/^(?:www|mcp|api|app|server|sse)$/.test(label));
  const last = host.split('.').at(-1);
  return shorten(labels.find((label) => label !== last) ?? host);
}

/** `base`, or `base-2`, `base-3`, … until it is free. */
export function freeName(base: string, taken: (name: string) => boolean): string {
  for (let n = 1; ; n++) {
    const name = n === 1 ? base : `${base}-${n}`;
    if (!taken(name)) return name;
  }
}

const RUNNERS: ReadonlySet<string> = new Set(['npx', 'bunx', 'pnpx', 'pnpm', 'yarn', 'npm', 'uvx', 'uv', 'pipx', 'node', 'bun', 'deno', 'tsx', 'python', 'python3', 'py', 'docker', 'podman', 'dnx', 'go', 'java', 'cmd', 'env']);
const SUBCOMMANDS: ReadonlySet<string> = new Set(['run', 'exec', 'dlx', 'x', 'tool', '/c', 'npx', 'uvx', 'node', 'start']);
/** Options of container runners and package runners that take their value as the next word. */
const WITH_VALUE = /^(?:-[eveupwlmh]|--(?:env|env-file|volume|mount|network|name|user|publish|workdir|label|directory|project|python|with|entrypoint|platform|pull))$/;

function subjectOf(runner: string, words: readonly string[]): string | undefined {
  const from = words.findIndex((word) => word === '--from');
  if (from >= 0 && words[from + 1] !== undefined) return packageName(words[from + 1] ?? '');
  const container = runner === 'docker' || runner === 'podman';
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (word === '-m' && !container) return words[i + 1];
    if (WITH_VALUE.test(word) && (container || word.startsWith('--'))) i++;
    else if (!word.startsWith('-') && !SUBCOMMANDS.has(word)) return packageName(word);
  }
  return undefined;
}

/** The last part of a package, image or path, without version and extension. */
function packageName(word: string): string {
  const unversioned = word.replace(/(?<=.)(?:@|==|>=|:)[^/\\]*$/, '');
  const parts = unversioned.split(/[/\\]/).filter((part) => part !== '');
  const last = (parts.at(-1) ?? word).replace(/\.(?:[cm]?[jt]s|py|exe|cmd|sh|jar|git)$/i, '');
  const scope = word.startsWith('@') ? (parts[0] ?? '').slice(1) : undefined;
  // `dist/index.js` and `@playwright/mcp` say it one part further up.
  if (!/^(?:index|main|server|cli|dist|build|src|bin|mcp|mcp-server|run|app)$/i.test(last)) return last;
  const above = scope ?? parts.slice(0, -1).reverse().find((part) => !/^(?:dist|build|src|bin|out|lib|\.+|\$\{.*\})$/i.test(part));
  return above ?? last;
}

function basename(path: string): string {
  return (path.split(/[/\\]/).at(-1) ?? path).replace(/\.(?:exe|cmd|bat|sh)$/i, '');
}

function shorten(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^(?:mcp[-_.]?)?(?:server[-_.])/, '')
    .replace(/^mcp[-_.]/, '')
    .replace(/[-_.](?:mcp)?[-_.]?(?:server)$/, '')
    .replace(/[-_.]mcp$/, '')
    .replace(/^[-_.]+|[-_.]+$/g, '')
    .slice(0, 40);
  return plain === '' ? 'server' : plain;
}
