import type { TreeNode } from './tree-node.ts';

/**
 * One row as VS Code knows it: the same object as long as there is a row of its id. What commands read of it is what was
 * last drawn, so that a decision is about what the person saw.
 */
export class ShownRow {
  /** As it is now. */
  node: TreeNode;
  /** Asked for so far; undefined until then. */
  rows: readonly ShownRow[] | undefined;
  #drawn: TreeNode;
  /** `looks` of what was drawn; undefined for none that would do. */
  #looks: string | undefined;
  #hover: string | undefined;

  constructor(node: TreeNode) {
    this.node = node;
    this.#drawn = node;
  }

  get target(): TreeNode['target'] {
    return this.#drawn.target;
  }

  get agent(): TreeNode['agent'] {
    return this.#drawn.agent;
  }

  /** The row as it was last drawn. */
  get drawn(): TreeNode {
    return this.#drawn;
  }

  /** Takes what it is now as drawn. */
  draw(): TreeNode {
    this.#drawn = this.node;
    this.#looks = looks(this.node);
    this.#hover = undefined;
    return this.node;
  }

  /** VS Code shows something else than was drawn, as a box that was just ticked: it is outdated until drawn anew. */
  undraw(): void {
    this.#looks = undefined;
  }

  /** What it says on hover, which VS Code keeps until the row is drawn anew. */
  hover(): string {
    this.#hover ??= this.node.tooltip();
    return this.#hover;
  }

  /** Whether its box would be another than it is. */
  get isTicked(): boolean {
    return this.#looks === undefined || this.#drawn.check?.on !== this.node.check?.on;
  }

  /** Whether it would be drawn otherwise than it is. */
  isOutdatedBy(node: TreeNode): boolean {
    return this.#looks !== looks(node) || (this.#hover !== undefined && this.#hover !== node.tooltip());
  }
}

/**
 * Which rows VS Code was given, so that a change draws the rows it is about and no others: a row that is drawn anew
 * loses its hover, and a button pressed on it just then is a button of nothing.
 */
export class ShownTree {
  readonly #now: () => readonly TreeNode[];
  #roots: readonly ShownRow[] | undefined;

  /** @param now the rows of the first level as they are now */
  constructor(now: () => readonly TreeNode[]) {
    this.#now = now;
  }

  /** The rows below one, of the first level for undefined: what VS Code shows from now on. */
  below(row: ShownRow | undefined): readonly ShownRow[] {
    if (row === undefined) return (this.#roots = kept(this.#roots, this.#now()));
    return (row.rows = kept(row.rows, row.node.children()));
  }

  /** The row of this id on the first level. */
  root(node: TreeNode): ShownRow {
    return this.#roots?.find((row) => row.node.id === node.id) ?? new ShownRow(node);
  }

  /** What has to be drawn anew; undefined for everything. */
  outdated(): readonly ShownRow[] | undefined {
    const nodes = this.#now();
    if (this.#roots === undefined || !areOf(this.#roots, nodes)) return undefined;
    const found: ShownRow[] = [];
    this.#roots.forEach((row, index) => collect(row, nodes[index] ?? row.node, found));
    // Drawn by itself, a row whose box changed has VS Code change the boxes above and below it, whatever we say of them.
    return found.some((row) => row.isTicked) ? undefined : found;
  }
}

/** Takes over what a row is now, and finds where that shows: at itself, as soon as rows below it come or go. */
function collect(row: ShownRow, node: TreeNode, found: ShownRow[]): void {
  const { rows } = row;
  const children = rows === undefined ? [] : node.children();
  row.node = node;
  if (row.isOutdatedBy(node) || (rows !== undefined && !areOf(rows, children))) found.push(row);
  else rows?.forEach((child, index) => collect(child, children[index] ?? child.node, found));
}

function kept(before: readonly ShownRow[] | undefined, nodes: readonly TreeNode[]): readonly ShownRow[] {
  const known = new Map(before?.map((row) => [row.node.id, row]));
  return nodes.map((node) => {
    const row = known.get(node.id);
    if (row === undefined) return new ShownRow(node);
    row.node = node;
    return row;
  });
}

function areOf(rows: readonly ShownRow[], nodes: readonly TreeNode[]): boolean {
  return rows.length === nodes.length && rows.every((row, index) => row.node.id === nodes[index]?.id);
}

/** Everything of a row that is drawn, or that commands read. */
function looks({ label, description, icon, words, spoken, fold, target, agent, check, click }: TreeNode): string {
  return JSON.stringify([label, description, icon, words, spoken, fold, target, agent, check, click]);
}
