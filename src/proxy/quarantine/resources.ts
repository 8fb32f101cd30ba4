import { digestOf } from '../json/canonical.ts';
import type { Digest, RawJson } from '../model.ts';

/*
 * Plain resources are data that changes from day to day: they are not pinned one by one. What a person approves is
 * that agents may list and read the resources of a server at all, as a definition of kind `resources` without a name.
 */

/** What that definition says. */
export const RESOURCES_TEXT: RawJson = '"resources"';
export const RESOURCES_DIGEST: Digest = digestOf(RESOURCES_TEXT);
