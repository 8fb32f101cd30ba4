import type { RawJson, ServerName } from '../model.ts';
import type { ContentDefinition } from './content-definition.ts';
import type { Definition } from './definition.ts';
import type { Named } from './json-definition.ts';
import { PROMPTS, RESOURCES, TEMPLATES, TOOLS } from './kinds.ts';
import { ListingReader, type ReadListing } from './listing-reader.ts';

/** The lists of one server as texts. */
export interface OfferTexts {
  readonly tools: readonly RawJson[];
  readonly prompts: readonly RawJson[];
  readonly resources: readonly RawJson[];
  readonly templates: readonly RawJson[];
}

/** The lists of one server, read. */
export interface Offer {
  readonly tools: ReadListing<Definition>;
  readonly prompts: ReadListing<ContentDefinition>;
  readonly resources: ReadListing<ContentDefinition>;
  readonly templates: ReadListing<ContentDefinition>;
}

const NOTHING: ReadListing<never> = { definitions: [], held: [] };
export const NO_OFFER: Offer = { tools: NOTHING, prompts: NOTHING, resources: NOTHING, templates: NOTHING };

/** Reads all lists of one server step by step. */
export class OfferReader {
  readonly #tools: ListingReader<Definition>;
  readonly #prompts: ListingReader<ContentDefinition>;
  readonly #resources: ListingReader<ContentDefinition>;
  readonly #templates: ListingReader<ContentDefinition>;

  /** @param known what was read of this server before */
  constructor(server: ServerName, texts: OfferTexts, known: Offer) {
    this.#tools = new ListingReader(TOOLS, server, texts.tools, known.tools.definitions);
    this.#prompts = new ListingReader(PROMPTS, server, texts.prompts, known.prompts.definitions);
    this.#resources = new ListingReader(RESOURCES, server, texts.resources, known.resources.definitions);
    this.#templates = new ListingReader(TEMPLATES, server, texts.templates, known.templates.definitions);
  }

  /** Reads on until about `budget` characters of new text were read. True when all is read. */
  step(budget: number): boolean {
    return [this.#tools, this.#prompts, this.#templates, this.#resources].every((reader) => reader.step(budget));
  }

  /** What was known before, to the letter; needs no reading. */
  known(): Offer {
    const only = <T extends Named>(reader: ListingReader<T>): ReadListing<T> => ({ definitions: reader.known(), held: [] });
    return { tools: only(this.#tools), prompts: only(this.#prompts), resources: only(this.#resources), templates: only(this.#templates) };
  }

  /** The outcome once `step` returned true. */
  result(): Offer {
    return {
      tools: this.#tools.result(),
      prompts: this.#prompts.result(),
      resources: this.#resources.result(),
      templates: this.#templates.result(),
    };
  }
}

/**
 * What a server offers by all its connections: what the newest listing says of a name holds, and names it does not
 * have are taken from the others. A server may offer one agent more than another.
 */
export function merged(newest: Offer, others: readonly Offer[]): Offer {
  if (others.length === 0) return newest;
  return {
    tools: mergedLists(newest.tools, others.map(({ tools }) => tools)),
    prompts: mergedLists(newest.prompts, others.map(({ prompts }) => prompts)),
    resources: mergedLists(newest.resources, others.map(({ resources }) => resources)),
    templates: mergedLists(newest.templates, others.map(({ templates }) => templates)),
  };
}

function mergedLists<T extends Named>(newest: ReadListing<T>, others: readonly ReadListing<T>[]): ReadListing<T> {
  // A name the newest listing holds back must not come in again by an older one.
  const said = new Set<string | undefined>([...newest.definitions.map(({ name }) => name), ...newest.held.map(({ name }) => name)]);
  const definitions = [...newest.definitions];
  for (const definition of others.flatMap((other) => other.definitions)) {
    if (said.has(definition.name)) continue;
    said.add(definition.name);
    definitions.push(definition);
  }
  return definitions.length === newest.definitions.length ? newest : { definitions, held: newest.held };
}

/** Texts to remember: of the newest listing as received, and of `all` what that does not have. */
export function textsToRemember(texts: OfferTexts, newest: Offer, all: Offer): OfferTexts {
  const joined = (received: readonly RawJson[], here: ReadListing<Named>, everywhere: ReadListing<Named>): readonly RawJson[] => {
    if (everywhere === here) return received;
    const known = new Set(here.definitions);
    return [...received, ...everywhere.definitions.filter((definition) => !known.has(definition)).map(({ raw }) => raw)];
  };
  return {
    tools: joined(texts.tools, newest.tools, all.tools),
    prompts: joined(texts.prompts, newest.prompts, all.prompts),
    resources: joined(texts.resources, newest.resources, all.resources),
    templates: joined(texts.templates, newest.templates, all.templates),
  };
}

/** Every list of an offer, whatever its kind. */
export function listsOf(offer: Offer): readonly ReadListing<Named>[] {
  return [offer.tools, offer.prompts, offer.templates, offer.resources];
}
