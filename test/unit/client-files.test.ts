import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CLIENT_IDS, CLIENTS, clientOf, isWsl, type ClientId, type Machine } from '../../src/proxy/clients/client-files.ts';

const LINUX: Machine = { platform: 'linux', env: {}, home: '/home/ada' };
const MACOS: Machine = { platform: 'darwin', env: {}, home: '/Users/ada' };
const WINDOWS: Machine = { platform: 'win32', env: { APPDATA: 'C:\\Users\\ada\\AppData\\Roaming' }, home: 'C:\\Users\\ada' };

/** The file a client writes itself, on Linux, macOS and Windows. */
const USER_FILES: Readonly<Record<ClientId, readonly [string, string, string]>> = {
  'claude-code': ['/home/ada/.claude.json', '/Users/ada/.claude.json', 'C:\\Users\\ada\\.claude.json'],
  'claude-desktop': [
    '/home/ada/.config/Claude/claude_desktop_config.json',
    '/Users/ada/Library/Application Support/Claude/claude_desktop_config.json',
    'C:\\Users\\ada\\AppData\\Roaming\\Claude\\claude_desktop_config.json',
  ],
  cursor: ['/home/ada/.cursor/mcp.json', '/Users/ada/.cursor/mcp.json', 'C:\\Users\\ada\\.cursor\\mcp.json'],
  windsurf: ['/home/ada/.codeium/windsurf/mcp_config.json', '/Users/ada/.codeium/windsurf/mcp_config.json', 'C:\\Users\\ada\\.codeium\\windsurf\\mcp_config.json'],
  codex: ['/home/ada/.codex/config.toml', '/Users/ada/.codex/config.toml', 'C:\\Users\\ada\\.codex\\config.toml'],
  gemini: ['/home/ada/.gemini/settings.json', '/Users/ada/.gemini/settings.json', 'C:\\Users\\ada\\.gemini\\settings.json'],
  'copilot-cli': ['/home/ada/.copilot/mcp-config.json', '/Users/ada/.copilot/mcp-config.json', 'C:\\Users\\ada\\.copilot\\mcp-config.json'],
  cline: [
    '/home/ada/.config/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json',
    '/Users/ada/Library/Application Support/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json',
    'C:\\Users\\ada\\AppData\\Roaming\\Code\\User\\globalStorage\\saoudrizwan.claude-dev\\settings\\cline_mcp_settings.json',
  ],
  roo: [
    '/home/ada/.config/Code/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json',
    '/Users/ada/Library/Application Support/Code/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json',
    'C:\\Users\\ada\\AppData\\Roaming\\Code\\User\\globalStorage\\rooveterinaryinc.roo-cline\\settings\\mcp_settings.json',
  ],
  continue: ['/home/ada/.continue/mcpServers/vestibule.json', '/Users/ada/.continue/mcpServers/vestibule.json', 'C:\\Users\\ada\\.continue\\mcpServers\\vestibule.json'],
  zed: ['/home/ada/.config/zed/settings.json', '/Users/ada/.config/zed/settings.json', 'C:\\Users\\ada\\AppData\\Roaming\\Zed\\settings.json'],
  vscode: ['/home/ada/.config/Code/User/mcp.json', '/Users/ada/Library/Application Support/Code/User/mcp.json', 'C:\\Users\\ada\\AppData\\Roaming\\Code\\User\\mcp.json'],
  'vscode-insiders': [
    '/home/ada/.config/Code - Insiders/User/mcp.json',
    '/Users/ada/Library/Application Support/Code - Insiders/User/mcp.json',
    'C:\\Users\\ada\\AppData\\Roaming\\Code - Insiders\\User\\mcp.json',
  ],
};

describe('where clients keep their servers', () => {
  for (const id of CLIENT_IDS) {
    it(id, () => {
      const paths = [LINUX, MACOS, WINDOWS].map((machine) => clientOf(id).userFiles(machine)[0]?.path);
      assert.deepEqual(paths, USER_FILES[id]);
    });
  }

  it('lists every client once', () => {
    assert.deepEqual(CLIENTS.map(({ id }) => id).sort(), [...CLIENT_IDS].sort());
  });

  it('follows the variables that move a folder, unless they are relative', () => {
    const moved: Machine = { ...LINUX, env: { CLAUDE_CONFIG_DIR: '/srv/claude', CODEX_HOME: '/srv/codex', COPILOT_HOME: '/srv/copilot', XDG_CONFIG_HOME: '/srv/config' } };
    const paths = (machine: Machine): unknown[] => (['claude-code', 'codex', 'copilot-cli', 'zed'] as const).map((id) => clientOf(id).userFiles(machine)[0]?.path);
    assert.deepEqual(paths(moved), ['/srv/claude/.claude.json', '/srv/codex/config.toml', '/srv/copilot/mcp-config.json', '/srv/config/zed/settings.json']);
    assert.deepEqual(paths({ ...LINUX, env: { CLAUDE_CONFIG_DIR: 'here', CODEX_HOME: '', COPILOT_HOME: '.', XDG_CONFIG_HOME: 'c' } }), paths(LINUX));
  });

  it('knows files of a project, with the form and the member of each client', () => {
    const files = CLIENTS.flatMap(({ id, workspaceFiles }) => workspaceFiles(LINUX, '/p').map(({ path, scope, format, member }) => [id, path, scope, format, member.join('.')]));
    assert.deepEqual(files, [
      ['claude-code', '/p/.mcp.json', 'workspace', 'json', 'mcpServers'],
      ['cursor', '/p/.cursor/mcp.json', 'workspace', 'json', 'mcpServers'],
      ['codex', '/p/.codex/config.toml', 'workspace', 'toml', 'mcp_servers'],
      ['gemini', '/p/.gemini/settings.json', 'workspace', 'json', 'mcpServers'],
      ['roo', '/p/.roo/mcp.json', 'workspace', 'json', 'mcpServers'],
      ['continue', '/p/.continue/mcpServers/vestibule.json', 'workspace', 'json', 'mcpServers'],
      ['zed', '/p/.zed/settings.json', 'workspace', 'json', 'context_servers'],
      ['vscode', '/p/.vscode/mcp.json', 'workspace', 'json', 'servers'],
    ]);
  });

  it('looks first into the storage of the editor that asks', () => {
    const paths = clientOf('roo').userFiles({ ...LINUX, extensionStorage: '/home/ada/.local/share/code-server/User/globalStorage' }).map(({ path }) => path);
    assert.deepEqual(paths, [
      '/home/ada/.local/share/code-server/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json',
      '/home/ada/.config/Code/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json',
      '/home/ada/.vscode-server/data/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json',
    ]);
  });

  it('tells Linux under Windows from Linux', () => {
    assert.deepEqual([isWsl(LINUX), isWsl({ ...LINUX, env: { WSL_DISTRO_NAME: 'Debian' } }), isWsl({ ...WINDOWS, env: { WSL_DISTRO_NAME: 'Debian' } })], [false, true, false]);
  });
});
