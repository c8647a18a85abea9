import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BlockPacker, linesOf, type TextTokenizer } from '../../data/blocks.js';
import { failure } from '../artifacts/object-store-contract.js';

const golden = (name: string) => readFileSync(join(process.cwd(), 'test/golden/data', name), 'utf8');

/** A byte-level BPE trained by Hugging Face's tokenizers in Python. */
const library = new Tokenizer(JSON.parse(golden('tokenizer.json')), { clean_up_tokenization_spaces: false });
const tokenizer: TextTokenizer = {
  encode: (text) => library.encode(text, { add_special_tokens: false }).ids,
  decode: (ids) => library.decode([...ids], { skip_special_tokens: false }),
  eosId: 2,
};

function packBlocks(text: string, from: TextTokenizer, block: number, limit?: number) {
  const packer = new BlockPacker(from, block, limit);
  const blocks = [...packer.add(linesOf(text))];
  return { blocks, lines: packer.lines, tokens: packer.tokens };
}

describe('bos-line', () => {
  test('gives the blocks that the reference script in Python gives: blank lines, carriage returns, odd white space, no last newline', () => {
    const expected = JSON.parse(golden('blocks.json')) as { lines: number; tokens: number; blocks: number[][] };
    expect(packBlocks(golden('lines.txt'), tokenizer, 16)).toEqual({
      blocks: expected.blocks,
      lines: expected.lines,
      tokens: expected.tokens,
    });
    expect(packBlocks(golden('lines.txt'), tokenizer, 16, 5).blocks).toEqual(expected.blocks.slice(0, 5));
    expect(packBlocks(golden('lines.txt'), tokenizer, 16, 0)).toEqual({ blocks: [], lines: 0, tokens: 0 });
  });

  test('lines that come in batches give the same blocks', () => {
    const lines = linesOf(golden('lines.txt'));
    const expected = JSON.parse(golden('blocks.json')) as { blocks: number[][] };
    for (const size of [1, 2, 7]) {
      const packer = new BlockPacker(tokenizer, 16);
      const blocks: number[][] = [];
      for (let at = 0; at < lines.length; at += size) blocks.push(...packer.add(lines.slice(at, at + size)));
      expect(blocks).toEqual(expected.blocks);
    }
  });

  test('lines end at "\\n" only', () => {
    expect(linesOf('a\r\nb\u2028c\n\nd')).toEqual(['a\r', 'b\u2028c', '', 'd']);
    expect(linesOf('a\n')).toEqual(['a']);
    expect(linesOf('')).toEqual([]);
  });

  test('the blocks decode to the text again, with </s> before every line', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom('a', ' ', 'é', '日', '<', '/', 's', '>', '.', '</s>') }), {
          minLength: 1,
          maxLength: 12,
        }),
        (lines) => {
          const text = lines.map((line) => `${line}\n`).join('');
          const ids = packBlocks(text, tokenizer, 1).blocks.flat();
          expect(tokenizer.decode(ids)).toBe(lines.map((line) => (line.trim() === '' ? '</s>' : `</s>${line}\n`)).join(''));
        },
      ),
      { seed: 7, numRuns: 200 },
    );
  });

  test('</s> in the text is text: only line starts are the token', () => {
    const text = 'a </s> b</s></s>\n</s>\nno <s> or <pad> here\n';
    expect(tokenizer.encode('a </s> b')).toContain(2);
    const { blocks, tokens } = packBlocks(text, { ...tokenizer, specials: ['<s>', '<pad>', '</s>'] }, 1);
    const ids = blocks.flat();
    expect(ids.filter((id) => id === 2)).toHaveLength(3);
    expect(ids.filter((id) => id < 2)).toHaveLength(0);
    expect(ids).toHaveLength(tokens);
    expect(tokenizer.decode(ids)).toBe('</s>a </s> b</s></s>\n</s></s>\n</s>no <s> or <pad> here\n');
    expect(packBlocks('<pad>\n', tokenizer, 1).blocks.flat()).toContain(1);
  });

  test('a block of no tokens is refused', async () => {
    for (const block of [0, -1, 1.5, NaN])
      expect((await failure((async () => packBlocks('a', tokenizer, block))())).kind).toBe('invalid');
  });
});
