import Button from "@cloudscape-design/components/button";
import Slider from "@cloudscape-design/components/slider";
import Toggle from "@cloudscape-design/components/toggle";
import { useCallback, useMemo, useState } from "react";

import type { ModelAnswer } from "../api/types";
import { Failure, Waiting } from "../app/Answers";
import { useActions } from "../keys/KeysProvider";
import { countDies, type DieGrid } from "./grid";
import { snapHeat } from "./heat";
import { MirrorIcon, TurnLeftIcon, TurnRightIcon } from "./icons";
import { usePicture, type Pictured } from "./picture";
import { FULL_VIEW, mirrored, moved, turned, zoomed, type View } from "./view";
import { WaferMap } from "./WaferMap";

const ZOOM_STEP = 1.4;
/** In shares of the canvas. */
const PAN_STEP = 1 / 8;
const HALF = 0.7;

interface ViewerProps {
  readonly pictured: Pictured;
  readonly name: string;
  /** Where the model looked; nothing to show where the wafer is read blind. */
  readonly heat: ModelAnswer["heat"];
  readonly onDrawn?: (() => void) | undefined;
}

/** A wafer to look at closely, with its tools and their keys. */
export function Viewer({ pictured, name, heat, onDrawn }: ViewerProps) {
  const query = usePicture(pictured);
  const [kept, setKept] = useState({ item: pictured.item, view: FULL_VIEW });
  const view = kept.item === pictured.item ? kept.view : FULL_VIEW;
  const onView = useCallback(
    (change: (view: View) => View) =>
      setKept((before) => ({ item: pictured.item, view: change(before.item === pictured.item ? before.view : FULL_VIEW) })),
    [pictured.item],
  );
  const [heatOn, setHeatOn] = useState(false);
  const [opacity, setOpacity] = useState(HALF);
  const values = useMemo(() => (heatOn && heat && query.data ? snapHeat(heat, query.data) : null), [heatOn, heat, query.data]);
  useActions({
    heat: () => setHeatOn((on) => !on),
    turnLeft: () => onView((before) => turned(before, -1)),
    turnRight: () => onView((before) => turned(before, 1)),
    mirror: () => onView(mirrored),
    reset: () => onView(() => FULL_VIEW),
    zoomIn: () => onView((before) => zoomed(before, ZOOM_STEP)),
    zoomOut: () => onView((before) => zoomed(before, 1 / ZOOM_STEP)),
    panLeft: () => onView((before) => moved(before, { x: PAN_STEP, y: 0 })),
    panRight: () => onView((before) => moved(before, { x: -PAN_STEP, y: 0 })),
    panUp: () => onView((before) => moved(before, { x: 0, y: PAN_STEP })),
    panDown: () => onView((before) => moved(before, { x: 0, y: -PAN_STEP })),
  });
  return (
    <div className="viewer">
      <div className="viewer-tools">
        <div role="group" aria-label="Look at the wafer">
          <Button variant="icon" iconName="zoom-in" ariaLabel="Zoom in" onClick={() => onView((before) => zoomed(before, ZOOM_STEP))} />
          <Button variant="icon" iconName="zoom-out" ariaLabel="Zoom out" onClick={() => onView((before) => zoomed(before, 1 / ZOOM_STEP))} />
          <Button variant="icon" iconSvg={<TurnLeftIcon />} ariaLabel="Turn left" onClick={() => onView((before) => turned(before, -1))} />
          <Button variant="icon" iconSvg={<TurnRightIcon />} ariaLabel="Turn right" onClick={() => onView((before) => turned(before, 1))} />
          <Button variant="icon" iconSvg={<MirrorIcon />} ariaLabel="Mirror" onClick={() => onView(mirrored)} />
          <Button variant="icon" iconName="expand" ariaLabel="Whole wafer again" onClick={() => onView(() => FULL_VIEW)} />
        </div>
        <Toggle checked={heatOn} disabled={!heat} onChange={({ detail }) => setHeatOn(detail.checked)}>
          Heat map
        </Toggle>
        {heatOn && heat && (
          <div className="viewer-opacity">
            <Slider ariaLabel="Opacity of the heat map" hideFillLine min={10} max={100} step={10} value={opacity * 100} valueFormatter={(value) => `${value} %`} onChange={({ detail }) => setOpacity(detail.value / 100)} />
          </div>
        )}
      </div>
      {query.data && <WaferMap grid={query.data} label={said(name, query.data)} view={view} onView={onView} heat={values} opacity={opacity} onDrawn={onDrawn} />}
      {!query.data && (query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : <Waiting what="the picture" />)}
    </div>
  );
}

/** What a screen reader says of a wafer. */
export function said(name: string, grid: DieGrid): string {
  if (grid.kind === "photograph") return `Photograph of ${name}`;
  const { dies, fails } = countDies(grid);
  return `Map of ${name}: ${fails} of ${dies} dies fail`;
}
