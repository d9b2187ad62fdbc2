import iconv from 'iconv-lite';
import { describe, expect, it } from 'vitest';
import { customerElement } from '../../../src/connectors/netvisor/elements.ts';
import { childOf, element, encode, encodeQuery, parseXml, toXml } from '../../../src/connectors/netvisor/xml.ts';

const parse = (text: string) => parseXml(Buffer.from(text));

describe('reading', () => {
  it('decodes the five entities, references and CDATA, and keeps attributes and numbers as texts', () => {
    const root = parse(
      '<?xml version="1.0" encoding="utf-8" standalone="yes"?><Root a="&quot;1&quot;"><T>&lt;&amp;&gt; &#228;&#x1F989; <![CDATA[&amp;<b>]]></T><N>007</N><E/></Root>',
    );
    expect(root.attributes).toEqual({ a: '"1"' });
    expect(childOf(root, 'T')?.text).toBe('<&> ä🦉 &amp;<b>');
    expect(childOf(root, 'N')?.text).toBe('007');
    expect(childOf(root, 'E')).toMatchObject({ text: '', children: [] });
  });

  it.each(['utf-8', 'iso-8859-15', 'iso-8859-1', 'windows-1252'])('reads an answer as it says it is spelt (%s)', (encoding) => {
    const text = `<?xml version="1.0" encoding="${encoding}"?><Root>Mäkelä Åström Öhman</Root>`;
    expect(parseXml(iconv.encode(text, encoding)).text).toBe('Mäkelä Åström Öhman');
  });

  it.each([
    ['nothing', ''],
    ['HTML', '<html><body><br></body></html>'],
    ['text', 'Service unavailable'],
    ['JSON', '{"a":1}'],
    ['a cut document', '<Root><A>1</A>'],
    ['two documents', '<Root/><Root/>'],
    ['text behind', '<Root/>x'],
    ['a document type', '<!DOCTYPE Root><Root/>'],
    ['an entity of its own', '<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]><Root>&e;</Root>'],
    ['an unknown entity', '<Root>&auml;</Root>'],
    ['a reference to nothing', '<Root>&#0;</Root>'],
    ['an unknown encoding', '<?xml version="1.0" encoding="utf-7"?><Root/>'],
  ])('takes %s for a spoilt answer', (_, text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'ANSWER_GARBLED' }));
  });

  it('takes bytes that are not the declared UTF-8 for a spoilt answer', () => {
    const bytes = iconv.encode('<?xml version="1.0" encoding="utf-8"?><Root>Mäkelä</Root>', 'iso-8859-1');
    expect(() => parseXml(bytes)).toThrow(expect.objectContaining({ code: 'ANSWER_GARBLED' }));
  });
});

describe('writing', () => {
  it('keeps the order of the schema, leaves out what is not given, and writes what is blanked', () => {
    const card = customerElement({ ContactPerson: 'Aino', Email: '', Country: 'FI', Name: 'A & "B" <C>', ReferenceNumber: '' });
    expect(toXml(element('root', [card]))).toBe(
      '<root><customer><customerbaseinformation><name>A &amp; &quot;B&quot; &lt;C&gt;</name><country type="ISO-3166">FI</country><email></email></customerbaseinformation>' +
        '<customercontactdetails><contactperson>Aino</contactperson></customercontactdetails>' +
        '<customeradditionalinformation><customerreferencenumber></customerreferencenumber></customeradditionalinformation></customer></root>',
    );
  });

  it('drops what XML has no place for, and keeps every other character', () => {
    expect(toXml(element('a', 'x\u0000\u000b\ufffey\u{1f989}é'))).toBe('<a>xy🦉é</a>');
  });

  it('spells a body in the encoding, and refuses what it lacks', () => {
    expect(encode('5 € ä Š', 'iso-8859-15')).toEqual(Buffer.from([0x35, 0x20, 0xa4, 0x20, 0xe4, 0x20, 0xa6]));
    expect(encode('5 € ä', 'utf-8')?.toString('utf8')).toBe('5 € ä');
    for (const text of ['🦉', 'Вера', '¤', '½']) expect(encode(text, 'iso-8859-15')).toBeNull();
    expect(encode('a?b', 'iso-8859-15')?.toString('latin1')).toBe('a?b');
  });

  it('percent-encodes a query as ISO-8859-1', () => {
    expect(encodeQuery("Mäkinen & Sons' 1,2:3")).toBe('M%E4kinen%20%26%20Sons%27%201,2:3');
    expect(encodeQuery('Škoda')).toBeNull();
  });
});
