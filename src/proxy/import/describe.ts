import type { ServerEntry } from '../config/edit.ts';

/** What an entry starts or dials, on one line; untrusted. */
export function commandOrAddress({ command, args, url }: ServerEntry): string {
  if (typeof command !== 'string') return typeof url === 'string' ? url : '';
  return [command, ...(Array.isArray(args) ? args.map(String) : [])].map((word) => (/^[\w@%+=:,./~^\\${}-]+$/.test(word) ? word : JSON.stringify(word))).join(' ');
}

/** Whether an entry is this proxy itself, as connecting an agent writes it: through its program, or its local address. */
export function isOwnEntry(name: string, { command, args, url }: ServerEntry): boolean {
  const words = [command, ...(Array.isArray(args) ? (args as readonly unknown[]) : [])].filter((word) => typeof word === 'string');
  if (words.some((word) => /(?:^|[\\/])(?:vestibule|vestibule-mcp)(?:@[\w.-]+)?(?:\.cmd|\.exe)?$/.test(word) || /vestibule[^\\/]*[\\/](?:dist[\\/]headless\.cjs|bin[\\/](?:bridge\.cjs|vestibule-bridge))$/.test(word))) return true;
  return name === 'vestibule' && typeof url === 'string' && /^http:\/\/(?:127\.0\.0\.1|localhost):\d+\/mcp(?:\/p\/[^/]+)?$/.test(url);
}
