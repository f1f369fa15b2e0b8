import { useCallback, useEffect, useRef, useState } from "react";

const SIGNS_OF_LIFE = ["keydown", "pointerdown", "pointermove", "wheel"] as const;
const LOOKS = 10;

/** Tell when neither key nor pointer moved for so long, until somebody says that they are back. */
export function useAway(afterMs: number, onAway: () => void): { away: boolean; comeBack: () => void } {
  const [away, setAway] = useState(false);
  const leave = useRef(onAway);
  useEffect(() => {
    leave.current = onAway;
  });
  useEffect(() => {
    if (away) return;
    let last = Date.now();
    const note = () => {
      last = Date.now();
    };
    SIGNS_OF_LIFE.forEach((sign) => window.addEventListener(sign, note, { capture: true, passive: true }));
    const timer = setInterval(() => {
      if (Date.now() - last < afterMs) return;
      setAway(true);
      leave.current();
    }, afterMs / LOOKS);
    return () => {
      clearInterval(timer);
      SIGNS_OF_LIFE.forEach((sign) => window.removeEventListener(sign, note, { capture: true }));
    };
  }, [away, afterMs]);
  return { away, comeBack: useCallback(() => setAway(false), []) };
}
