import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChosenProfile } from '../../src/views/chosen-profile.ts';
import type { Choice } from '../../src/views/dialogs.ts';
import { statusOf } from '../../src/views/present/status.ts';
import { switchProfile } from '../../src/views/switch-profile.ts';
import { snapshot, upstream } from './views-fixtures.ts';

function chosen(start?: string): ChosenProfile {
  let kept = start;
  return new ChosenProfile({ get: () => kept, set: (name) => (kept = name) });
}

const tooltip = (profile: string | undefined, profiles: readonly string[]): string =>
  statusOf({ kind: 'running', state: { snapshot: { ...snapshot([upstream()]), profiles }, trusted: true }, secretsPersist: true, profile })
    .tooltip.map((paragraph) => paragraph.map((part) => (part.kind === 'text' ? part.text : `<${part.command}>`)).join(' '))
    .join('\n');

describe('the profile of the editor’s own agents', { timeout: 60_000 }, () => {
  it('is what a person picks, and part of the address', async () => {
    const profile = chosen();
    const host = { start: () => Promise.resolve({ snapshot: () => ({ ...snapshot([]), profiles: ['docs', 'a/b'] }) } as never) };
    let changes = 0;
    profile.onDidChange(() => changes++);
    const labels: string[] = [];
    const picks = async (label: string | undefined): Promise<void> => {
      const pick = <T>(_title: string, choices: readonly Choice<T>[]): Promise<T | undefined> => {
        labels.push(choices.map((choice) => `${choice.label}${choice.description === undefined ? '' : '*'}`).join(' '));
        return Promise.resolve(choices.find((choice) => choice.label === label)?.value);
      };
      await switchProfile({ host, profile, dialogs: { pick, inform: () => assert.fail() } }, () => assert.fail());
    };
    assert.equal(profile.urlAt({ url: 'http://127.0.0.1:1/mcp' }), 'http://127.0.0.1:1/mcp');
    await picks('a/b');
    assert.equal(profile.urlAt({ url: 'http://127.0.0.1:1/mcp' }), 'http://127.0.0.1:1/mcp/p/a%2Fb');
    await picks('a/b');
    await picks(undefined);
    assert.deepEqual([profile.name, changes], ['a/b', 1]);
    await picks('Everything');
    assert.deepEqual([profile.name, changes], [undefined, 2]);
    assert.deepEqual(labels, ['Everything* docs a/b', 'Everything docs a/b*', 'Everything docs a/b*', 'Everything docs a/b*']);
  });

  it('is in the tooltip, also when nobody configures it any more', () => {
    assert.doesNotMatch(tooltip(undefined, []), /switchProfile/);
    assert.match(tooltip(undefined, ['docs']), /<vestibule\.switchProfile>/);
    assert.match(tooltip('docs', ['docs']), /see the profile “docs”\. <vestibule\.switchProfile>/);
    assert.match(tooltip('gone', ['docs']), /see nothing: the profile “gone” is in no servers file any more/);
  });

  it('offers the servers file where there is none', async () => {
    let said = '';
    await switchProfile({ host: { start: () => Promise.resolve({ snapshot: () => snapshot([]) } as never) }, profile: chosen(), dialogs: { pick: () => assert.fail(), inform: (message) => (said = message) } }, () => undefined);
    assert.match(said, /No profile is written yet/);
  });
});
