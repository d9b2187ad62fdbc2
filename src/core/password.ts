/** What a password must be: long enough, and none that is tried first. No rules about kinds of characters: they make worse ones. */
export type PasswordFault = 'short' | 'long' | 'common' | 'own';

const shortest = 12;
const longest = 128;

/** Words that common passwords are made of, here and elsewhere; longer ones that stand alone are among them. */
const commonWords = [
  'password',
  'passw0rd',
  'passwort',
  'passphrase',
  'salasana',
  'losenord',
  'lösenord',
  'qwerty',
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'letmein',
  'welcome',
  'tervetuloa',
  'valkommen',
  'välkommen',
  'admin',
  'administrator',
  'root',
  'user',
  'guest',
  'test',
  'testi',
  'demo',
  'changeme',
  'vaihdatama',
  'secret',
  'salainen',
  'hemlig',
  'iloveyou',
  'rakastan',
  'monkey',
  'dragon',
  'football',
  'baseball',
  'superman',
  'batman',
  'princess',
  'sunshine',
  'shadow',
  'master',
  'computer',
  'internet',
  'whatever',
  'trustno1',
  'perkele',
  'helsinki',
  'suomi',
  'finland',
  'kissa',
  'koira',
  'kaiku',
  'summer',
  'winter',
  'spring',
  'autumn',
  'kesa',
  'kesä',
  'talvi',
  'kevat',
  'kevät',
  'syksy',
  'january',
  'december',
  'hello',
  'company',
  'yritys',
  'abc',
  'qazwsx',
  'correcthorsebatterystaple',
  '1q2w3e4r5t6y',
  '1q2w3e4r',
  '1qaz2wsx',
  '1qaz2wsx3edc',
  'q1w2e3r4t5y6',
  'zaq12wsx',
];

const rows = ['01234567890', 'qwertyuiopåqwertyuiop', 'asdfghjklöäasdfghjkl', 'zxcvbnm', 'abcdefghijklmnopqrstuvwxyz'];

/** Why a password may not be used, or null. `own` are words that anybody who knows the account would try: name, address, company. */
export function passwordFault(password: string, own: readonly string[]): PasswordFault | null {
  const length = [...password].length;
  if (length < shortest) return 'short';
  if (length > longest) return 'long';
  const plain = password.normalize('NFKC').toLowerCase();
  if (covers(plain, own.flatMap(partsOf))) return 'own';
  const bare = unleeted(plain);
  if (new Set(plain).size < 5 || isWalk(plain) || covers(plain, commonWords) || covers(bare, commonWords)) return 'common';
  return null;
}

/** An address is known by its parts too. */
const partsOf = (word: string): string[] => {
  const plain = word.normalize('NFKC').toLowerCase();
  return [plain, plain.replace(/\s/g, ''), ...plain.split(/[\s@._-]+/)].filter((part) => part.length >= 3);
};

/** Little is left once the known words are out: digits, marks, a letter or two. */
function covers(plain: string, words: readonly string[]): boolean {
  let rest = plain;
  for (const word of [...words].sort((a, b) => b.length - a.length)) rest = rest.replaceAll(word, ' ');
  if (rest === plain) return false;
  return rest.replace(/[^\p{L}]/gu, '').length < 4;
}

const unleeted = (plain: string) =>
  plain.replace(
    /[013457@$!]/g,
    (c) => ({ '0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '@': 'a', $: 's', '!': 'i' })[c] ?? c,
  );

/** Nothing but runs along the keyboard, the alphabet or the digits, forwards or back. */
function isWalk(plain: string): boolean {
  const ways = rows.flatMap((row) => [row, [...row].reverse().join('')]);
  let at = 0;
  while (at < plain.length) {
    let run = 0;
    for (let n = Math.min(plain.length - at, 26); n >= 3 && run === 0; n--)
      if (ways.some((way) => way.includes(plain.slice(at, at + n)))) run = n;
    if (run === 0) return false;
    at += run;
  }
  return true;
}
