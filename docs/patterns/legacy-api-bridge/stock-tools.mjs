// Makes a tool of a REST call: all that an API without MCP needs. STOCK_URL is its address.
import { createInterface } from 'node:readline';

const tool = { name: 'get_stock', description: 'Tells how many pieces of an item there are.', inputSchema: { type: 'object', properties: { item: { type: 'string', minLength: 1 } }, required: ['item'] }, annotations: { readOnlyHint: true } };
const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);

async function answer(method, params) {
  if (method === 'initialize') return { result: { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'stock', version: '1.0.0' } } };
  if (method === 'tools/list') return { result: { tools: [tool] } };
  if (method !== 'tools/call') return { error: { code: -32601, message: 'Method not found' } };
  const response = await fetch(`${process.env.STOCK_URL}/stock/${encodeURIComponent(params.arguments.item)}`);
  return { result: { isError: !response.ok, content: [{ type: 'text', text: response.ok ? await response.text() : `The stock API answered ${response.status}.` }] } };
}

createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id !== undefined) send({ id, ...(await answer(method, params)) });
});
