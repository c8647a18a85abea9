import { describe, expect, test } from '@jest/globals';
import { kendall, pearson, spearman } from '../../statistics/correlation.js';
import {
  betaQuantile,
  chiSquareQuantile,
  chiSquareUpper,
  fisherQuantile,
  fisherUpper,
  normalCdf,
  normalQuantile,
  normalUpper,
  studentCdf,
  studentQuantile,
  studentUpper,
} from '../../statistics/distributions.js';
import { corrected, CORRECTIONS, type Correction } from '../../statistics/families.js';
import { cohensD, pairedD } from '../../statistics/effects.js';
import { kruskal, levene } from '../../statistics/groups.js';
import { kolmogorovSmirnov, kolmogorovUpper, oneSampleUpper } from '../../statistics/kolmogorov-smirnov.js';
import { mannKendall, senSlope } from '../../statistics/mann-kendall.js';
import { mannWhitney } from '../../statistics/mann-whitney.js';
import { page } from '../../statistics/page.js';
import { clopperPearson, wilson } from '../../statistics/proportions.js';
import { line, segments } from '../../statistics/segments.js';
import { digamma } from '../../statistics/special.js';
import { differences, oneSampleT, pairedT, studentT, welchT } from '../../statistics/t-tests.js';
import { wilcoxon, type WilcoxonOptions } from '../../statistics/wilcoxon.js';
import { close, closeP, golden } from './support.js';

const g = golden('statistics');
const more = golden('power');
const { A, B, X, Y, series, series_ties: tied } = g.samples;
const indices = (values: readonly number[]): number[] => values.map((_, i) => i);
const same = (found: { statistic: number; p: number }, expected: any): void => {
  close(found.statistic, expected.statistic);
  closeP(found.p, expected.pvalue ?? expected.p);
};

describe('distributions', () => {
  const d = g.distributions;
  test.each(['student_t', 'normal', 'normal_ppf', 'chi2', 'f', 'beta_ppf', 'digamma', 'kolmogorov_sf'])('%s', (name) => {
    expect(d[name].length).toBeGreaterThan(3);
    for (const row of d[name]) {
      if (name === 'student_t') {
        closeP(studentCdf(row.t, row.df), row.cdf);
        closeP(studentUpper(row.t, row.df), row.sf);
        closeP(studentQuantile(0.975, row.df), row['ppf_.975']);
      } else if (name === 'normal') {
        close(normalCdf(row.z), row.cdf, 1e-12, 0);
        close(normalUpper(row.z), row.sf, 1e-12, 0);
      } else if (name === 'normal_ppf') closeP(normalQuantile(row.p), row.z);
      else if (name === 'chi2') close(chiSquareUpper(row.x, row.df), row.sf, 1e-11, 0);
      else if (name === 'f') closeP(fisherUpper(row.x, row.d1, row.d2), row.sf);
      else if (name === 'beta_ppf') closeP(betaQuantile(row.p, row.a, row.b), row.x);
      else if (name === 'digamma') close(digamma(row.x), row.value);
      else closeP(kolmogorovUpper(row.x), row.value);
    }
  });

  test('quantiles of chi-square and F', () => {
    for (const { df, p, x } of more.chi2_ppf) closeP(chiSquareQuantile(p, df), x);
    for (const { d1, d2, p, x } of more.f_ppf) closeP(fisherQuantile(p, d1, d2), x);
  });
});

describe('t tests', () => {
  test('Welch, both sides and one; Student', () => {
    const found = welchT(A, B);
    same(found, g.welch_t.A_B);
    close(found.df, g.welch_t.A_B.df);
    found.interval.forEach((end, i) => closeP(end, g.welch_t.A_B.ci95[i]));
    same(welchT(A, B, { alternative: 'less' }), g.welch_t.less);
    same(studentT(A, B), g.welch_t.student_equal_var);
    expect(welchT([1, 1], [1, 1]).p).toBeNaN();
    expect(welchT([1, 1], [3, 3]).interval).toEqual([-2, -2]);
    expect(welchT([1], [2]).interval[0]).toBeNaN();
    expect(welchT([1], [2]).p).toBeNaN();
  });

  test('paired, and one sample', () => {
    const found = pairedT(X, Y);
    same(found, g.paired_t.X_Y);
    close(found.estimate, g.paired_t.X_Y.mean_difference);
    found.interval.forEach((end, i) => closeP(end, g.paired_t.X_Y.ci95[i]));
    pairedT(X, Y, { confidence: 0.9 }).interval.forEach((end, i) => closeP(end, g.paired_t.X_Y.ci90[i]));
    same(oneSampleT(A, 10), g.paired_t.one_sample_A_vs_10);
    expect(() => differences([1, 2], [1])).toThrow(/internal/);
  });
});

