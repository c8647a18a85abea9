/** Verdicts on claims in words, for a terminal and for the page. */
import { thresholdOf, type Claim } from '../spec/claims.js';
import type { ClaimPart, ClaimVerdict } from './claims.js';
import { formatNumber, withMinus } from './format.js';
import { pText } from './tests-table.js';
import { visible, wrap } from './text.js';

/** `2 of 3 claims hold; 1 cannot be told.` */
export function claimsHeadline(verdicts: readonly ClaimVerdict[]): string {
  const count = (word: ClaimVerdict['verdict']) => verdicts.filter(({ verdict }) => verdict === word).length;
  const [held, failed, open] = [count('holds'), count('fails'), count('cannot tell')];
  const rest = [failed > 0 && `${failed} ${failed === 1 ? 'fails' : 'fail'}`, open > 0 && `${open} cannot be told`];
  const all = verdicts.length;
  return `${held} of ${all} ${all === 1 ? 'claim' : 'claims'} ${held === 1 ? 'holds' : 'hold'}${rest.filter(Boolean).map((part) => `; ${part as string}`).join('')}.`; // prettier-ignore
}

/** `cannot tell (power .31)` */
export function verdictWord({ verdict, power }: ClaimVerdict): string {
  return power === undefined ? verdict : `${verdict} (power ${powerText(power)})`;
}

/** What was measured, what would be needed, and how sure it is; a sentence each. */
export function claimSentences({ claim, verdict, parts, p, why, power, seedsNeeded }: ClaimVerdict): string[] {
  const measured = parts.map((part) => `${claim.metric}: ${partText(part)}`);
  const asked = `Claimed: ${askedText(claim)}.`;
  if (why !== undefined) return [...measured.map((one) => `${one}.`), `${asked} Not tested: ${why}.`];
  const side = verdict === 'fails' ? 'it fails' : 'it holds';
  const [raw, fixed] = verdict === 'fails' ? [p!.fails, p!.correctedFails] : [p!.holds, p!.correctedHolds];
  const sure = `p that ${side} ${pText(raw)}${fixed === raw ? '' : `, ${pText(fixed)} after Holm’s correction over all claims`}.`;
  const effect = claim.expected === undefined ? 'the effect as seen' : `the expected ${asWritten(claim.expected)}`;
  const needed =
    power === undefined
      ? ''
      : seedsNeeded === undefined
        ? ` No number of seeds would show it, were the effect ${claim.expected === undefined ? 'as seen' : 'as expected'}.`
        : ` So many seeds show ${effect} with a chance of ${powerText(power)}; ${seedsNeeded} would with .80.`;
  return [...measured.map((one) => `${one}.`), `${asked} ${sure}${needed}`];
}

/** For a terminal. */
export function renderClaims(verdicts: readonly ClaimVerdict[], width: number): string {
  if (verdicts.length === 0) return '';
  const blocks = verdicts.flatMap((one) => [
    ...wrap(visible(`${verdictWord(one)}: ${one.claim.says}`), width - 2).map((line) => `  ${line}`),
    ...claimSentences(one).flatMap((sentence) => wrap(visible(sentence), width - 6).map((line) => `      ${line}`)),
  ]);
  return `${claimsHeadline(verdicts)}\n${blocks.join('\n')}\n`;
}

function partText({ label, value, low, high, n }: ClaimPart): string {
  const sure = low === undefined || high === undefined ? 'one seed, so no interval' : `95 % interval ${number(low)} to ${number(high)}; ${n} seeds`; // prettier-ignore
  return `${label} is ${number(value)} (${sure})`;
}

function askedText(claim: Claim): string {
  const bounds = thresholdOf(claim);
  return typeof bounds === 'number' ? `${claim.direction} ${asWritten(bounds)}` : `within ${asWritten(bounds[0])} and ${asWritten(bounds[1])}`; // prettier-ignore
}

const number = (value: number): string => formatNumber(value, 3);
/** `.31`; never 1 or 0, which no power is. */
const powerText = (power: number): string => (power > 0.99 ? '> .99' : power < 0.01 ? '< .01' : power.toFixed(2).slice(1));

const asWritten = (value: number): string => withMinus(String(value));
