import type { DefinitionKind } from '../../proxy/quarantine/types.ts';
import { oneLine } from '../text.ts';

interface Named {
  readonly kind: DefinitionKind;
  readonly name: string;
}

/** What a definition is, at the start of a line: `Tool read_file`, `Server instructions`. @param show makes the name safe where it goes */
export function subjectTitle({ kind, name }: Named, show: (name: string) => string = oneLine): string {
  switch (kind) {
    case 'tool':
      return `Tool ${show(name)}`;
    case 'prompt':
      return `Prompt ${show(name)}`;
    case 'template':
      return `Resource template ${show(name)}`;
    case 'resources':
      return 'Resources';
    case 'version':
      return 'Version of the program';
    case 'instructions':
      return 'Server instructions';
  }
}

/** The same within a sentence: `“read_file”`, `the server instructions`. */
export function subjectInSentence({ kind, name }: Named): string {
  switch (kind) {
    case 'tool':
      return `“${oneLine(name, 80)}”`;
    case 'prompt':
      return `the prompt “${oneLine(name, 80)}”`;
    case 'template':
      return `the resource template “${oneLine(name, 80)}”`;
    case 'resources':
      return 'the reading of resources';
    case 'version':
      return 'the version of the program';
    case 'instructions':
      return 'the server instructions';
  }
}

/** What the text of a definition is. */
export function textLabel(kind: DefinitionKind): string {
  if (kind === 'instructions') return 'Text it wants in the system prompt of agents';
  return kind === 'resources' ? 'What approving allows agents' : 'Description';
}
