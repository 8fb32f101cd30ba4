/** A command line cut into words, or why it cannot be run as it stands. */
export type CommandLine =
  | { readonly env: readonly (readonly [string, string])[]; readonly words: readonly string[] }
  | { readonly problem: string; readonly fix: string };

const NO_SHELL = 'Servers are started without a shell. Remove it, or put the line into a script and start that.';

/**
 * Cuts a command line as a shell would: quotes, escapes, and leading `NAME=value` assignments. Environment variables
 * and `~` become `${…}` variables of the servers file, to be resolved at each launch; pipes, redirections and
 * command substitution are refused, since no shell runs the result.
 * @param platform whose quoting rules hold; default this one's
 */
export function parseCommandLine(line: string, platform: NodeJS.Platform = process.platform): CommandLine {
  const text = line.trim();
  const cut = platform === 'win32' ? cutWindows(text) : cutPosix(text);
  if (!Array.isArray(cut)) return cut;
  const env: [string, string][] = [];
  let first = 0;
  for (; first < cut.length; first++) {
    const assignment = /^([A-Za-z_]\w*)=(.*)$/s.exec(cut[first] ?? '');
    if (assignment === null) break;
    env.push([assignment[1] ?? '', assignment[2] ?? '']);
  }
  const words = cut.slice(first);
  if (words.length === 0) return { problem: 'There is no command in this line.', fix: 'Write the program first: npx -y some-server.' };
  return { env, words };
}

type Cut = string[] | { readonly problem: string; readonly fix: string };

/** POSIX quoting (IEEE 1003.1 §2.2), and parameter expansion in its plain forms. */
function cutPosix(text: string): Cut {
  const words: string[] = [];
  let word: string | undefined;
  for (let i = 0; i < text.length; ) {
    const c = text[i] ?? '';
    if (/\s/.test(c)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      i++;
    } else if (c === '\\') {
      // A backslash before a line break joins the lines.
      const next = text[i + 1] ?? '';
      const joint = /^\\\r?\n/.exec(text.slice(i, i + 3));
      if (joint === null) word = (word ?? '') + next;
      i += joint?.[0].length ?? 2;
    } else if (c === "'") {
      const end = text.indexOf("'", i + 1);
      if (end < 0) return unclosed("'");
      word = (word ?? '') + text.slice(i + 1, end);
      i = end + 1;
    } else if (c === '"') {
      const quoted = readDoubleQuoted(text, i + 1);
      if ('problem' in quoted) return quoted;
      word = (word ?? '') + quoted.value;
      i = quoted.end;
    } else if (c === '$') {
      const expansion = expand(text, i);
      if ('problem' in expansion) return expansion;
      word = (word ?? '') + expansion.value;
      i = expansion.end;
    } else if (c === '`' || /[|&;<>()]/.test(c)) {
      return shellSyntax(c);
    } else if (c === '~' && word === undefined && /^~(?=$|[\s/])/.test(text.slice(i))) {
      word = '${userHome}';
      i++;
    } else if (c === '#' && word === undefined) {
      break;
    } else {
      word = (word ?? '') + c;
      i++;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

type Piece = { readonly value: string; readonly end: number } | { readonly problem: string; readonly fix: string };

function readDoubleQuoted(text: string, start: number): Piece {
  let value = '';
  for (let i = start; i < text.length; ) {
    const c = text[i] ?? '';
    if (c === '"') return { value, end: i + 1 };
    if (c === '`') return shellSyntax(c);
    if (c === '\\' && /^["\\$`]/.test(text.slice(i + 1))) {
      value += text[i + 1] ?? '';
      i += 2;
    } else if (c === '$') {
      const expansion = expand(text, i);
      if ('problem' in expansion) return expansion;
      value += expansion.value;
      i = expansion.end;
    } else {
      value += c;
      i++;
    }
  }
  return unclosed('"');
}

/** `$NAME` and `${NAME}` become `${env:NAME}`; variables of the servers file stay as they are. */
function expand(text: string, start: number): Piece {
  const rest = text.slice(start);
  const ours = /^\$\{(?:(?:input|env|secret):[^{}]+|workspaceFolder(?:Basename)?|userHome|pathSeparator|\/)\}/.exec(rest);
  if (ours !== null) return { value: ours[0], end: start + ours[0].length };
  const name = /^\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})/.exec(rest);
  if (name !== null) return { value: `\${env:${name[1] ?? name[2] ?? ''}}`, end: start + name[0].length };
  if (/^\$[({]/.test(rest)) return shellSyntax(rest.slice(0, 2));
  return { value: '$', end: start + 1 };
}

/** The rules of CommandLineToArgvW, and `%NAME%`. A backslash is itself unless it stands before a double quote. */
function cutWindows(text: string): Cut {
  const words: string[] = [];
  let word: string | undefined;
  let quoted = false;
  for (let i = 0; i < text.length; ) {
    const c = text[i] ?? '';
    const slashes = /^\\+(?=")/.exec(text.slice(i))?.[0].length ?? 0;
    const variable = /^%([A-Za-z_]\w*)%/.exec(text.slice(i));
    if (slashes > 0) {
      word = (word ?? '') + '\\'.repeat(Math.floor(slashes / 2));
      i += slashes;
      if (slashes % 2 === 1) {
        word += '"';
        i++;
      }
    } else if (c === '"') {
      word ??= '';
      // Inside of quotes, a doubled one is one.
      if (quoted && text[i + 1] === '"') {
        word += '"';
        i++;
      } else quoted = !quoted;
      i++;
    } else if (variable !== null) {
      word = `${word ?? ''}\${env:${variable[1] ?? ''}}`;
      i += variable[0].length;
    } else if (!quoted && /\s/.test(c)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      i++;
    } else if (!quoted && /[|&<>^]/.test(c)) {
      return shellSyntax(c);
    } else {
      word = (word ?? '') + c;
      i++;
    }
  }
  if (quoted) return unclosed('"');
  if (word !== undefined) words.push(word);
  return words;
}

function unclosed(mark: string): { readonly problem: string; readonly fix: string } {
  return { problem: `A ${mark} is never closed.`, fix: `Close it with another ${mark}.` };
}

function shellSyntax(what: string): { readonly problem: string; readonly fix: string } {
  return { problem: `${what} has a meaning for a shell only.`, fix: NO_SHELL };
}
