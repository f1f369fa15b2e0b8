import { useEffect, useRef, useState, type PointerEvent, type RefObject } from "react";

import { FAIL, NO_DIE, type DieGrid } from "./grid";
import { cellAt, moved, transformOf, zoomed, type Die, type Point, type View } from "./view";
import { WaferCanvas, type WaferCanvasProps } from "./WaferCanvas";

export interface WaferMapProps extends Omit<WaferCanvasProps, "canvasRef"> {
  readonly view: View;
  readonly onView: (change: (view: View) => View) => void;
}

/** Where the pointer that began to drag was last. */
interface Drag extends Point {
  readonly pointer: number;
}

const WHEEL_STEP = 1.0015;

/** A wafer map to look at closely: the wheel zooms where the pointer is, dragging moves, the die under it is named. */
export function WaferMap({ onView, ...drawn }: WaferMapProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const dragged = useRef<Drag | null>(null);
  const [die, setDie] = useState<Die | null>(null);
  useWheelZoom(canvas, onView);

  const onPointerMove = (event: PointerEvent) => {
    const at = { x: event.clientX, y: event.clientY };
    const last = dragged.current;
    if (last?.pointer === event.pointerId) {
      dragged.current = { ...at, pointer: last.pointer };
      const side = canvas.current?.clientWidth ?? 1;
      onView((view) => moved(view, { x: (at.x - last.x) / side, y: (at.y - last.y) / side }));
    }
    const box = canvas.current?.getBoundingClientRect();
    const { grid, view } = drawn;
    setDie(box ? cellAt(transformOf(view, grid, box.width), grid, { x: at.x - box.left, y: at.y - box.top }) : null);
  };
  const onLift = (event: PointerEvent) => {
    if (dragged.current?.pointer === event.pointerId) dragged.current = null;
  };
  return (
    <figure
      className="wafer-map"
      onPointerDown={(event) => {
        // A second finger is no drag of its own: between the two the wafer would jump.
        if (dragged.current) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        dragged.current = { x: event.clientX, y: event.clientY, pointer: event.pointerId };
      }}
      onPointerMove={onPointerMove}
      onPointerUp={onLift}
      onPointerCancel={onLift}
      onPointerLeave={() => {
        setDie(null);
      }}
    >
      <WaferCanvas {...drawn} canvasRef={canvas} />
      <figcaption>{described(drawn.grid, die)}</figcaption>
    </figure>
  );
}

function described(grid: DieGrid, die: Die | null): string {
  if (!die) return grid.kind === "dies" ? `${grid.columns} × ${grid.rows} dies` : "Photograph";
  const where = `column ${die.column}, row ${die.row}`;
  if (grid.kind === "photograph") return where;
  const code = grid.cells[die.row * grid.columns + die.column];
  if (code === NO_DIE) return `${where}: no die`;
  return `${where}: ${code === FAIL ? "fails" : "passes"}`;
}

/** React's own wheel handler is passive and could not keep the page from scrolling. */
function useWheelZoom(canvas: RefObject<HTMLCanvasElement | null>, onView: WaferMapProps["onView"]): void {
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const box = element.getBoundingClientRect();
      const at = { x: (event.clientX - box.left) / box.width - 0.5, y: (event.clientY - box.top) / box.height - 0.5 };
      onView((view) => zoomed(view, WHEEL_STEP ** -event.deltaY, at));
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => {
      element.removeEventListener("wheel", onWheel);
    };
  }, [canvas, onView]);
}
