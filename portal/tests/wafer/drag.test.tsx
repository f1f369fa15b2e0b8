import { fireEvent, render } from "@testing-library/react";
import { expect, it, vi } from "vitest";

import { ThemeProvider } from "../../src/app/theme";
import type { DieGrid } from "../../src/wafer/grid";
import { FULL_VIEW, type View } from "../../src/wafer/view";
import { WaferMap } from "../../src/wafer/WaferMap";

const grid: DieGrid = { kind: "dies", columns: 4, rows: 4, cells: new Uint8Array(16) };

it("a second finger neither moves the wafer nor ends the drag of the first", () => {
  Object.assign(HTMLElement.prototype, { setPointerCapture: vi.fn() });
  vi.spyOn(HTMLCanvasElement.prototype, "clientWidth", "get").mockReturnValue(400);
  let view = FULL_VIEW;
  const onView = (change: (before: View) => View) => {
    view = change(view);
  };
  const { getByRole } = render(
    <ThemeProvider>
      <WaferMap grid={grid} label="a wafer" view={view} onView={onView} />
    </ThemeProvider>,
  );
  const map = getByRole("figure");
  fireEvent.pointerDown(map, { pointerId: 1, clientX: 100, clientY: 100 });
  fireEvent.pointerDown(map, { pointerId: 2, clientX: 300, clientY: 300 });
  fireEvent.pointerMove(map, { pointerId: 2, clientX: 380, clientY: 380 });
  expect(view).toEqual(FULL_VIEW);
  fireEvent.pointerUp(map, { pointerId: 2 });
  fireEvent.pointerMove(map, { pointerId: 1, clientX: 140, clientY: 100 });
  expect(view).toMatchObject({ x: 0.1, y: 0 });
});
