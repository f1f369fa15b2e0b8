/** How well a small sample knows a rate. */

export interface Interval {
  readonly low: number;
  readonly high: number;
}

const Z_95 = 1.959963984540054;

/** The 95 % score interval of a share (Wilson 1927): honest for few samples and rates near 0, where p ± 2 s is not. */
export function wilson(hits: number, trials: number, z: number = Z_95): Interval | null {
  if (!(trials > 0) || hits < 0 || hits > trials) return null;
  const share = hits / trials;
  const spread = (z * z) / trials;
  const middle = (share + spread / 2) / (1 + spread);
  const half = (z / (1 + spread)) * Math.sqrt((share * (1 - share)) / trials + spread / (4 * trials));
  return { low: hits === 0 ? 0 : middle - half, high: hits === trials ? 1 : middle + half };
}
