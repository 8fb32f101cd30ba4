/** One line of a graph. */
export interface Line {
  readonly name: string;
  readonly colour: string;
  /** How a value is written. */
  readonly unit: string;
  readonly values: readonly number[];
}

const WIDTH = 720;
const BAND = 110;
const LEFT = 150;
const RIGHT = 20;

/** An SVG with a band for each line, all from zero, so that what is flat looks flat. */
export function graph(title: string, below: string, lines: readonly Line[]): string {
  const height = 50 + lines.length * BAND + 30;
  const bands = lines.map((line, index) => band(line, 50 + index * BAND));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12" role="img" aria-label="${title}">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="${LEFT}" y="26" font-size="15" fill="#222">${title}</text>`,
    ...bands,
    `<text x="${LEFT}" y="${height - 10}" fill="#555">${below}</text>`,
    '</svg>',
    '',
  ].join('\n');
}

function band({ name, colour, unit, values }: Line, top: number): string {
  const most = Math.max(...values, 1) * 1.25;
  const step = (WIDTH - LEFT - RIGHT) / Math.max(values.length - 1, 1);
  const bottom = top + BAND - 20;
  const points = values.map((value, i) => `${(LEFT + i * step).toFixed(1)},${(bottom - (value / most) * (BAND - 30)).toFixed(1)}`);
  return [
    `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${bottom}" y2="${bottom}" stroke="#ccc"/>`,
    `<text x="10" y="${top + 40}" fill="${colour}">${name}</text>`,
    `<text x="10" y="${top + 58}" fill="#555">${format(values.at(0))} → ${format(values.at(-1))} ${unit}</text>`,
    `<polyline points="${points.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`,
  ].join('\n');
}

function format(value: number | undefined): string {
  return value === undefined ? '' : value < 100 && !Number.isInteger(value) ? value.toFixed(1) : Math.round(value).toString();
}
