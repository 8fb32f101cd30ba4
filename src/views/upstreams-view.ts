import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../proxy/events.ts';
import { ContextKey, View } from './ids.ts';
import { t } from './l10n.ts';
import { loadInteraction } from './lazy-bundles.ts';
import { NativeTree } from './native-tree.ts';
import { dropped, ordered, readOrder, stepped, type ServerOrder } from './present/server-order.ts';
import { readFilter, type TreeFilter } from './present/tree-filter.ts';
import type { TreeNode } from './present/tree-node.ts';
import type { ViewState } from './present/view-state.ts';
import type { Problem } from './problem.ts';
import { oneLine } from './text.ts';

/** Where the order of servers is kept: with the workspace, as it is how a person looks at them and no part of the files. */
const ORDER_KEY = 'serverOrder';

/** Rows whose boxes were ticked (true) or cleared. */
export type Ticks = readonly (readonly [row: TreeNode, on: boolean])[];

/** What the Upstreams view needs from the rest of the editor side. */
export interface UpstreamsViewParts {
  readonly state: () => ViewState;
  /** Why there is no gateway; undefined while there is one, or it starts. */
  readonly failure: () => Problem | undefined;
  /** A line above the rows, for what concerns all of them. */
  readonly message: () => string | undefined;
  readonly memento: Pick<vscode.Memento, 'get' | 'update'>;
  /** Does what ticked and cleared boxes ask for, and says whether anything comes of it; errors are its own to show. */
  readonly tick: (changes: Ticks) => Promise<boolean>;
}

/** The Upstreams view: its rows, how a person ordered them, and what they are narrowed to. */
export class UpstreamsView implements Disposable {
  readonly tree: NativeTree;
  readonly #parts: UpstreamsViewParts;
  readonly #store = new DisposableStore();
  #order: ServerOrder;
  #filter: TreeFilter | undefined;

  constructor(parts: UpstreamsViewParts) {
    this.#parts = parts;
    this.#order = readOrder(parts.memento.get(ORDER_KEY));
    this.tree = this.#store.add(
      new NativeTree(View.upstreams, {
        rows: () => this.#rows(),
        message: () => parts.message() ?? this.#nothing(),
        description: () => this.#filter && oneLine(this.#filter.text, 40),
        check: (changes) => parts.tick(changes),
        drop: (rows, target) => this.#drop(rows, target),
      }),
    );
  }

  /** What it is narrowed to, as typed; empty for everything. */
  get filter(): string {
    return this.#filter?.text ?? '';
  }

  /** Narrows the view to what the words find; an empty text shows everything. */
  setFilter(text: string): void {
    this.#filter = readFilter(text);
    void vscode.commands.executeCommand('setContext', ContextKey.filtered, this.#filter !== undefined);
    this.tree.refresh();
  }

  /** The server whose row, or one of whose rows, is selected; undefined without one. */
  get selected(): string | undefined {
    return this.tree.view.selection[0]?.target?.server;
  }

  /** Moves a server one place up (-1) or down (1); the focus goes with it, so that its new place is announced. */
  async step(server: string, by: -1 | 1): Promise<void> {
    this.#put(stepped(this.#shown(), server, by));
    const row = this.#rows().find(({ target }) => target?.server === server && target.definition === undefined);
    if (row !== undefined) await this.tree.focusOn(row);
  }

  /** Orders the servers by name. */
  sortByName(): void {
    this.#put([]);
  }

  dispose(): void {
    this.#store.dispose();
  }

  #rows(): readonly TreeNode[] {
    const { failureRows, upstreamRows } = loadInteraction().shownRows;
    const failure = this.#parts.failure();
    if (failure !== undefined) return failureRows(failure);
    return upstreamRows({ ...this.#parts.state(), order: this.#order, filter: this.#filter });
  }

  #nothing(): string | undefined {
    if (this.#filter === undefined || this.#rows().length > 0) return undefined;
    return t('No server and no tool matches “{0}”.', oneLine(this.#filter.text, 60));
  }

  #drop(rows: readonly TreeNode[], target: TreeNode | undefined): void {
    const moved = rows.filter(({ target: about }) => about?.definition === undefined).flatMap(({ target: about }) => (about === undefined ? [] : [about.server]));
    this.#put(dropped(this.#shown(), moved, target?.target?.server));
  }

  #shown(): ServerOrder {
    return ordered(this.#parts.state().snapshot.upstreams, this.#order).map(({ name }) => name);
  }

  #put(order: ServerOrder): void {
    this.#order = order;
    void this.#parts.memento.update(ORDER_KEY, order.length === 0 ? undefined : order);
    this.tree.refresh();
  }
}
