/**
 * Licences as sources claim them, in others' words. A licence that is not among these is handed on as it was claimed, and never taken for
 * one of them.
 */

/** By SPDX identifier in lower case: the identifier, and what the Hugging Face Hub calls it. Hub: docs/hub/repositories-licenses. */
const KNOWN: ReadonlyMap<string, { readonly spdx: string; readonly hub: string }> = new Map(
  (
    [
      ['Apache-2.0'],
      ['MIT'],
      ['BSD-2-Clause'],
      ['BSD-3-Clause'],
      ['ISC'],
      ['Unlicense'],
      ['MPL-2.0'],
      ['GPL-2.0-only', 'gpl-2.0'],
      ['GPL-3.0-only', 'gpl-3.0'],
      ['LGPL-3.0-only', 'lgpl-3.0'],
      ['AGPL-3.0-only', 'agpl-3.0'],
      ['CC0-1.0'],
      ['CC-BY-2.0'],
      ['CC-BY-3.0'],
      ['CC-BY-4.0'],
      ['CC-BY-SA-3.0'],
      ['CC-BY-SA-4.0'],
      ['CC-BY-NC-2.0'],
      ['CC-BY-NC-3.0'],
      ['CC-BY-NC-4.0'],
      ['CC-BY-ND-4.0'],
      ['CC-BY-NC-ND-3.0'],
      ['CC-BY-NC-ND-4.0'],
      ['CC-BY-NC-SA-2.0'],
      ['CC-BY-NC-SA-3.0'],
      ['CC-BY-NC-SA-4.0'],
      ['ODbL-1.0', 'odbl'],
      ['ODC-By-1.0', 'odc-by'],
      ['PDDL-1.0', 'pddl'],
      ['GFDL-1.3-only', 'gfdl'],
      ['CDLA-Permissive-2.0'],
    ] as const
  ).map(([spdx, hub = spdx.toLowerCase()]) => [spdx.toLowerCase(), { spdx, hub }]),
);

/** The identifier of SPDX that a claim is, or that of the Hub; undefined where it is none that is known here. */
export function spdxOf(claim: string): string | undefined {
  return KNOWN.get(claim.trim().toLowerCase())?.spdx;
}

export function hubOf(claim: string): string | undefined {
  return KNOWN.get(claim.trim().toLowerCase())?.hub;
}

/** Where a licence can be read: its page at SPDX, or the address that was claimed; undefined of other words. */
export function licenceUri(claim: string): string | undefined {
  const spdx = spdxOf(claim);
  if (spdx !== undefined) return `https://spdx.org/licenses/${spdx}`;
  return /^https?:\/\/\S+$/.test(claim.trim()) ? claim.trim() : undefined;
}
