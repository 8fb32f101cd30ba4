import type { Tab } from '../src/views/inspector/messages.ts';
import { CallsTab } from './calls.ts';
import { registerComponents, tabStrip } from './components.ts';
import { throttled } from './dom.ts';
import { Host } from './host.ts';
import { SearchTab } from './search.ts';

registerComponents();

const host = new Host();
const tabs = tabStrip('tabs');
const recalled = host.recall();
const calls = new CallsTab(host, recalled.calls ?? {}, remember);
const search = new SearchTab(host, recalled.query ?? '', remember);
// Searching again is for what changed in the catalog; a call by itself changes nothing a search shows.
const searchAgain = throttled(1000, () => void search.load());

show(recalled.tab ?? 'calls');
tabs.addEventListener('change', remember);

host.connect((message) => {
  switch (message.type) {
    case 'show':
      show(message.tab);
      if (message.tab === 'search') search.focus();
      break;
    case 'called':
      calls.called(message.row);
      break;
    case 'changed':
      if (activeTab() === 'search') searchAgain();
      break;
  }
});
void calls.load();
void search.load();

function activeTab(): Tab {
  return tabs.activeid === 'tab-search' ? 'search' : 'calls';
}

function show(tab: Tab): void {
  tabs.activeid = `tab-${tab}`;
}

function remember(): void {
  host.remember({ tab: activeTab(), calls: calls.query, query: search.query });
}
