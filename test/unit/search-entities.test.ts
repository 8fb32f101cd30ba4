import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readEntities } from '../../src/proxy/search/entities.ts';
import { splitOutputFile } from '../../src/proxy/search/needs.ts';
import { isOneSlip } from '../../src/proxy/search/query.ts';

function keys(query: string): string[] {
  return readEntities(query).entities.map((entity) => entity.key);
}

describe('typed values in queries', () => {
  it('are recognised', () => {
    const cases: Readonly<Record<string, readonly string[]>> = {
      'read https://example.com/a?b=c': ['url'],
      'look at www.example.com': ['url'],
      'is amazon.co.uk safe': ['domain'],
      'mail jo.doe+x@example.org now': ['email'],
      'where is 8.8.8.8': ['ip'],
      'open /root/notes.md': ['file'],
      'open C:\\Users\\me\\notes.txt': ['file'],
      'sum up ./data/sales.xlsx': ['.xlsx'],
      'list ~/projects/demo': ['directory'],
      'what is in report.pdf': ['.pdf'],
      'is CVE-2024-1234 bad': ['cve'],
      'read arxiv 2310.10508': ['arxiv'],
      'cite 10.1000/xyz123': ['doi'],
      'at 43.6426, -79.3871': ['coordinates'],
      'who owns 0xde0b295669a9fd93': ['hex'],
      'move PROJ-123': ['ticket'],
      'SELECT a FROM b': ['sql'],
      'what is 12 plus 30': ['sum'],
    };
    for (const [query, expected] of Object.entries(cases)) assert.deepEqual(keys(query), expected, query);
  });

  it('are not seen where there are none', () => {
    for (const query of ['and/or', 'read the file', 'GPT-4 or UTF-8', 'version 1.2', 'at 9.30 or 10.45', 'e.g. this', '3 files']) {
      assert.deepEqual(keys(query), [], query);
    }
  });

  it('leave the words around them, and the name of a host', () => {
    assert.equal(readEntities('transcript of https://www.youtube.com/watch?v=x please').text.replace(/\s+/g, ' '), 'transcript of youtube please');
    assert.equal(readEntities('open /root/git/demo.py now').text.replace(/\s+/g, ' '), 'open now');
    assert.equal(readEntities('open /root/git/demo.py now').pathText, '/root/git/demo');
  });
});

describe('a task that writes its result to a file', () => {
  it('is split into its subject and the file', () => {
    assert.deepEqual(splitOutputFile('Compare both papers, then write a report to /root/out/report.md'), { main: 'Compare both papers', file: 'write file ./output.md' });
    assert.deepEqual(splitOutputFile('Plot the sales by month and save it in C:\\x\\sale.png please'), { main: 'Plot the sales by month  please', file: 'create write ./output.png' });
    assert.deepEqual(splitOutputFile('Which laptop is worth buying? Save this to /root/excel/goods.xlsx.'), { main: 'Which laptop is worth buying', file: 'create write ./output.xlsx' });
    assert.deepEqual(splitOutputFile('Compare three charting packages in a markdown report in /root/compare.md'), {
      main: 'Compare three charting packages in a markdown',
      file: 'write file ./output.md',
    });
  });

  it('stays whole when the file is all there is, or is only read', () => {
    for (const query of ['save it to /root/x.md', 'read /root/x.md and tell me who wrote it', 'write to a file', 'save this and that', 'what is in the deepest file in ./data/tree']) {
      assert.equal(splitOutputFile(query), undefined, query);
    }
  });
});

describe('one slip of the keyboard', () => {
  it('is one letter added, left out, changed or swapped', () => {
    for (const [a, b] of [['isue', 'issue'], ['issuee', 'issue'], ['issie', 'issue'], ['isseu', 'issue']] as const) {
      assert.ok(isOneSlip(a, b) && isOneSlip(b, a), `${a} ${b}`);
    }
    for (const [a, b] of [['issue', 'issue'], ['isu', 'issue'], ['ussie', 'issue'], ['', 'ab']] as const) assert.ok(!isOneSlip(a, b), `${a} ${b}`);
  });
});
