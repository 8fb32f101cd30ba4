/*
 * Real agents, from npm, at a running gateway: they connect without a login and without a network beyond this machine,
 * and get its tools. Their model is a place that refuses everything, so that they end once they have asked.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { AGENTS, mustRun, programOf, type AgentPackage } from '../../scripts/agents/agents.ts';
import { startGroup } from '../../scripts/editor/process-group.ts';
import { TOOLS } from '../fidelity/upstream/definitions.ts';
import { makePlace, serve, type Place, type Serving } from '../fixtures/serve.ts';
import { startNoModel, startRecorder, type Recorder } from './recorder.ts';

const FIXTURE = fileURLToPath(new URL('../fidelity/upstream/serve.ts', import.meta.url));
const MS = 150_000;
/** Nothing listens on the discard port: what goes elsewhere fails at once. */
const OFFLINE = { HTTP_PROXY: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9', http_proxy: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9', NO_PROXY: '127.0.0.1,localhost', no_proxy: '127.0.0.1,localhost' };

/** What an agent needs to be started. */
interface Setting {
  readonly url: string;
  readonly token: string;
  /** Base URL of the place where its model would be. */
  readonly model: string;
  /** Its home and working folder. */
  readonly home: string;
}

interface Start {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const mcpJson = ({ url, token }: Setting, extra: object): string => JSON.stringify({ mcpServers: { vestibule: { ...extra, headers: { Authorization: `Bearer ${token}` }, ...('httpUrl' in extra ? { httpUrl: url } : { url }) } } });

async function claude(setting: Setting, env: Readonly<Record<string, string>> = {}): Promise<Start> {
  const file = path.join(setting.home, 'mcp.json');
  await writeFile(file, mcpJson(setting, { type: 'http' }));
  return {
    args: ['-p', 'hello', '--strict-mcp-config', '--mcp-config', file],
    env: { ANTHROPIC_API_KEY: 'none', ANTHROPIC_BASE_URL: setting.model, DISABLE_AUTOUPDATER: '1', CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', ...env },
  };
}

async function codex({ url, token, model, home }: Setting): Promise<Start> {
  await mkdir(path.join(home, '.codex'));
  const provider = ['model_provider = "none"', '[model_providers.none]', 'name = "none"', `base_url = "${model}/v1"`, 'wire_api = "responses"', 'request_max_retries = 0', 'stream_max_retries = 0'];
  const server = ['[mcp_servers.vestibule]', `url = "${url}"`, 'bearer_token_env_var = "VESTIBULE_TOKEN"'];
  await writeFile(path.join(home, '.codex', 'config.toml'), [...provider, ...server, ''].join('\n'));
  return { args: ['exec', '--skip-git-repo-check', 'hello'], env: { VESTIBULE_TOKEN: token, CODEX_HOME: path.join(home, '.codex') } };
}

async function gemini(setting: Setting): Promise<Start> {
  await mkdir(path.join(setting.home, '.gemini'));
  const settings = {
    security: { auth: { selectedType: 'gemini-api-key' }, folderTrust: { enabled: false } },
    telemetry: { enabled: false },
    privacy: { usageStatisticsEnabled: false },
    general: { enableAutoUpdate: false },
    ...(JSON.parse(mcpJson(setting, { httpUrl: '', trust: true })) as object),
  };
  await writeFile(path.join(setting.home, '.gemini', 'settings.json'), JSON.stringify(settings));
  return { args: ['-p', 'hello'], env: { GEMINI_API_KEY: 'none', GOOGLE_GEMINI_BASE_URL: setting.model } };
}

function inspector({ url, token }: Setting): Promise<Start> {
  return Promise.resolve({ args: ['--cli', url, '--transport', 'http', '--header', `Authorization: Bearer ${token}`, '--method', 'tools/list'], env: {} });
}

/** An agent, how it is started, and the revision it has to speak. */
const CASES: readonly { readonly name: AgentPackage['name']; readonly as: string; readonly version: string; readonly start: (setting: Setting) => Promise<Start> }[] = [
  { name: 'claude', as: 'Claude Code', version: '2026-07-28', start: (setting) => claude(setting) },
  { name: 'claude', as: 'Claude Code, legacy', version: '2025-11-25', start: (setting) => claude(setting, { MCP_PROTOCOL_NEGOTIATION: 'legacy' }) },
  { name: 'codex', as: 'Codex CLI', version: '2025-06-18', start: codex },
  { name: 'gemini', as: 'Gemini CLI', version: '2025-06-18', start: gemini },
  { name: 'inspector', as: 'MCP Inspector', version: '2025-11-25', start: inspector },
];

describe('agents from npm at a running gateway', { timeout: CASES.length * MS + 60_000 }, () => {
  let place: Place;
  let serving: Serving;
  before(async () => {
    place = await makePlace();
    await place.servers({ servers: { fixture: { type: 'stdio', command: process.execPath, args: [FIXTURE, 'stdio', 'legacy'] } } });
    serving = await serve(place, '--approve-all', '--mode', 'direct');
  });
  after(async () => {
    await serving.stop();
    await place.dispose();
  });

  for (const { name, as, version, start } of CASES) {
    it(`${as} lists its tools in ${version}`, { timeout: MS }, async (t) => {
      const agent = AGENTS.find((one) => one.name === name) ?? assert.fail(name);
      if (!mustRun && !existsSync(programOf(agent))) return t.skip(`${agent.package}@${agent.version} could not be installed on ${process.platform}-${process.arch}`);
      await using recorder = await startRecorder(serving.url);
      await using model = await startNoModel();
      const home = await mkdtemp(path.join(tmpdir(), `vestibule-agent-${name}-`));
      try {
        const { args, env } = await start({ url: recorder.url, token: serving.token, model: model.url, home });
        const printed = await run(agent, args, { ...OFFLINE, ...homeOf(home), ...env }, home, recorder);
        const seen = JSON.stringify(recorder.asked);
        const tools = TOOLS.map((tool) => `fixture_${String(tool['name'])}`);
        assert.deepEqual(tools.filter((tool) => !recorder.tools.has(tool)), [], `it was not told of these tools; it asked ${seen} and printed ${printed}`);
        const [first] = recorder.asked.filter(({ method }) => method === 'initialize' || method === 'server/discover');
        assert.deepEqual(first, { method: version === '2026-07-28' ? 'server/discover' : 'initialize', version }, seen);
      } finally {
        await rm(home, { recursive: true, force: true, maxRetries: 5 });
      }
    });
  }
});

function homeOf(home: string): Record<string, string> {
  return { HOME: home, USERPROFILE: home, XDG_CONFIG_HOME: path.join(home, 'config'), XDG_CACHE_HOME: path.join(home, 'cache'), XDG_DATA_HOME: path.join(home, 'share'), TMPDIR: home, TEMP: home, TMP: home };
}

/** Runs an agent until it ends, or until it was told of the tools and had time to end. Resolves with what it printed. */
async function run(agent: AgentPackage, args: readonly string[], env: Readonly<Record<string, string>>, cwd: string, recorder: Recorder): Promise<string> {
  const group = startGroup(process.execPath, [programOf(agent), ...args], { env, cwd });
  let printed = '';
  for (const stream of [group.child.stdout, group.child.stderr]) stream?.on('data', (chunk: Buffer) => (printed = (printed + chunk.toString()).slice(-4_000)));
  const told = async (): Promise<void> => {
    // Some wait for their model in vain for long: what was to be seen has been seen.
    const deadline = Date.now() + MS - 30_000;
    while (recorder.tools.size === 0 && Date.now() < deadline) await delay(100);
    await Promise.race([group.ended, delay(10_000)]);
  };
  await Promise.race([group.ended, told()]);
  await group.end();
  return printed;
}
