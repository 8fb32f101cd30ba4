import js from '@eslint/js';
import tseslint from 'typescript-eslint';

// Who may import whom inside src/proxy (docs/architecture.md). A room that is not listed may be imported by nobody
// but gateway.ts; model, errors, events and api are open to all.
const rooms = {
  json: [],
  storage: ['json'],
  config: ['storage', 'json'],
  upstream: ['config', 'json', 'storage'],
  catalog: ['json', 'storage', 'upstream', 'config', 'quarantine', 'scanner'],
  clients: [],
  registry: ['config', 'json', 'storage'],
  import: ['clients', 'config', 'json', 'quarantine', 'redaction', 'storage'],
  quarantine: ['json', 'storage', 'config', 'scanner'],
  search: ['storage', 'json'],
  output: ['json', 'storage'],
  redaction: ['json'],
  scanner: ['json', 'redaction'],
  journal: ['json', 'storage', 'redaction'],
  pause: ['storage'],
  consent: ['json', 'storage', 'catalog', 'journal'],
  agents: ['storage', 'config'],
  proposals: ['storage', 'config', 'registry'],
  connect: ['clients', 'config', 'json', 'storage', 'agents'],
  policy: ['config', 'catalog', 'quarantine'],
  pipeline: ['json', 'catalog', 'quarantine', 'policy', 'output', 'journal', 'upstream', 'config', 'scanner', 'redaction', 'pause', 'consent'],
  menu: ['json', 'catalog', 'quarantine', 'search', 'output', 'journal', 'policy', 'pipeline', 'config', 'sandbox'],
  relay: ['json', 'catalog', 'menu', 'pipeline', 'downstream', 'policy', 'config', 'upstream', 'quarantine', 'journal', 'consent', 'pause', 'tokens', 'tracing'],
  downstream: ['json'],
  sandbox: [],
  tracing: ['json', 'journal'],
  tokens: [],
  diagnosis: ['json', 'config', 'catalog', 'upstream', 'policy', 'journal', 'storage', 'redaction', 'quarantine'],
};
const allRooms = Object.keys(rooms);
// Files that import nothing but raw JSON and know no room: open to all.
const leaves = ['!**/policy/glob.ts', '!**/policy/tool-filter.ts', '!**/upstream/dialect.ts', '!**/upstream/stdio', '!**/upstream/stdio/line-splitter.ts'];

const noEditor = { group: ['vscode'], message: 'The core runs headless: no vscode here.' };
const noAdapters = {
  group: ['**/views/**', '**/headless/**', '**/extension.ts'],
  message: 'The core knows nothing of its adapters.',
};

export default tseslint.config(
  { ignores: ['dist/', 'out/', 'node_modules/', '.vscode-test/'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked.map((config) => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', URL: 'readonly', setTimeout: 'readonly', clearTimeout: 'readonly', setInterval: 'readonly', clearInterval: 'readonly', fetch: 'readonly', Buffer: 'readonly', performance: 'readonly', AbortController: 'readonly', AbortSignal: 'readonly' },
    },
  },
  {
    files: ['src/proxy/**/*.ts', 'src/oauth/core/**/*.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [noEditor, noAdapters] }] },
  },
  ...allRooms.map((room) => ({
    files: [`src/proxy/${room}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            noEditor,
            noAdapters,
            { group: ['**/gateway.ts', '**/gateway/**'], message: 'Only adapters import the gateway.' },
            {
              group: [
                ...allRooms.filter((other) => other !== room && !rooms[room].includes(other)).map((other) => `**/${other}/**`),
                ...leaves,
              ],
              message: `${room} may import only ${['model', 'errors', 'events', ...rooms[room]].join(', ')} (docs/architecture.md).`,
            },
          ],
        },
      ],
    },
  })),
  {
    // node:test's describe and it return promises that the runner awaits itself.
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: { '@typescript-eslint/no-floating-promises': 'off', 'no-console': 'off' },
  },
  {
    // Scripts talk to the person at the terminal.
    files: ['**/*.mjs', 'scripts/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
);
