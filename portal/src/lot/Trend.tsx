import { useNavigate } from "react-router";

import type { WaferView } from "../api/types";
import { waferPath } from "../app/places";
import { nameOf, percent } from "../app/words";

interface Bar {
  readonly wafer: WaferView;
  /** Failing dies of all dies; null until the picture is there. */
  readonly share: number | null;
}

/** The share of failing dies, wafer by wafer: a drift or a single bad one is seen at once. */
export function Trend({ bars }: { bars: readonly Bar[] }) {
  const navigate = useNavigate();
  const highest = Math.max(0.01, ...bars.map(({ share }) => share ?? 0));
  return (
    <figure className="trend">
      <div className="trend-bars">
        {bars.map(({ wafer, share }) => (
          <button
            key={wafer.item}
            type="button"
            title={`${nameOf(wafer)}: ${percent(share, 1)}`}
            aria-label={`${nameOf(wafer)}: ${percent(share, 1)} of its dies fail. Show it.`}
            onClick={() => void navigate(waferPath(wafer))}
          >
            <span style={{ height: `${((share ?? 0) / highest) * 100}%` }} />
            <small>{wafer.wafer ?? ""}</small>
          </button>
        ))}
      </div>
      <figcaption>The highest bar is {percent(highest, 1)}</figcaption>
    </figure>
  );
}
