/** Variables by name. On Windows names are compared without case, as the system does. */
export type Variables = Readonly<Record<string, string | undefined>>;

const POSIX_INHERITED: ReadonlySet<string> = new Set([
  'PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'TERM', 'TZ', 'TMPDIR', 'TMP', 'TEMP', 'LANG', 'LANGUAGE',
  'XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'XDG_CACHE_HOME', 'XDG_STATE_HOME', 'XDG_RUNTIME_DIR',
  // A server that opens a window (a headed browser) needs to know where.
  'DISPLAY', 'WAYLAND_DISPLAY', 'XAUTHORITY',
  // File names of certificates that a company's network needs.
  'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR',
]); // prettier-ignore

const WINDOWS_INHERITED: ReadonlySet<string> = new Set([
  'PATH', 'PATHEXT', 'COMSPEC', 'SYSTEMROOT', 'SYSTEMDRIVE', 'WINDIR', 'OS', 'TEMP', 'TMP',
  'APPDATA', 'LOCALAPPDATA', 'PROGRAMDATA', 'ALLUSERSPROFILE', 'PUBLIC',
  'PROGRAMFILES', 'PROGRAMFILES(X86)', 'PROGRAMW6432', 'COMMONPROGRAMFILES', 'COMMONPROGRAMFILES(X86)', 'COMMONPROGRAMW6432',
  'USERNAME', 'USERPROFILE', 'USERDOMAIN', 'HOMEDRIVE', 'HOMEPATH', 'COMPUTERNAME',
  'NUMBER_OF_PROCESSORS', 'PROCESSOR_ARCHITECTURE', 'PSMODULEPATH',
  'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR',
]); // prettier-ignore

/**
 * The environment of a launched process: an allow-list of ours, then the entry's own variables, where `null`
 * removes. Nothing else of our environment reaches a server (security B8).
 * @param inherited our own environment
 */
export function childEnvironment(
  inherited: Variables,
  own: Readonly<Record<string, string | null>>,
  platform: NodeJS.Platform,
): Map<string, string> {
  const env = new Map<string, string>();
  for (const [name, value] of Object.entries(inherited)) {
    // A value that starts with "()" is a shell function that bash would define in the child.
    if (value !== undefined && !value.startsWith('()') && isInherited(name, platform)) env.set(name, value);
  }
  for (const [name, value] of Object.entries(own)) setVariable(env, name, value ?? undefined, platform);
  return env;
}

/** The value of a variable, by the platform's own comparison of names. */
export function variable(env: ReadonlyMap<string, string>, name: string, platform: NodeJS.Platform): string | undefined {
  const key = keyOf(env, name, platform);
  return key === undefined ? undefined : env.get(key);
}

/** Sets or, with undefined, removes a variable, whatever case it was written in on Windows. */
export function setVariable(env: Map<string, string>, name: string, value: string | undefined, platform: NodeJS.Platform): void {
  const key = keyOf(env, name, platform);
  if (value === undefined) {
    if (key !== undefined) env.delete(key);
  } else {
    env.set(key ?? name, value);
  }
}

function isInherited(name: string, platform: NodeJS.Platform): boolean {
  if (platform === 'win32') return WINDOWS_INHERITED.has(name.toUpperCase());
  return POSIX_INHERITED.has(name) || name.startsWith('LC_');
}

function keyOf(env: ReadonlyMap<string, string>, name: string, platform: NodeJS.Platform): string | undefined {
  if (platform !== 'win32') return env.has(name) ? name : undefined;
  const wanted = name.toUpperCase();
  for (const key of env.keys()) if (key.toUpperCase() === wanted) return key;
  return undefined;
}
