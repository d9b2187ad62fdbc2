/** A country has one spelling here, its ISO 3166 code: registers and people write names, in several languages. */

const codes = (() => {
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
  // those of countries that are no more (DD) stand for their successor, whose name they would take
  return letters.flatMap((a) => letters.map((b) => a + b)).filter((code) => new Intl.Locale(`und-${code}`).region === code);
})();

let byName: Map<string, string> | undefined;
/** Names in Finnish, Swedish and English, lower case. A code that the language data does not know is its own name: left out. */
function countries(): Map<string, string> {
  if (byName) return byName;
  byName = new Map();
  for (const language of ['en', 'sv', 'fi']) {
    const names = new Intl.DisplayNames([language], { type: 'region', fallback: 'none' });
    for (const code of codes) {
      const name = names.of(code);
      if (name && !byName.has(name.toLowerCase())) byName.set(name.toLowerCase(), code);
    }
  }
  return byName;
}

/** The two letters of a country; undefined for what is none. */
export function countryCode(text: string | undefined): string | undefined {
  const word = text?.trim() ?? '';
  if (/^[A-Za-z]{2}$/.test(word)) {
    // UK is GB
    const code = new Intl.Locale(`und-${word}`).region;
    return code !== undefined && codes.includes(code) ? code : undefined;
  }
  return countries().get(word.toLowerCase());
}
