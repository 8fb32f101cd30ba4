import { nearest } from './nearest.ts';

/** One `${…}` in a text. */
export interface VariableUse {
  /** As written, with `${` and `}`. */
  readonly text: string;
  /** Before the colon. */
  readonly name: string;
  /** After the colon; undefined without one. */
  readonly argument: string | undefined;
}

/** Variables that stand alone, and those that take a name after a colon (VS Code's mcp.json, and `${secret:NAME}`). */
const PLAIN = ['workspaceFolder', 'workspaceFolderBasename', 'userHome', 'pathSeparator', '/'] as const;
const NAMED = ['input', 'env', 'secret'] as const;

/** What a known variable refers to. */
export type KnownVariable =
  | { readonly kind: (typeof PLAIN)[number] }
  | { readonly kind: (typeof NAMED)[number]; readonly argument: string };

/** What is wrong with a variable, and what to write instead. */
export interface VariableProblem {
  readonly message: string;
  readonly fix: string;
}

/** Nothing longer is meant as a variable, and messages quote what is found. */
const VARIABLE = /\$\{([^{}]{0,200})\}/g;

/** All `${…}` of a text, in order. */
export function variablesIn(text: string): VariableUse[] {
  return [...text.matchAll(VARIABLE)].map((match) => useOf(match[0], match[1] ?? ''));
}

/**
 * Replaces every `${…}` in one pass: what `resolve` answers is never looked at again, so a value that itself looks
 * like a variable stays text.
 */
export async function replaceVariables(text: string, resolve: (use: VariableUse) => Promise<string>): Promise<string> {
  let result = '';
  let end = 0;
  for (const match of text.matchAll(VARIABLE)) {
    result += text.slice(end, match.index) + (await resolve(useOf(match[0], match[1] ?? '')));
    end = match.index + match[0].length;
  }
  return result + text.slice(end);
}

/** The variable a use stands for, or what is wrong with it. */
export function knownVariable(use: VariableUse): KnownVariable | VariableProblem {
  const { name, argument } = use;
  const plain = PLAIN.find((kind) => kind === name);
  if (plain !== undefined && argument === undefined) return { kind: plain };
  const named = NAMED.find((kind) => kind === name);
  if (named !== undefined && argument !== undefined && argument !== '') return { kind: named, argument };
  return { message: `${use.text} is not a variable that can be used here.`, fix: fixFor(use) };
}

function useOf(text: string, inner: string): VariableUse {
  const colon = inner.indexOf(':');
  return colon < 0 ? { text, name: inner, argument: undefined } : { text, name: inner.slice(0, colon), argument: inner.slice(colon + 1) };
}

function fixFor({ name, argument }: VariableUse): string {
  const known = 'Known are ${input:ID}, ${env:NAME}, ${secret:NAME}, ${workspaceFolder}, ${workspaceFolderBasename}, ${userHome}, ${pathSeparator} and ${/}.';
  if (name === 'command' || name === 'config') return `\${${name}:…} works in VS Code's own files only. Use an input: \${input:ID}.`;
  if (name === 'workspaceFolder') return 'Write ${workspaceFolder}: one folder is served.';
  if (NAMED.some((kind) => kind === name)) return `Write a name after the colon: \${${name}:NAME}.`;
  // `${NAME}` and `${NAME:-default}` are how shells and some other clients write environment variables.
  if (/^[A-Z][A-Z0-9_]*$/.test(name)) return `Write \${env:${name}} for an environment variable.`;
  const near = nearest(name, [...PLAIN, ...NAMED]);
  if (near === undefined) return known;
  return NAMED.some((kind) => kind === near) ? `Did you mean \${${near}:${argument ?? 'NAME'}}?` : `Did you mean \${${near}}?`;
}
