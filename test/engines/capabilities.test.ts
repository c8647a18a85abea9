/** What an engine cannot do is refused by name: kind, architecture, setting, device. */
import { expect, test } from '@jest/globals';
import { deviceRefusal, refusal, type Capabilities } from '../../engines/capabilities.js';

const can: Capabilities = {
  devices: ['cpu'],
  fit: { text: { architectures: ['gpt2', 'opt'], settings: { epochs: 'any', optimizer: ['adamw'], dropout: [0] } } },
  generate: { text: {} },
  observe: 'all',
  simulate: {},
};
const why = (asked: Parameters<typeof refusal>[2]) => refusal('slow', can, asked);

test.each([
  ['what it has', { op: 'fit', name: 'text', architecture: 'opt', settings: { epochs: 7, optimizer: 'adamw', dropout: 0 } }],
  ['a setting that is off', { op: 'fit', name: 'text', settings: { lora: null, recompute: false, patience: undefined } }],
  ['no limits', { op: 'generate', name: 'text', architecture: 'any', settings: { beams: 4 } }],
  ['all of them', { op: 'observe', name: 'whatever', settings: { a: 1 } }],
] as const)('%s is not refused', (_what, asked) => expect(why(asked)).toBeUndefined());

test.each([
  [{ op: 'fit', name: 'vae' }, 'the engine slow cannot fit models of the family vae; it has text'],
  [
    { op: 'simulate', name: 'gaussian' },
    'the engine slow cannot simulate chains of the family gaussian; it has nothing of the kind',
  ],
  [{ op: 'fit', name: 'toString' }, 'the engine slow cannot fit models of the family toString; it has text'],
  [{ op: 'fit', name: 'text', architecture: 'llama' }, 'the engine slow knows no architecture llama; it has gpt2, opt'],
  [
    { op: 'fit', name: 'text', settings: { lora: { rank: 4 } } },
    'the engine slow does not do lora; leave it out, or use another engine',
  ],
  [
    { op: 'fit', name: 'text', settings: { valueOf: 1 } },
    'the engine slow does not do valueOf; leave it out, or use another engine',
  ],
  [{ op: 'fit', name: 'text', settings: { dropout: 0.1 } }, 'the engine slow does dropout as 0 only, not 0.1'],
  [{ op: 'fit', name: 'text', settings: { optimizer: 'sgd' } }, 'the engine slow does optimizer as adamw only, not "sgd"'],
] as const)('%j', (asked, reason) => expect(why(asked)).toBe(reason));

test('a device', () => {
  expect(deviceRefusal('slow', can, 'cpu')).toBeUndefined();
  expect(deviceRefusal('slow', can, 'cuda')).toBe('the engine slow does not compute on cuda; it has cpu');
});
