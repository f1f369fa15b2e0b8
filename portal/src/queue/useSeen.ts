import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useRef, useState } from "react";

import type { WorkItem } from "../api/types";

/** Whether the current wafer has been drawn, since when, and whether a key came before that. */
export function useSeen(current: WorkItem | undefined) {
  const queries = useQueryClient();
  const drawn = useRef({ item: "", at: 0 });
  const [early, setEarly] = useState<string | null>(null);
  const onDrawn = useCallback(() => {
    if (!current || drawn.current.item === current.item) return;
    drawn.current = { item: current.item, at: performance.now() };
    setEarly(null);
    if (performance.getEntriesByName("answer").length > 0) performance.measure("answer to next wafer", "answer");
    performance.clearMarks("answer");
  }, [current]);
  return {
    onDrawn,
    early: early !== null && early === current?.item,
    /** Tell whether it was shown; a picture that is broken is an answer. */
    isSeen: (item: string): boolean => {
      const seen = drawn.current.item === item || queries.getQueryState(["picture", item])?.status === "error";
      if (!seen) setEarly(item);
      return seen;
    },
    /** Return for how many milliseconds it has been in sight; 0 where its picture never was. */
    sinceDrawn: (item: string): number => (drawn.current.item === item ? performance.now() - drawn.current.at : 0),
  };
}
