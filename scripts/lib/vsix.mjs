import path from 'node:path';
import { root } from './exec.mjs';

/** Where `npm run package` puts the extension. */
export const vsixFile = path.join(root, 'out', 'vestibule-mcp.vsix');