describe('rank tests', () => {
  test('Mann-Whitney: exact, asymptotic, ties, every alternative', () => {
    for (const [name, method] of [
      ['asymptotic', 'asymptotic'],
      ['exact', 'exact'],
    ] as const)
      for (const alternative of ['two-sided', 'less', 'greater'] as const)
        same(mannWhitney(A, B, { method, alternative }), g.mann_whitney.A_B[name][alternative]);
    same(mannWhitney(A, B, { method: 'asymptotic', continuity: false }), g.mann_whitney.A_B.no_continuity);
    same(mannWhitney(A, B), g.mann_whitney.A_B.auto);
    const [a, b] = [g.samples.ties_A, g.samples.ties_B];
    for (const alternative of ['two-sided', 'less', 'greater'] as const)
      same(mannWhitney(a, b, { alternative }), g.mann_whitney.ties.asymptotic[alternative]);
    same(mannWhitney(a, b, { continuity: false }), g.mann_whitney.ties.no_continuity);
    close(mannWhitney(A, B).rankBiserial, g.mann_whitney.A_B.rank_biserial);
    close(mannWhitney(a, b).rankBiserial, g.effect_size.cliffs_delta_ties);
    expect(mannWhitney([1, 1], [1, 1, 1])).toMatchObject({ statistic: 3, p: 1 });
    same(mannWhitney(more.samples.A, more.samples.B), more.mann_whitney_auto);
  });

  test('Wilcoxon: exact and asymptotic, the three ways with zeros', () => {
    const d = differences(X, Y);
    const run = (values: ArrayLike<number>, cases: any) => {
      for (const [name, expected] of Object.entries<any>(cases)) {
        const [zeros, method, continuity] = name.split('/') as [any, WilcoxonOptions['method'], string?];
        const found = wilcoxon(values, { zeros, method, continuity: continuity !== undefined && method === 'asymptotic' });
        same(found, expected);
      }
    };
    run(d, g.wilcoxon.X_Y);
    run(differences(X, g.samples.Y_with_zero_differences), g.wilcoxon.with_zero_differences);
    expect(wilcoxon(d, { alternative: 'greater' })).toEqual(
      g.wilcoxon.X_Y_greater && { statistic: 1, p: g.wilcoxon.X_Y_greater.pvalue },
    );
    same(wilcoxon(more.samples.C), more.wilcoxon_auto);
  });

  test('with ties, exact is the share of all sign patterns', () => {
    const d = [1, 1, -2, 3, 3, 3];
    const ranks = [1.5, 1.5, 3, 5, 5, 5];
    let atLeast = 0;
    for (let bits = 0; bits < 64; bits++)
      if (ranks.reduce((sum, rank, i) => sum + (bits & (1 << i) ? rank : 0), 0) >= 18) atLeast++;
    expect(wilcoxon(d).p).toBeCloseTo((2 * atLeast) / 64, 14);
  });

  test('Kruskal-Wallis and Levene', () => {
    same(kruskal(g.kruskal_groups), g.kruskal);
    same(kruskal([g.samples.ties_A, g.samples.ties_B]), g.kruskal_ties);
    same(levene(g.kruskal_groups), g.levene_median);
    same(levene(g.kruskal_groups, 'mean'), g.levene_mean);
  });

  test('Kolmogorov-Smirnov', () => {
    same(kolmogorovSmirnov(A, B, 'exact'), g.ks_2samp.A_B_exact);
    same(kolmogorovSmirnov(A, B, 'asymptotic'), g.ks_2samp.A_B_asymp);
    same(kolmogorovSmirnov(more.samples.A, more.samples.C), more.ks_exact);
    expect(kolmogorovSmirnov([1, 2], [1, 2])).toEqual({ statistic: 0, p: 1 });
    for (const { n, d, sf } of more.kstwo) closeP(oneSampleUpper(d, n), sf);
  });
});

describe('correlation and trend', () => {
  test('Pearson, Spearman, Kendall', () => {
    same(pearson(X, Y), g.pearson);
    same(pearson(indices(series), series), { statistic: g.linregress.rvalue, pvalue: g.linregress.pvalue });
    same(spearman(X, Y), g.spearman.X_Y);
    same(spearman(indices(tied), tied), g.spearman.series_ties);
    same(spearman([1, 2, 3, 4], [1, 4, 9, 16]), g.spearman.perfect);
    same(kendall(indices(series), series), g.kendall.series_b);
    same(kendall(indices(tied), tied), g.kendall.series_ties_b);
    same(kendall(indices(tied), tied, { variant: 'c' }), g.kendall.series_ties_c);
    same(kendall(indices(series), series, { method: 'exact' }), g.kendall.exact);
    same(kendall(indices(series), series, { method: 'asymptotic' }), g.kendall.asymptotic);
    expect(kendall([1, 2, 3], [1, 1, 1])).toEqual({ statistic: NaN, p: NaN });
  });

  test('Mann-Kendall and Sen', () => {
    for (const expected of g.mann_kendall) {
      const found = mannKendall(expected.x);
      close(found.statistic, expected.S);
      close(found.variance, expected.var);
      close(found.z, expected.z);
      closeP(found.p, expected.p_two_sided);
      close(senSlope(indices(expected.x), expected.x), expected.sen_slope);
    }
    close(senSlope(more.theil.x, more.theil.y), more.theil.slope);
  });

  test('Page, exact and not; falling is rising from right to left', () => {
    const rows = g.page.data_rows_are_subjects as number[][];
    same(page(rows), g.page.exact);
    same(page(rows, 'asymptotic'), g.page.asymptotic);
    same(page(more.page_rows), more.page);
    closeP(page(rows.map((row) => [...row].reverse())).falling, g.page.exact.pvalue);
    expect(page([[1, 1, 2], [1, 2, 3]]).method).toBe('asymptotic'); // prettier-ignore
  });
});

