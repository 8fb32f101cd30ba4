import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { BY_KEY, Command, CONTAINER_ID, ContextKey, ItemWord, PROVIDER_ID, PROVIDER_LABEL, Scheme, Setting, View } from '../../src/views/ids.ts';

const root = join(import.meta.dirname, '..', '..');

interface MenuItem {
  readonly command: string;
  readonly when?: string;
}

interface Manifest {
  readonly main: string;
  readonly icon: string;
  readonly categories: readonly string[];
  readonly keywords: readonly string[];
  readonly extensionKind: readonly string[];
  readonly activationEvents: readonly string[];
  readonly capabilities: { readonly untrustedWorkspaces: { readonly supported: unknown; readonly restrictedConfigurations: readonly string[] }; readonly virtualWorkspaces: { readonly supported: unknown } };
  readonly contributes: {
    readonly mcpServerDefinitionProviders: readonly { readonly id: string; readonly label: string }[];
    readonly commands: readonly { readonly command: string; readonly category: string; readonly title: string; readonly icon?: string; readonly enablement?: string }[];
    readonly keybindings: readonly { readonly command: string; readonly key: string; readonly when: string; readonly args: unknown }[];
    readonly menus: Readonly<Record<string, readonly MenuItem[]>>;
    readonly viewsContainers: { readonly activitybar: readonly { readonly id: string; readonly icon: string }[] };
    readonly views: Readonly<Record<string, readonly { readonly id: string; readonly icon: string }[]>>;
    readonly viewsWelcome: readonly { readonly view: string; readonly when?: string; readonly contents: string }[];
    readonly configuration: { readonly properties: Readonly<Record<string, { readonly scope: string; readonly markdownDescription: string; readonly default: unknown }>> };
    readonly jsonValidation: readonly { readonly url: string }[];
    readonly walkthroughs: readonly { readonly steps: readonly { readonly description: string; readonly media: { readonly markdown: string }; readonly completionEvents: readonly string[] }[] }[];
  };
}

const text = readFileSync(join(root, 'package.json'), 'utf8');
const manifest = JSON.parse(text) as Manifest;
const strings = new Map(Object.entries(JSON.parse(readFileSync(join(root, 'package.nls.json'), 'utf8')) as Record<string, string>));
const { contributes } = manifest;
const sorted = (values: Iterable<string>): string[] => [...values].sort();
const localised = (value: string): string => value.replaceAll(/%([\w.]+)%/g, (_, key: string) => strings.get(key) ?? assert.fail(`no string ${key}`));

