// An application with a gateway inside: `node app.mjs DATA`. Prints what its agent got, and ends.
import path from 'node:path';
import { createGateway } from 'vestibule';

const [data = './data'] = process.argv.slice(2);
const server = path.join(import.meta.dirname, '../servers/sample.mjs');

await using gateway = await createGateway({
  data,
  config: {
    gateway: { mode: 'direct' },
    servers: { deploy: { command: process.execPath, args: [server, 'deploy'] } },
  },
  // The application decides about each call that may change something.
  consent: async ({ arguments: text }) => (JSON.parse(text).environment === 'staging' ? 'allow' : 'decline'),
});
await gateway.approveServer('deploy');
const reader = await gateway.addAgent({ name: 'reader', tier: 'read' });

/** What an agent of this application sends; a real one uses an MCP client with `gateway.url` and `headers`. */
async function rpc(headers, method, params = {}) {
  const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {}, 'io.modelcontextprotocol/clientInfo': { name: 'app', version: '1' } };
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, ...(params.name && { 'mcp-name': params.name }), ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } }),
  });
  return (await response.json()).result;
}

const deploy = (environment) => rpc(gateway.headers, 'tools/call', { name: 'deploy_deploy', arguments: { build: '7', environment } });
const names = async (headers) => (await rpc(headers, 'tools/list')).tools.map(({ name }) => name);

console.log(JSON.stringify({ all: await names(gateway.headers), reader: await names(reader.headers), staging: await deploy('staging'), production: await deploy('production') }));
