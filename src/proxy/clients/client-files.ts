import { posix, win32 } from 'node:path';

/*
 * Where MCP clients keep their list of servers. What is here was read in their documentation or source; a place that
 * nobody documents is not listed. Import reads these files, and connecting an agent writes to them.
 */

export const CLIENT_IDS = [
  'vscode', 'vscode-insiders', 'claude-code', 'claude-desktop', 'cursor', 'windsurf', 'codex', 'gemini', 'copilot-cli', 'cline', 'roo', 'continue', 'zed',
] as const;

export type ClientId = (typeof CLIENT_IDS)[number];

/** `json` may hold comments and trailing commas; every client that reads it that way is read that way. */
export type ClientFileFormat = 'json' | 'toml' | 'yaml';

/** One file a client reads servers from. */
export interface ClientFile {
  /** Absolute. */
  readonly path: string;
  readonly scope: 'user' | 'workspace';
  readonly format: ClientFileFormat;
  /** Keys that lead to the map of servers by name; in YAML, to a list of servers with a `name`. */
  readonly member: readonly string[];
}

/** The machine whose clients are meant. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly env: NodeJS.ProcessEnv;
  /** The person's home folder, absolute. */
  readonly home: string;
  /** Where the editor that asks keeps the storage of its extensions, absolute; undefined outside an editor. */
  readonly extensionStorage?: string;
}

/** A client: what it is called, and where its servers are. */
export interface Client {
  readonly id: ClientId;
  readonly label: string;
  /** The person's own files, the one a client writes itself first. */
  readonly userFiles: (machine: Machine) => readonly ClientFile[];
  /** Files of a project. @param folder absolute */
  readonly workspaceFiles: (machine: Machine, folder: string) => readonly ClientFile[];
}

const MCP_SERVERS: readonly string[] = ['mcpServers'];
const SERVERS: readonly string[] = ['servers'];
const CONTEXT_SERVERS: readonly string[] = ['context_servers'];
const MCP_SERVERS_TABLE: readonly string[] = ['mcp_servers'];

/** Every client, in the order a person is shown them. */
export const CLIENTS: readonly Client[] = [
  client('claude-code', 'Claude Code', (at) => [json(at.join(at.env('CLAUDE_CONFIG_DIR') ?? at.home, '.claude.json'), MCP_SERVERS)], [['.mcp.json']]),
  client('claude-desktop', 'Claude Desktop', (at) => [json(at.join(at.appData, 'Claude', 'claude_desktop_config.json'), MCP_SERVERS)]),
  client('cursor', 'Cursor', (at) => [json(at.join(at.home, '.cursor', 'mcp.json'), MCP_SERVERS)], [['.cursor', 'mcp.json']]),
  client('windsurf', 'Windsurf', (at) => [json(at.join(at.home, '.codeium', 'windsurf', 'mcp_config.json'), MCP_SERVERS)]),
  client('codex', 'Codex', (at) => [toml(at.join(at.env('CODEX_HOME') ?? at.join(at.home, '.codex'), 'config.toml'))], [['.codex', 'config.toml']], toml),
  client('gemini', 'Gemini CLI', (at) => [json(at.join(at.home, '.gemini', 'settings.json'), MCP_SERVERS)], [['.gemini', 'settings.json']]),
  client('copilot-cli', 'Copilot CLI', (at) => [json(at.join(at.env('COPILOT_HOME') ?? xdgCopilot(at), 'mcp-config.json'), MCP_SERVERS)]),
  client('cline', 'Cline', (at) => [
    ...extensionFiles(at, 'saoudrizwan.claude-dev', 'cline_mcp_settings.json'),
    json(at.env('CLINE_MCP_SETTINGS_PATH') ?? at.join(at.home, '.cline', 'data', 'settings', 'cline_mcp_settings.json'), MCP_SERVERS),
  ]),
  client('roo', 'Roo Code', (at) => extensionFiles(at, 'rooveterinaryinc.roo-cline', 'mcp_settings.json'), [['.roo', 'mcp.json']]),
  client('continue', 'Continue', (at) => [
    // Every file of this folder counts; this one is ours alone.
    json(at.join(at.home, '.continue', 'mcpServers', 'vestibule.json'), MCP_SERVERS),
    { path: at.join(at.home, '.continue', 'config.yaml'), scope: 'user', format: 'yaml', member: MCP_SERVERS },
  ], [['.continue', 'mcpServers', 'vestibule.json']]),
  client('zed', 'Zed', (at) => [json(at.join(zedFolder(at), 'settings.json'), CONTEXT_SERVERS)], [['.zed', 'settings.json']], (path) => json(path, CONTEXT_SERVERS)),
  client('vscode', 'VS Code', (at) => [json(at.join(at.appData, 'Code', 'User', 'mcp.json'), SERVERS)], [['.vscode', 'mcp.json']], (path) => json(path, SERVERS)),
  client('vscode-insiders', 'VS Code Insiders', (at) => [json(at.join(at.appData, 'Code - Insiders', 'User', 'mcp.json'), SERVERS)]),
];

