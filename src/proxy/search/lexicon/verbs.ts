/** What a verb does to the thing it names. */
export type VerbClass = 'read' | 'create' | 'change' | 'delete';

/**
 * Verbs by what they do, for telling "delete the issue" from "list the issues". Question words count as reading.
 * How it was made: written by hand from the usual names of operations.
 */
export const VERB_CLASSES: Readonly<Record<VerbClass, string>> = {
  read:
    'get fetch list show view read search find lookup query describe check display retrieve browse what which who where ' +
    'how summarize compare count download export tell see look',
  create: 'create add new insert make generate write post send submit upload publish append register draw set build import save put',
  change: 'update edit modify change rename patch move replace assign mark convert resize format',
  delete: 'delete remove clear drop destroy cancel stop erase close revoke uninstall',
};
