import { applyDensity, applyMode, Density, Mode } from "@cloudscape-design/global-styles";
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";

import { readStored, store } from "./stored";

export type Theme = "system" | "light" | "dark";

interface ThemeState {
  readonly theme: Theme;
  readonly dark: boolean;
  readonly compact: boolean;
  readonly setTheme: (theme: Theme) => void;
  readonly setCompact: (compact: boolean) => void;
}

const ThemeContext = createContext<ThemeState>({
  theme: "system",
  dark: false,
  compact: false,
  setTheme: () => undefined,
  setCompact: () => undefined,
});

export function useTheme(): ThemeState {
  return useContext(ThemeContext);
}

const DARK = "(prefers-color-scheme: dark)";

export function ThemeProvider({ children }: { children: ReactNode }) {
  const [theme, setTheme] = useState<Theme>(() => readStored<Theme>("theme", "system"));
  const [compact, setCompact] = useState(() => readStored("compact", false));
  const systemDark = useSystemDark();
  const dark = theme === "dark" || (theme === "system" && systemDark);
  useEffect(() => {
    applyMode(dark ? Mode.Dark : Mode.Light);
  }, [dark]);
  useEffect(() => {
    applyDensity(compact ? Density.Compact : Density.Comfortable);
  }, [compact]);
  const state = useMemo(
    () => ({
      theme,
      dark,
      compact,
      setTheme: (value: Theme) => {
        store("theme", value);
        setTheme(value);
      },
      setCompact: (value: boolean) => {
        store("compact", value);
        setCompact(value);
      },
    }),
    [theme, dark, compact],
  );
  return <ThemeContext value={state}>{children}</ThemeContext>;
}

function useSystemDark(): boolean {
  const [dark, setDark] = useState(() => window.matchMedia(DARK).matches);
  useEffect(() => {
    const query = window.matchMedia(DARK);
    const onChange = () => {
      setDark(query.matches);
    };
    query.addEventListener("change", onChange);
    return () => {
      query.removeEventListener("change", onChange);
    };
  }, []);
  return dark;
}