describe('families and shares', () => {
  test.each(['sorted', 'unsorted', 'one'])('every correction: %s', (name) => {
    const { p, ...by } = g.multiple_testing[name];
    const names = { bh: 'fdr_bh', by: 'fdr_by' } as Record<string, string>;
    for (const correction of Object.keys(CORRECTIONS) as Correction[])
      corrected(p, correction).forEach((value, i) => closeP(value, by[names[correction] ?? correction].adjusted[i]));
  });

  test('a test that could not be made is none of the family', () => {
    for (const correction of Object.keys(CORRECTIONS) as Correction[])
      expect(corrected([NaN, 0.01, 0.04], correction)).toEqual([NaN, ...corrected([0.01, 0.04], correction)]);
    expect(corrected([NaN, 0.01, 0.02], 'holm')).toEqual([NaN, 0.02, 0.02]);
  });

  test('Cohen’s d, of two samples and of pairs', () => {
    close(cohensD(g.samples.A, g.samples.B), g.effect_size.cohen_d_pooled_A_B);
    // t of pairs over the root of their number
    close(pairedD(differences(g.samples.X, g.samples.Y)), g.paired_t.X_Y.statistic / Math.sqrt(g.samples.X.length));
    expect([cohensD([1, 1], [2, 2]), pairedD([1]), pairedD([2, 2])]).toEqual([-Infinity, NaN, Infinity]);
  });

  test('Clopper-Pearson and Wilson', () => {
    expect(g.proportions).toHaveLength(9);
    for (const row of g.proportions) {
      clopperPearson(row.k, row.n).forEach((end, i) => closeP(end, row.clopper_pearson95[i]));
      clopperPearson(row.k, row.n, 0.99).forEach((end, i) => closeP(end, row.clopper_pearson99[i]));
      wilson(row.k, row.n).forEach((end, i) => closeP(end, row.wilson95[i]));
    }
  });
});

describe('segments', () => {
  test('one line', () => {
    const found = line(indices(series), series);
    close(found.slope, g.linregress.slope);
    close(found.intercept, g.linregress.intercept);
  });

  test.each(g.two_segment.map((one: any, i: number) => [i, one]))('two segments and hinges of series %i', (_, one: any) => {
    const x = indices(one.y);
    const found = segments(x, one.y, one.minimum_segment);
    close(line(x, one.y).sse, one.sse_one_line, 1e-9, 1e-12);
    expect(found.map(({ index }) => index)).toEqual(one.candidates.map((c: any) => c.first_index_of_second_segment));
    found.forEach(({ hinge, broken }, i) => {
      const expected = one.candidates[i];
      close(broken.sse, expected.sse_broken);
      [broken.left.intercept, broken.left.slope].forEach((value, k) =>
        close(value, expected.intercept_slope_left[k], 1e-9, 1e-11),
      );
      [broken.right.intercept, broken.right.slope].forEach((value, k) =>
        close(value, expected.intercept_slope_right[k], 1e-9, 1e-11),
      );
      close(hinge.sse, expected.sse_hinge_at_k);
      [hinge.intercept, hinge.slope, hinge.turn].forEach((value, k) => close(value, expected.hinge_coefficients[k], 1e-9, 1e-11));
    });
    if (one.sse_one_line < 1e-9) return;
    const best = (of: (s: (typeof found)[number]) => number) => found.reduce((a, b) => (of(b) < of(a) ? b : a));
    expect(best((s) => s.broken.sse).index).toBe(one.best_broken);
    expect(best((s) => s.hinge.sse).index).toBe(one.best_hinge);
    const { broken } = best((s) => s.broken.sse);
    const F = (one.sse_one_line - broken.sse) / 2 / (broken.sse / (one.y.length - 4));
    close(F, one.chow_F, 1e-7);
    closeP(fisherUpper(F, 2, one.y.length - 4), one.chow_p);
  });
});
