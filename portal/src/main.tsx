import "./app/app.css";

import { createRoot } from "react-dom/client";

import { App } from "./app/App";
import { ThemeProvider } from "./app/theme";

async function start(): Promise<void> {
  if (import.meta.env.MODE === "fake" || import.meta.env.DEV) {
    const { installFake } = await import("./fake/install");
    installFake();
  }
  const root = document.getElementById("root");
  if (!root) throw new Error("index.html: expected an element #root");
  createRoot(root).render(
    <ThemeProvider>
      <App />
    </ThemeProvider>,
  );
}

void start();
