import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../proxy/events.ts';
import { type ShownRow, ShownTree } from './present/shown-tree.ts';
import type { Click, TreeNode } from './present/tree-node.ts';

/** What a native tree shows: its rows now, asked for only while it is visible. */
export interface TreeSource {
  readonly rows: () => readonly TreeNode[];
  /** A line above the rows, for what concerns all of them. */
  readonly message: () => string | undefined;
  /** What stands beside the view's title. */
  readonly description?: () => string | undefined;
  /** Takes ticks and their removal, without failing. @returns false when nothing comes of them: true has a refresh follow */
  readonly check?: (changes: readonly (readonly [row: TreeNode, on: boolean])[]) => Promise<boolean>;
  /** Takes rows that were dropped on another one; on the empty space below for undefined. */
  readonly drop?: (moved: readonly TreeNode[], target: TreeNode | undefined) => void;
}

/** Shows presenter rows in a native TreeView. Hidden, it does nothing but remember that it is out of date. */
export class NativeTree implements Disposable {
  readonly view: vscode.TreeView<ShownRow>;
  readonly #source: TreeSource;
  readonly #shown: ShownTree;
  readonly #changed = new vscode.EventEmitter<ShownRow[] | undefined>();
  readonly #store = new DisposableStore();
  #stale = false;

  constructor(id: string, source: TreeSource) {
    this.#source = source;
    this.#shown = new ShownTree(source.rows);
    this.view = this.#store.add(
      vscode.window.createTreeView<ShownRow>(id, {
        treeDataProvider: {
          onDidChangeTreeData: this.#changed.event,
          getChildren: (row) => [...this.#shown.below(row)],
          // Only rows of the first level are ever revealed.
          getParent: () => undefined,
          getTreeItem: toItem,
          resolveTreeItem: (item, row) => {
            // A plain string is shown as text: no links, no icons, no HTML (security U1).
            item.tooltip = row.hover();
            return item;
          },
        },
        showCollapseAll: true,
        canSelectMany: true,
        // A server's box and those of its tools mean different things.
        manageCheckboxStateManually: true,
        ...(source.drop !== undefined && { dragAndDropController: dragging(id, source.drop) }),
      }),
    );
    this.#store.add(this.view.onDidChangeCheckboxState(({ items }) => void this.#check(items)));
    this.#store.add(this.#changed);
    this.#store.add(
      this.view.onDidChangeVisibility(({ visible }) => {
        if (visible && this.#stale) this.refresh();
      }),
    );
  }

  /** Something changed: shown now, or when the view is next visible. */
  refresh(): void {
    this.#stale = !this.view.visible;
    if (this.#stale) return;
    // An empty message is how VS Code is told of none.
    this.view.message = this.#source.message() ?? '';
    this.view.description = this.#source.description?.() ?? '';
    const outdated = this.#shown.outdated();
    if (outdated?.length !== 0) this.#changed.fire(outdated && [...outdated]);
  }

  /** Puts selection and focus on a row of the first level: where it stands now is then read out to who cannot see it. */
  async focusOn(row: TreeNode): Promise<void> {
    await this.view.reveal(this.#shown.root(row), { select: true, focus: true });
  }

  async #check(items: readonly (readonly [ShownRow, vscode.TreeItemCheckboxState])[]): Promise<void> {
    const follows = await this.#source.check?.(items.map(([row, state]) => [row.drawn, state === vscode.TreeItemCheckboxState.Checked]));
    // A box shows what was asked for until it is known what became of it: drawn at once, it would show what was before.
    for (const [row] of items) row.undraw();
    if (follows !== true) this.refresh();
  }

  dispose(): void {
    this.#store.dispose();
  }
}

/** Dragging within one view: the rows stay in this process. */
function dragging(id: string, drop: NonNullable<TreeSource['drop']>): vscode.TreeDragAndDropController<ShownRow> {
  const mime = `application/vnd.code.tree.${id.toLowerCase()}`;
  let dragged: readonly ShownRow[] = [];
  return {
    dragMimeTypes: [mime],
    dropMimeTypes: [mime],
    handleDrag: (rows, data) => {
      dragged = rows;
      data.set(mime, new vscode.DataTransferItem(''));
    },
    handleDrop: (target, data) => {
      const moved = dragged.map(({ drawn }) => drawn);
      if (data.get(mime) !== undefined) drop(moved, target?.drawn);
      dragged = [];
    },
  };
}

function toItem(row: ShownRow): vscode.TreeItem {
  const node = row.draw();
  const item = new vscode.TreeItem(node.label, STATE[node.fold]);
  item.id = node.id;
  item.iconPath = new vscode.ThemeIcon(node.icon.id, node.icon.color === undefined ? undefined : new vscode.ThemeColor(node.icon.color));
  item.contextValue = node.words.join(' ');
  item.accessibilityInformation = { label: node.spoken };
  if (node.description !== undefined) item.description = node.description;
  if (node.check !== undefined) {
    const { on, hint } = node.check;
    item.checkboxState = { state: on ? vscode.TreeItemCheckboxState.Checked : vscode.TreeItemCheckboxState.Unchecked, tooltip: hint, accessibilityInformation: { label: hint, role: 'checkbox' } };
  }
  if (node.click !== undefined) item.command = toCommand(node, node.click);
  return item;
}

const STATE: Readonly<Record<TreeNode['fold'], vscode.TreeItemCollapsibleState>> = {
  leaf: vscode.TreeItemCollapsibleState.None,
  collapsed: vscode.TreeItemCollapsibleState.Collapsed,
  expanded: vscode.TreeItemCollapsibleState.Expanded,
};

function toCommand(node: TreeNode, click: Click): vscode.Command {
  if ('command' in click) return { command: click.command, title: click.title, arguments: [node.target] };
  const { file, line, column } = click.open;
  const at = new vscode.Position(Math.max(0, line - 1), Math.max(0, column - 1));
  return {
    command: 'vscode.open',
    title: click.title,
    arguments: [vscode.Uri.file(file), { selection: new vscode.Range(at, at) } satisfies vscode.TextDocumentShowOptions],
  };
}
