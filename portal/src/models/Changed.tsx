import Box from "@cloudscape-design/components/box";

import type { FigureRow } from "./figures";

const COLOURS = { better: "text-status-success", worse: "text-status-error", same: "text-body-secondary" } as const;

/** A difference: its sign says the direction, its colour whether that is good. */
export function Changed({ row }: { row: FigureRow }) {
  return (
    <Box variant="span" color={COLOURS[row.change]}>
      {row.difference}
    </Box>
  );
}

/** A candidate's figure with the one before it. */
export function Beside({ row }: { row: FigureRow }) {
  return (
    <>
      <b>{row.candidate}</b>{" "}
      <Box variant="span" color="text-body-secondary">
        ({row.before})
      </Box>{" "}
      <Changed row={row} />
    </>
  );
}
