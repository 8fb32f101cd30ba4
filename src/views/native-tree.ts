import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../proxy/events.ts';
import type { Click, TreeNode } from './present/tree-node.ts';

/** What a native tree shows: its rows now, asked for only while it is visible. */
export interface TreeSource {
  readonly rows: () => readonly TreeNode[];
  /** A line above the rows, for what concerns all of them. */
  readonly message: () => string | undefined;
  /** What stands beside the view's title. */
  readonly description?: () => string | undefined;
  /** Takes ticks and their removal; rows show what became of it at the next refresh. */
  readonly check?: (changes: readonly (readonly [row: TreeNode, on: boolean])[]) => void;
  /** Takes rows that were dropped on another one; on the empty space below for undefined. */
  readonly drop?: (moved: readonly TreeNode[], target: TreeNode | undefined) => void;
}

/** Shows presenter rows in a native TreeView. Hidden, it does nothing but remember that it is out of date. */
export class NativeTree implements Disposable {
  readonly view: vscode.TreeView<TreeNode>;
  readonly #source: TreeSource;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #store = new DisposableStore();
  #stale = false;

  constructor(id: string, source: TreeSource) {
    this.#source = source;
    this.view = this.#store.add(
      vscode.window.createTreeView<TreeNode>(id, {
        treeDataProvider: {
          onDidChangeTreeData: this.#changed.event,
          getChildren: (node) => [...(node === undefined ? source.rows() : node.children())],
          getTreeItem: toItem,
          resolveTreeItem: (item, node) => {
            // A plain string is shown as text: no links, no icons, no HTML (security U1).
            item.tooltip = node.tooltip();
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
    this.#store.add(this.view.onDidChangeCheckboxState(({ items }) => source.check?.(items.map(([row, state]) => [row, state === vscode.TreeItemCheckboxState.Checked]))));
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
    this.#changed.fire();
  }

  dispose(): void {
    this.#store.dispose();
  }
}

/** Dragging within one view: the rows stay in this process. */
function dragging(id: string, drop: NonNullable<TreeSource['drop']>): vscode.TreeDragAndDropController<TreeNode> {
  const mime = `application/vnd.code.tree.${id.toLowerCase()}`;
  let dragged: readonly TreeNode[] = [];
  return {
    dragMimeTypes: [mime],
    dropMimeTypes: [mime],
    handleDrag: (rows, data) => {
      dragged = rows;
      data.set(mime, new vscode.DataTransferItem(''));
    },
    handleDrop: (target, data) => {
      if (data.get(mime) !== undefined) drop(dragged, target);
      dragged = [];
    },
  };
}

function toItem(node: TreeNode): vscode.TreeItem {
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