describe('package.json', () => {
  it('contributes exactly the commands the code registers, all in one category', () => {
    assert.deepEqual(sorted(contributes.commands.map(({ command }) => command)), sorted(Object.values(Command)));
    for (const { category, title, icon } of contributes.commands) {
      assert.equal(category, 'Vestibule');
      assert.ok(localised(title).length > 0);
      assert.match(icon ?? '', /^\$\([a-z-]+\)$/);
    }
  });

  it('has every command of the contract, each where it can do something', () => {
    const contract =
      'addUpstream importUpstreams browseRegistry editServers reviewQuarantine approve approveAll block showChanges signIn signOut restartUpstream showLogs openInspector searchTools connectAgent revokeAgent pauseAll resumeAll exportCalls shareApprovals runDoctor copyEndpoint';
    const byId = new Map(contributes.commands.map((command) => [command.command, command]));
    for (const name of contract.split(' ')) assert.ok(byId.has(`vestibule.${name}`), name);
    // These help a person who has nothing yet, or with whom nothing works.
    const always = ['addUpstream', 'importUpstreams', 'browseRegistry', 'editServers', 'showLogs', 'exportCalls', 'runDoctor', 'restartGateway', 'reviewLockFile', 'undoDecision', 'forgetLearned'];
    for (const { command, enablement } of contributes.commands) assert.equal(enablement === undefined, always.includes(command.replace('vestibule.', '')), command);
    // What counts on servers is not offered in the palette without any.
    const palette = new Map((contributes.menus['commandPalette'] ?? []).map(({ command, when }) => [command, when]));
    for (const { command, enablement } of contributes.commands) if (enablement?.endsWith('> 0') === true) assert.equal(palette.get(command), enablement, command);
  });

  it('is found in the right places of the shops, with what they ask for', () => {
    assert.deepEqual(manifest.categories, ['AI', 'Chat']);
    assert.ok(manifest.keywords.length <= 5);
    for (const file of ['README.md', 'CHANGELOG.md', 'SUPPORT.md', 'SECURITY.md', 'COMMON_PROBLEMS.md', 'LICENSE']) assert.ok(existsSync(join(root, file)), file);
    // Relative pictures are shown from the repository: all that the README names are there, and none of another place.
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const pictures = [...readme.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(([, file = '']) => file);
    assert.ok(pictures.length >= 3);
    for (const file of [...pictures, ...[...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target = '']) => target)]) assert.ok(existsSync(join(root, file)), file);
  });

  it('contributes exactly the views, in its own container', () => {
    assert.deepEqual(contributes.viewsContainers.activitybar.map(({ id }) => id), [CONTAINER_ID]);
    assert.deepEqual(Object.keys(contributes.views), [CONTAINER_ID]);
    assert.deepEqual(sorted((contributes.views[CONTAINER_ID] ?? []).map(({ id }) => id)), sorted(Object.values(View)));
  });

  it('contributes exactly the settings the code reads, none of them settable where it should not be', () => {
    assert.deepEqual(sorted(Object.keys(contributes.configuration.properties)), sorted(Object.values(Setting)));
    for (const { scope, markdownDescription } of Object.values(contributes.configuration.properties)) {
      assert.match(scope, /^machine/);
      assert.ok(localised(markdownDescription).endsWith('.'));
    }
    // A workspace must not be able to move the endpoint, answer for the person, vouch for itself or choose a registry.
    for (const id of [Setting.port, Setting.consent, Setting.lockfile, Setting.registry]) assert.equal(contributes.configuration.properties[id]?.scope, 'machine', id);
    assert.deepEqual(sorted(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations), sorted(Object.values(Setting)));
    const documented = readFileSync(join(root, 'docs', 'settings.md'), 'utf8');
    for (const id of Object.values(Setting)) assert.match(documented, new RegExp(`^\\| \`${id.replace('.', '\\.')}\` \\|`, 'm'));
  });

  it('has keys only where they can mean nothing else: in its own views, for what is selected there', () => {
    assert.ok(contributes.keybindings.length > 0);
    for (const { command, when, args } of contributes.keybindings) {
      assert.ok(Object.values<string>(Command).includes(command), command);
      assert.match(when, /^focusedView == vestibule\.upstreams$/);
      assert.equal(args, BY_KEY);
    }
  });

  it('declares the provider under the identity that approvals are kept under', () => {
    assert.deepEqual(contributes.mcpServerDefinitionProviders, [{ id: PROVIDER_ID, label: PROVIDER_LABEL }]);
  });

  it('refers to known commands, views, context keys and item words only', () => {
    const commands = new Set<string>(Object.values(Command));
    const views = new Set<string>(Object.values(View));
    const keys = new Set<string>(Object.values(ContextKey));
    const words = new Set<string>(Object.values(ItemWord));
    const clauses: string[] = [];
    for (const item of Object.values(contributes.menus).flat()) {
      assert.ok(commands.has(item.command), item.command);
      clauses.push(item.when ?? '');
    }
    clauses.push(...contributes.commands.map(({ enablement }) => enablement ?? ''), ...contributes.viewsWelcome.map(({ when }) => when ?? ''));
    for (const clause of clauses) {
      for (const [id] of clause.matchAll(/vestibule\.\w+/g)) assert.ok(views.has(id) || keys.has(id), `${id} in ${clause}`);
      for (const [, pattern = ''] of clause.matchAll(/viewItem =~ \/(.+?)\//g)) {
        for (const [word] of pattern.replaceAll('\\b', ' ').matchAll(/[a-z]+/g)) assert.ok(words.has(word), `${word} in ${clause}`);
      }
      for (const [, scheme] of clause.matchAll(/resourceScheme == ([\w-]+)/g)) assert.ok(Object.values<string>(Scheme).includes(scheme ?? ''));
    }
    for (const [, command = ''] of [...strings.values()].join('\n').matchAll(/command:(vestibule\.\w+)/g)) assert.ok(commands.has(command), command);
    for (const { view } of contributes.viewsWelcome) assert.ok(views.has(view));
    for (const [, id = ''] of text.matchAll(/"onCommand:(vestibule\.\w+)"/g)) assert.ok(commands.has(id), id);
    for (const [, id = ''] of text.matchAll(/"onContext:(vestibule\.\w+)/g)) assert.ok(keys.has(id), id);
    for (const { completionEvents } of contributes.walkthroughs.flatMap(({ steps }) => steps)) assert.equal(completionEvents.length, 1);
  });

  it('has every string it names, and names every string it has', () => {
    const named = new Set([...text.matchAll(/"%([\w.]+)%"/g)].map(([, key = '']) => key));
    assert.deepEqual(sorted(named), sorted(strings.keys()));
  });

  it('ships every file it names', () => {
    const files = [
      manifest.icon,
      ...contributes.viewsContainers.activitybar.map(({ icon }) => icon),
      ...Object.values(contributes.views).flatMap((views) => views.map(({ icon }) => icon)),
      ...contributes.jsonValidation.map(({ url }) => url),
      ...contributes.walkthroughs.flatMap(({ steps }) => steps.map(({ media }) => media.markdown)),
    ];
    for (const file of files) assert.ok(existsSync(join(root, file)), file);
  });

  it('starts after the editor has, where the code is, and with limits where nobody vouches for the folder', () => {
    assert.deepEqual(manifest.activationEvents, ['onStartupFinished']);
    assert.deepEqual(manifest.extensionKind, ['workspace']);
    assert.equal(manifest.capabilities.untrustedWorkspaces.supported, 'limited');
    assert.equal(manifest.capabilities.virtualWorkspaces.supported, 'limited');
  });

  it('has an icon of 256 by 256 pixels', () => {
    const png = readFileSync(join(root, manifest.icon));
    assert.deepEqual([png.toString('latin1', 1, 4), png.readUInt32BE(16), png.readUInt32BE(20)], ['PNG', 256, 256]);
  });
});
