import type { SignalView } from "../api/types";

const NEAR = 0.7;
const DIGITS = 2;

/** A statistic beside its threshold. */
export function Statistic({ signal }: { signal: SignalView }) {
  const { statistic, threshold, what } = signal;
  const share = threshold === 0 ? 0 : statistic / threshold;
  const words = `${statistic.toFixed(DIGITS)} of ${threshold.toFixed(DIGITS)}`;
  return (
    <div className="statistic">
      <meter min={0} max={1} low={NEAR} high={0.999} optimum={0} value={Math.max(0, Math.min(1, share))} aria-label={`${what}: ${words}`} />
      <span>{words}</span>
    </div>
  );
}
