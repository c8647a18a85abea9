/** Engines get no credentials. */
import { expect, test } from '@jest/globals';
import { environmentOfEngine } from '../../engines/environment.js';

test('credentials of server, store, hub and signing stay out; all else goes along', () => {
  const secret = {
    AWS_SECRET_ACCESS_KEY: 'x',
    AWS_ACCESS_KEY_ID: 'x',
    AWS_PROFILE: 'x',
    TEMPORAL_API_KEY: 'x',
    TEMPORAL_TLS_CLIENT_KEY_PATH: 'x',
    HABSBURG_SIGNING_KEY: 'x',
    HABSBURG_SIGNING_COMMAND: 'x',
    HF_TOKEN: 'x',
  };
  const plain = { PATH: '/bin', HABSBURG_THREADS: '2', CUDA_VISIBLE_DEVICES: '0', LD_LIBRARY_PATH: '/lib', MY_AWS_NOTE: 'y' };
  expect(environmentOfEngine({ ...secret, ...plain })).toEqual(plain);
});
