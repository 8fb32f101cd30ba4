const SVG = 'http://www.w3.org/2000/svg';

/** A bar of a chart: from where to where, each a share of the whole width. */
export interface Bar {
  readonly from: number;
  readonly to: number;
  /** Chooses a colour of the theme in the style sheet. */
  readonly kind: string;
}

/**
 * One line of a chart: bars on a track. It is an image with a text alternative; where the figures stand beside it, the
 * alternative is empty and the image is hidden from screen readers.
 */
export function barLine(bars: readonly Bar[], alternative = ''): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'bars');
  svg.setAttribute('viewBox', '0 0 1000 10');
  svg.setAttribute('preserveAspectRatio', 'none');
  if (alternative === '') svg.setAttribute('aria-hidden', 'true');
  else {
    svg.setAttribute('role', 'img');
    svg.setAttribute('aria-label', alternative);
  }
  svg.append(rectangle({ from: 0, to: 1, kind: 'track' }, 0), ...bars.map((bar) => rectangle(bar, 3)));
  return svg;
}

function rectangle({ from, to, kind }: Bar, least: number): SVGRectElement {
  const rect = document.createElementNS(SVG, 'rect');
  const start = Math.min(1, Math.max(0, from)) * 1000;
  rect.setAttribute('class', kind);
  rect.setAttribute('x', start.toFixed(1));
  rect.setAttribute('y', '0');
  // What took no time at all is still there to be seen.
  rect.setAttribute('width', Math.max(least, Math.min(1, Math.max(0, to)) * 1000 - start).toFixed(1));
  rect.setAttribute('height', '10');
  return rect;
}

/** Columns side by side, each a share of the height. */
export function columns(shares: readonly number[], alternative: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'columns');
  svg.setAttribute('viewBox', `0 0 ${shares.length * 10} 100`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', alternative);
  shares.forEach((share, i) => {
    const rect = document.createElementNS(SVG, 'rect');
    const height = share === 0 ? 0 : Math.max(2, share * 100);
    rect.setAttribute('class', 'value');
    rect.setAttribute('x', String(i * 10 + 1));
    rect.setAttribute('y', (100 - height).toFixed(1));
    rect.setAttribute('width', '8');
    rect.setAttribute('height', height.toFixed(1));
    svg.append(rect);
  });
  return svg;
}