/** The client of an id. */
export function clientOf(id: ClientId): Client {
  const found = CLIENTS.find((one) => one.id === id);
  if (found === undefined) throw new Error(`There is no client "${id}".`);
  return found;
}

/** Whether a Linux machine is a guest of Windows: programs with windows of their own then keep their files out there. */
export function isWsl({ platform, env }: Machine): boolean {
  return platform === 'linux' && env['WSL_DISTRO_NAME'] !== undefined;
}

/** What places are made from on one machine. */
interface Places {
  readonly home: string;
  /** Where desktop programs keep their settings: `%APPDATA%`, `~/Library/Application Support`, `~/.config`. */
  readonly appData: string;
  readonly platform: NodeJS.Platform;
  readonly extensionStorage: string | undefined;
  readonly join: (...parts: readonly string[]) => string;
  /** A variable that holds an absolute path; anything else counts as not set. */
  readonly env: (name: string) => string | undefined;
}

function client(
  id: ClientId,
  label: string,
  userFiles: (at: Places) => readonly ClientFile[],
  workspacePaths: readonly (readonly string[])[] = [],
  fileOf: (path: string) => ClientFile = (path) => json(path, MCP_SERVERS),
): Client {
  return {
    id,
    label,
    userFiles: (machine) => userFiles(placesOn(machine)),
    workspaceFiles: (machine, folder) => workspacePaths.map((parts) => ({ ...fileOf(placesOn(machine).join(folder, ...parts)), scope: 'workspace' })),
  };
}

function placesOn({ platform, env, home, extensionStorage }: Machine): Places {
  const paths = platform === 'win32' ? win32 : posix;
  const join: Places['join'] = (...parts) => paths.join(...parts);
  const absolute: Places['env'] = (name) => (paths.isAbsolute(env[name] ?? '') ? env[name] : undefined);
  const appData =
    platform === 'win32' ? (absolute('APPDATA') ?? join(home, 'AppData', 'Roaming'))
    : platform === 'darwin' ? join(home, 'Library', 'Application Support')
    : (absolute('XDG_CONFIG_HOME') ?? join(home, '.config'));
  return { home, appData, platform, extensionStorage, join, env: absolute };
}

function json(path: string, member: readonly string[]): ClientFile {
  return { path, scope: 'user', format: 'json', member };
}

function toml(path: string): ClientFile {
  return { path, scope: 'user', format: 'toml', member: MCP_SERVERS_TABLE };
}

/** Settings that an extension keeps in its editor's storage: that of the editor that asks, of VS Code here, and of its remote side. */
function extensionFiles(at: Places, extension: string, name: string): readonly ClientFile[] {
  const storages = [
    ...(at.extensionStorage === undefined ? [] : [at.extensionStorage]),
    at.join(at.appData, 'Code', 'User', 'globalStorage'),
    at.join(at.home, '.vscode-server', 'data', 'User', 'globalStorage'),
  ];
  return [...new Set(storages)].map((storage) => json(at.join(storage, extension, 'settings', name), MCP_SERVERS));
}

/** Copilot CLI puts its folder, with its dot, below the XDG folder when that is set. */
function xdgCopilot(at: Places): string {
  return at.join(at.env('XDG_CONFIG_HOME') ?? at.home, '.copilot');
}

function zedFolder(at: Places): string {
  if (at.platform === 'win32') return at.join(at.appData, 'Zed');
  // On macOS it is the same folder as on Linux, not the one of other desktop programs.
  return at.join(at.platform === 'linux' ? (at.env('XDG_CONFIG_HOME') ?? at.join(at.home, '.config')) : at.join(at.home, '.config'), 'zed');
}
