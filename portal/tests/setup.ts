import "fake-indexeddb/auto";

import { cleanup, configure } from "@testing-library/react";
import { afterEach, vi } from "vitest";

// A screen is loaded when it is first gone to, and another test may have the processor.
configure({ asyncUtilTimeout: 10_000 });

afterEach(() => {
  cleanup();
  localStorage.clear();
  sessionStorage.clear();
});

// What jsdom lacks and a browser has.
vi.stubGlobal("matchMedia", (query: string) => ({ matches: false, media: query, addEventListener: vi.fn(), removeEventListener: vi.fn() }));
const SIZE = { inlineSize: 400, blockSize: 400 };
vi.stubGlobal(
  "ResizeObserver",
  class {
    private stopped = false;
    constructor(private readonly callback: (entries: object[]) => void) {}
    observe(target: Element) {
      const entry = { target, contentRect: { width: 400, height: 400 }, contentBoxSize: [SIZE], borderBoxSize: [SIZE] };
      queueMicrotask(() => {
        if (!this.stopped) this.callback([entry]);
      });
    }
    unobserve() {
      this.stopped = true;
    }
    disconnect() {
      this.stopped = true;
    }
  },
);
vi.stubGlobal(
  "ImageData",
  class {
    readonly data: Uint8ClampedArray;
    constructor(
      readonly width: number,
      readonly height: number,
    ) {
      this.data = new Uint8ClampedArray(width * height * 4);
    }
  },
);
HTMLCanvasElement.prototype.getContext = (() => null) as typeof HTMLCanvasElement.prototype.getContext;
