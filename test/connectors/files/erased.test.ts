import { describe, expect, it } from 'vitest';
import { traceIn } from '../../../src/connectors/files/traces.ts';
import { MemoryExchange } from '../memory-exchange.ts';
import { call, open, parse, usual } from './setup.ts';

/** Sweeping of chimneys: a row is a customer at a property, and the property stays when the customer goes. */
const sweeping = {
  export: { names: 'asiakkaat*.csv' },
  key: 'Asiakasnro',
  map: {
    name: 'Nimi',
    'address.street': 'Osoite',
    'address.postcode': 'Postinro',
    'address.city': 'Paikkakunta',
    phone: 'Puhelin',
    email: 'Sähköposti',
  },
  corrections: 'people',
  erased: { row: 'blank', stays: ['address'], look: 'values' },
};
const header = 'Asiakasnro;Nimi;Osoite;Postinro;Paikkakunta;Puhelin;Sähköposti;Kiinteistö;Seuraava käynti';
const aino = '1;Aino Mäkelä;Kuja 1;20100;Åbo;040 100 1001;koti@odd.test;K-1;4.5.2027';
const pekka = '2;Pekka Mäkelä;Kuja 1;20100;Åbo;+358 40 100 1001;pekka@odd.test;K-1;';
const other = '3;Äijä Öberg;Kuja 9;20100;Åbo;050 1;oberg@odd.test;K-9;';
const who = {
  givenName: 'Aino',
  familyName: 'Mäkelä',
  email: 'koti@odd.test',
  phone: '+358401001001',
  address: { street: 'Kuja 1', postcode: '20100', city: 'Åbo' },
};

function of(rows: string[], encode = (text: string) => Buffer.from(text), settings: Record<string, unknown> = {}) {
  const exchange = new MemoryExchange();
  exchange.put('asiakkaat-1.csv', encode([header, ...rows].map((line) => `${line}\r\n`).join('')), 1);
  return open({ ...sweeping, ...settings }, exchange).recipient;
}
const ref = { place: 'row', id: '1' };

describe('an export where the property stays', () => {
  it.each([
    ['UTF-8 with a byte order mark', 'utf-8', (text: string) => Buffer.from(`\ufeff${text}`)],
    ['ISO-8859-1', 'iso-8859-1', (text: string) => Buffer.from(text, 'latin1')],
  ])('reads it in %s', async (_, encoding, encode) => {
    const read = await of([aino, pekka, other], encode, { encoding }).read({ place: 'row', id: '3' }, call);
    expect(read?.fields).toMatchObject({ givenName: 'Äijä', familyName: 'Öberg', email: 'oberg@odd.test' });
  });

  it('holds nobody in a row without name, telephone and e-mail, and somebody in one with any of them', async () => {
    const without = (phone: string) => of([`1;;Kuja 1;20100;Åbo;${phone};;K-1;4.5.2027`, other]);
    expect(await without('').read(ref, call)).toBeNull();
    expect(await without('').erase(ref, call)).toEqual({ kind: 'not-found' });
    expect(await without('040 100 1001').read(ref, call)).not.toBeNull();
    expect(await without('040 100 1001').erase(ref, call)).toMatchObject({ kind: 'refused', ask: true });
    const whole = { erased: { look: 'values' } };
    expect(await of([`1;;Kuja 1;20100;Åbo;;;K-1;`, other], undefined, whole).read(ref, call)).not.toBeNull();
  });

  it('is not believed where it blanks very many people at once', async () => {
    const exchange = new MemoryExchange();
    const file = (row: (n: number) => string) =>
      Buffer.from([header, ...[1, 2, 3, 4, 5, 6].map(row)].join('\r\n').concat('\r\n'));
    exchange.put(
      'asiakkaat-1.csv',
      file((n) => `${n};Aino ${n};Kuja ${n};20100;Åbo;;a${n}@odd.test;;`),
      1,
    );
    exchange.put(
      'asiakkaat-2.csv',
      file((n) => (n > 4 ? `${n};Aino ${n};Kuja ${n};20100;Åbo;;a${n}@odd.test;;` : `${n};;Kuja ${n};20100;Åbo;;;;`)),
      2,
    );
    await expect(open(sweeping, exchange).recipient.read(ref, call)).rejects.toMatchObject({ code: 'RECIPIENT_UNAVAILABLE' });
  });

  it.each([
    ['another customer number', '7;Aino Mäkelä;Kuja 1;20100;Åbo;;;K-1;', 'theirs'],
    ['the telephone, with no name', '7;;Muu 3;20100;Åbo;0401001001;;K-3;', 'theirs'],
    ['the e-mail and a slip of the name', '7;Aino Mäkälä;Muu 3;20100;Åbo;;KOTI@odd.test;K-3;', 'theirs'],
    ['the telephone of the household', pekka, 'doubtful'],
    ['the name alone', '7;Mäkelä Aino;Muu 3;33100;Tampere;;;K-3;', 'doubtful'],
    ['the address with another name', '7;Uusi Asukas;Kuja 1;20100;Åbo;050 7;;K-1;', 'none'],
    ['the property alone', '7;;Kuja 1;20100;Åbo;;;K-1;', 'none'],
  ])('says of a row that shows %s: %s', async (_, row, trace) => {
    expect(await of([row, other]).traces?.(who, call)).toBe(trace);
  });

  it('finds the person in a row of another number, and not in that of the household', async () => {
    const found = async (...rows: string[]) => (await of(rows).find(who, 'row', call)).map((profile) => profile.ref.id);
    expect(await found(pekka, other)).toEqual([]);
    expect(await found('7;Aino Mäkelä;Kuja 1;20100;Åbo;;;K-1;', pekka, other)).toEqual(['7']);
    expect(traceIn({}, who)).toBe('none');
    expect(traceIn({ givenName: 'Äijä', familyName: 'Öberg' }, {})).toBe('none');
  });

  it('is declared whole: what stays is mapped, and leaves somebody to look for', () => {
    const faults = (settings: object) =>
      parse({ ...usual, ...sweeping, ...settings }).error?.issues.map(({ message }) => message);
    expect(faults({})).toBeUndefined();
    expect(faults({ erased: { stays: ['address'] } })).toEqual(['belongs to row: blank']);
    expect(faults({ erased: { row: 'blank', stays: ['custom.flue'] } })).toEqual(['names a field that map does not']);
    expect(faults({ erased: { row: 'blank', stays: ['name', 'address', 'phone', 'email'] } })).toEqual([
      "must leave a field that is the person's",
    ]);
  });
});
