import type { RawJson } from '../model.ts';
import { readPrompt, readResource, readTemplate, type ContentDefinition } from './content-definition.ts';
import { readDefinition, type Definition } from './definition.ts';
import type { Named, Unreadable } from './json-definition.ts';
import type { HeldDefinition } from './types.ts';

/** One kind of things a server lists, and how much of it is kept. */
export interface Kind<T extends Named> {
  readonly word: 'tool' | NonNullable<HeldDefinition['kind']>;
  readonly maxCount: number;
  readonly maxCharacters: number;
  read(raw: RawJson): T | Unreadable;
}

const MEBI = 1024 * 1024;

export const TOOLS: Kind<Definition> = { word: 'tool', maxCount: 10_000, maxCharacters: 32 * MEBI, read: readDefinition };
export const PROMPTS: Kind<ContentDefinition> = { word: 'prompt', maxCount: 1_000, maxCharacters: 4 * MEBI, read: readPrompt };
export const TEMPLATES: Kind<ContentDefinition> = { word: 'template', maxCount: 1_000, maxCharacters: 4 * MEBI, read: readTemplate };
export const RESOURCES: Kind<ContentDefinition> = { word: 'resource', maxCount: 10_000, maxCharacters: 8 * MEBI, read: readResource };
