import { useEffect, useLayoutEffect, useMemo, useRef, useState, type RefObject } from "react";

import { useTheme } from "../app/theme";
import type { DieGrid } from "./grid";
import { cellPixels, heatPixels, paint, PALETTES } from "./paint";
import { FULL_VIEW, transformOf, type View } from "./view";

export interface WaferCanvasProps {
  readonly grid: DieGrid;
  /** What a screen reader says instead of the picture. */
  readonly label: string;
  readonly view?: View;
  /** 0 to 1 for every cell; drawn above the dies. */
  readonly heat?: Float32Array | null;
  readonly opacity?: number;
  readonly onDrawn?: (() => void) | undefined;
  readonly canvasRef?: RefObject<HTMLCanvasElement | null>;
}

/** A wafer map on a square canvas as wide as its place. */
export function WaferCanvas({ grid, label, view = FULL_VIEW, heat = null, opacity = 1, onDrawn, canvasRef }: WaferCanvasProps) {
  const own = useRef<HTMLCanvasElement>(null);
  const canvas = canvasRef ?? own;
  const { dark } = useTheme();
  const size = useDevicePixels(canvas);
  const palette = PALETTES[dark ? "dark" : "light"];
  const dies = useMemo(() => cellPixels(grid, palette), [grid, palette]);
  const overlay = useMemo(() => (heat ? heatPixels(grid, heat, opacity) : null), [grid, heat, opacity]);
  useLayoutEffect(() => {
    if (!canvas.current || size === 0) return;
    const line = grid.kind === "dies" ? palette.line : null;
    paint(canvas.current, size, overlay ? [dies, overlay] : [dies], transformOf(view, grid, size), line);
    onDrawn?.();
  }, [canvas, size, grid, view, dies, overlay, palette, onDrawn]);
  return <canvas ref={canvas} role="img" aria-label={label} className="wafer-canvas" />;
}

/** Return the side of an element in the screen's own pixels, also when its place changes. */
function useDevicePixels(element: RefObject<HTMLElement | null>): number {
  const [size, setSize] = useState(0);
  useEffect(() => {
    if (!element.current) return;
    const observer = new ResizeObserver(([entry]) => {
      setSize(Math.round((entry?.contentRect.width ?? 0) * window.devicePixelRatio));
    });
    observer.observe(element.current);
    return () => {
      observer.disconnect();
    };
  }, [element]);
  return size;
}
