/**
 * Variables through which a value decides what code a runtime loads, or which engine runs a container, on any platform;
 * compared in upper case.
 */
const CODE_VARIABLES =
  /^(?:PATH|PATHEXT|NODE_OPTIONS|NODE_PATH|LD_PRELOAD|LD_LIBRARY_PATH|LD_AUDIT|DYLD_.+|PYTHONPATH|PYTHONHOME|PYTHONSTARTUP|RUBYOPT|RUBYLIB|PERL5OPT|PERL5LIB|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|CLASSPATH|BASH_ENV|ENV|ZDOTDIR|SHELL|COMSPEC|NPM_CONFIG_.+|UV_.+|PIP_.+|GIT_SSH_COMMAND|DOTNET_STARTUP_HOOKS|HOME|USERPROFILE|XDG_CONFIG_HOME|DOCKER_(?:HOST|CONFIG|CONTEXT)|CONTAINER_(?:HOST|CONNECTION)|CONTAINERS_CONF(?:_OVERRIDE)?)$/;

/** True for a variable whose value is as good as a command. */
export function choosesCode(name: string): boolean {
  return CODE_VARIABLES.test(name.toUpperCase());
}

/**
 * The variables of an entry as a launch is approved with them: by name, for values are secrets more often than not;
 * but one that chooses code counts and is shown as `NAME=value`, since its value is as good as a command.
 */
export function envNamesOf(env: Readonly<Record<string, string | number | null>>): string[] {
  return Object.entries(env)
    .map(([name, value]) => (choosesCode(name) ? `${name}=${value ?? ''}` : name))
    .sort();
}
