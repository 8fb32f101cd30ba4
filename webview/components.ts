import { provideVSCodeDesignSystem, vsCodeButton, vsCodeDropdown, vsCodeOption, vsCodePanels, vsCodePanelTab, vsCodePanelView, vsCodeTextField } from '@vscode/webview-ui-toolkit';
import { byId } from './dom.ts';

/**
 * The one place that knows which component library draws the controls. The toolkit is archived: a successor needs to
 * be swapped in here and in the element names of the page only.
 */
export function registerComponents(): void {
  provideVSCodeDesignSystem().register(
    vsCodeButton(),
    vsCodeDropdown(),
    vsCodeOption(),
    vsCodePanels(),
    vsCodePanelTab(),
    vsCodePanelView(),
    vsCodeTextField(),
  );
}

/** A control whose `value` is text and that fires `input` or `change`. */
export interface ValueControl extends HTMLElement {
  value: string;
}

/** A tab strip; `activeid` names the tab that is shown. */
export interface TabStrip extends HTMLElement {
  activeid: string;
}

/** The text field or drop-down list of the page with this id. */
export function valueControl(id: string): ValueControl {
  return byId(id) as ValueControl;
}

/** The tab strip of the page with this id. */
export function tabStrip(id: string): TabStrip {
  return byId(id) as TabStrip;
}

/** An option of a drop-down list. */
export function option(value: string, label: string): HTMLElement {
  const element = document.createElement('vscode-option');
  element.setAttribute('value', value);
  element.textContent = label;
  return element;
}
