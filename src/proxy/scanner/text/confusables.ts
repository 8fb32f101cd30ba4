/*
 * Letters of other scripts that look like Latin ones. Only what is drawn alike in common fonts: the table undoes a
 * disguise, it does not transliterate. Lower and upper case apart, as they differ (Greek η looks like n, Η like H).
 */

const LOOKS_LIKE: readonly (readonly [latin: string, others: string])[] = [
  // Cyrillic, Greek, Armenian, Cherokee
  ['a', 'аαɑᴀ'], ['b', 'ЬЪвʙ'], ['c', 'сϲᴄⅽ'], ['d', 'ԁժᴅɗ'], ['e', 'еєҽεᴇ℮ǝ'], ['f', 'ғꜰϝſ'], ['g', 'ɡցɢ'], ['h', 'һհнʜ'], ['i', 'іιɩıɪӏ'],
  ['j', 'јϳᴊ'], ['k', 'кκᴋ'], ['l', 'ⅼʟ'], ['m', 'мᴍ'], ['n', 'ηпոռɴ'], ['o', 'оοօσᴏ๐'], ['p', 'рρᴘ'], ['q', 'ԛզ'], ['r', 'гʀᴦ'], ['s', 'ѕꜱƽ'],
  ['t', 'тτᴛ'], ['u', 'υսцᴜʋ'], ['v', 'νѵᴠ'], ['w', 'ԝωшᴡ'], ['x', 'хχ'], ['y', 'уүγʏ'], ['z', 'ᴢ'],
  ['A', 'АΑᎪ'], ['B', 'ВΒᏴ'], ['C', 'СϹᏟ'], ['D', 'Ꭰᗞᗪ'], ['E', 'ЕΕᎬ'], ['F', 'ϜᖴҒ'], ['G', 'ԌᏀ'], ['H', 'НΗᎻ'], ['I', 'ІΙӀ'], ['J', 'ЈᎫ'],
  ['K', 'КΚᏦ'], ['L', 'Ꮮᒪ'], ['M', 'МΜᎷ'], ['N', 'Νո'], ['O', 'ОΟՕ'], ['P', 'РΡᏢ'], ['Q', 'ԚႳ'], ['R', 'ᎡᏒ'], ['S', 'ЅՏᏚ'], ['T', 'ТΤᎢ'], ['U', 'Սᑌ'],
  ['V', 'Ѵᐯ'], ['W', 'ԜᎳ'], ['X', 'ХΧ'], ['Y', 'УΥҮ'], ['Z', 'ΖᏃ'],
];

const TO_LATIN: ReadonlyMap<string, string> = new Map(LOOKS_LIKE.flatMap(([latin, others]) => Array.from(others, (other) => [other, latin] as const)));

/** The Latin letter this character passes for, if there is one. */
export function latinFor(character: string): string | undefined {
  return TO_LATIN.get(character);
}

/**
 * What a name looks like: two names of one skeleton cannot be told apart at a glance. Letters look-alike across
 * scripts, `l`, `I` and `1`, `O` and `0`, `rn` and `m`, separators and case all fall together.
 */
export function skeleton(name: string): string {
  const latin = Array.from(name.slice(0, MAX_NAME).normalize('NFKD'), (character) => TO_LATIN.get(character) ?? character).join('');
  return latin
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w')
    .replace(/[il1|!]/g, 'l')
    .replaceAll('0', 'o')
    .replaceAll('5', 's');
}

const MAX_NAME = 200;
