import { extname } from 'node:path';
import type { ReadText } from '../../proxy/config/store.ts';

/**
 * What reads a servers file in another language than JSONC, by its extension: `.toml`, `.yaml`, `.yml`. Loaded on first
 * need.
 * @returns undefined for a file that is JSONC
 */
export async function formatOf(path: string): Promise<ReadText | undefined> {
  switch (extname(path).toLowerCase()) {
    case '.toml':
      return (await import('./toml.ts')).readToml;
    case '.yaml':
    case '.yml':
      return (await import('./yaml.ts')).readYaml;
    default:
      return undefined;
  }
}
