// A small MCP server over stdio for the patterns: `node sample.mjs KIND`. It has the tools of its kind (offers.mjs) and
// answers every call with what it was called with. No dependencies.
import { createInterface } from 'node:readline';
import { offers } from './offers.mjs';

const [kind = ''] = process.argv.slice(2);
const tools = offers[kind];
if (tools === undefined) {
  console.error(`usage: node sample.mjs ${Object.keys(offers).join('|')}`);
  process.exit(2);
}

let calls = 0;
const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  if (method === 'initialize') {
    return send({ id, result: { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: `sample-${kind}`, version: '1.0.0' } } });
  }
  if (method === 'ping') return send({ id, result: {} });
  if (method === 'tools/list') return send({ id, result: { tools: tools.map(({ name, description, inputSchema, annotations }) => ({ name, description, inputSchema, annotations })) } });
  const tool = method === 'tools/call' ? tools.find(({ name }) => name === params.name) : undefined;
  if (tool === undefined) return send({ id, error: { code: -32601, message: `Method not found: ${method}` } });
  calls++;
  const text = tool.answer?.(params.arguments ?? {}) ?? JSON.stringify({ server: kind, tool: tool.name, arguments: params.arguments ?? {}, calls, pid: process.pid });
  // Some work never ends.
  if (text !== 'never') send({ id, result: { content: [{ type: 'text', text }] } });
});
