/* What the fixture offers. Every definition holds members that no revision of MCP knows. */
import type { Json } from '../types.ts';

const schema = (properties: Json = {}): Json => ({ type: 'object', properties });

const ICONS = [
  { src: 'data:image/png;base64,iVBORw0KGgo=', mimeType: 'image/png', sizes: ['48x48'], theme: 'dark', 'x-icon': 1 },
  { src: 'https://icons.example/any.svg', mimeType: 'image/svg+xml', sizes: ['any'] },
];

/** What is taken out of the lists and put back. */
export const FLEETING = 'fleeting';

/** The tools that do something, without more of a definition than they need. */
const PLAIN = ['answer', 'ask', 'askAside', 'askTwice', 'cancelQuestion', 'chunks', 'echo', 'elicitUrl', FLEETING, 'fail', 'hold', 'held', 'large', 'log', 'notify', 'progress', 'release', 'said', 'change', 'who'];

export const TOOLS: readonly Json[] = [
  ...PLAIN.map((name) => ({ name, description: `Does ${name}.`, inputSchema: schema() })),
  {
    name: 'annotated',
    title: 'Annotated tool',
    description: 'Has every annotation. Ünïcödé ✓ 𝄞',
    inputSchema: { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object', properties: { n: { type: 'integer', 'x-unit': 'ms' } }, required: ['n'], additionalProperties: false },
    annotations: { title: 'Older title', readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false, 'x-hint': ['unknown'] },
    icons: ICONS,
    execution: { taskSupport: 'optional' },
    outputSchema: { type: 'object', properties: { value: { $ref: '#/$defs/v' } }, required: ['value'], $defs: { v: { type: 'number', multipleOf: 0.01 } } },
    _meta: { 'example.org/key': { nested: [1, { deep: null }] } },
    'x-later': { added: 'in a later revision' },
  },
  {
    name: 'panel',
    description: 'Has a user interface.',
    inputSchema: schema(),
    _meta: { ui: { resourceUri: 'ui://fixture/panel.html', visibility: ['model', 'app'], 'x-ui': 1 }, 'ui/resourceUri': 'ui://fixture/panel.html' },
  },
];

export const PROMPTS: readonly Json[] = [
  { name: FLEETING },
  { name: 'plain' },
  { name: 'greet', title: 'Greet somebody', description: 'Says hello.', icons: ICONS, arguments: [{ name: 'who', title: 'Whom', description: 'A name', required: true, 'x-arg': 1 }], _meta: { a: 1 }, 'x-later': [] },
  { name: 'third', description: 'On another page.' },
  { name: 'fourth', description: 'On another page as well.' },
];

export const RESOURCES: readonly Json[] = [
  { uri: `fixture://${FLEETING}`, name: FLEETING },
  { uri: 'fixture://text', name: 'text', title: 'Text', description: 'A text.', mimeType: 'text/plain', size: 11, icons: ICONS, annotations: { audience: ['user', 'assistant'], priority: 0.5, lastModified: '2026-01-12T15:00:58Z', 'x-a': 1 }, _meta: { b: 2 }, 'x-later': true },
  { uri: 'fixture://blob', name: 'blob', mimeType: 'application/octet-stream' },
  { uri: 'fixture://watched', name: 'watched' },
  { uri: 'ui://fixture/panel.html', name: 'panel', mimeType: 'text/html;profile=mcp-app', _meta: { ui: { csp: { connectDomains: ['https://api.example'], resourceDomains: [] }, prefersBorder: true } } },
];

export const TEMPLATES: readonly Json[] = [
  { uriTemplate: 'fixture://items/{id}{?page,size*}', name: 'items', title: 'Items', description: 'By id.', mimeType: 'application/json', icons: ICONS, annotations: { priority: 1 }, _meta: { c: 3 }, 'x-later': 0 },
  { uriTemplate: 'fixture://files/{+path}', name: 'files' },
];

/** Contents of resources by URI; what is not here was made from a template. */
export function contentsOf(uri: string): readonly Json[] | undefined {
  switch (uri) {
    case 'fixture://text':
      return [{ uri, mimeType: 'text/plain', text: 'hello ünï 𝄞', _meta: { m: 1 }, 'x-part': 1 }];
    case 'fixture://blob':
      return [{ uri, mimeType: 'application/octet-stream', blob: 'AAECAwQ=' }, { uri: `${uri}#2`, blob: '' }];
    case 'fixture://watched':
      return [{ uri, text: '' }];
    case 'ui://fixture/panel.html':
      return [{ uri, mimeType: 'text/html;profile=mcp-app', text: '<!doctype html><script>1 < 2 && "\u2028"</script>', _meta: { ui: { domain: 'x' } } }];
    default:
      return /^fixture:\/\/(?:items|files)\//.test(uri) ? [{ uri, text: `made for ${uri}` }] : undefined;
  }
}

export const INSTRUCTIONS = 'Use `echo` first.\n\nÜnïcödé ✓ 𝄞, "quotes" and \\ stay.';
