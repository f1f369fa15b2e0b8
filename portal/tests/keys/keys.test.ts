import { describe, expect, it, test } from "vitest";

import { actionOf, DEFAULT_KEYS, keyCap, readKeymap, withKey } from "../../src/keys/keymap";
import { belongsTo, strokeOf } from "../../src/keys/stroke";

describe("a key press", () => {
  test.each([
    ["a digit", { key: "1", code: "Digit1" }, "1"],
    ["a digit of the number pad", { key: "3", code: "Numpad3" }, "3"],
    ["the digit row of AZERTY, without Shift", { key: "&", code: "Digit1" }, "1"],
    ["an arrow of the number pad", { key: "ArrowLeft", code: "Numpad4" }, "ArrowLeft"],
    ["a letter where AZERTY prints it", { key: "z", code: "KeyW" }, "z"],
    ["a letter with caps lock on", { key: "N", code: "KeyN" }, "n"],
    ["a Cyrillic letter, by its place", { key: "т", code: "KeyN" }, "n"],
    ["a comma where another layout has its M", { key: ",", code: "KeyM" }, ","],
    ["a question mark on AZERTY", { key: "?", code: "KeyM" }, "?"],
    ["a question mark on a Russian keyboard", { key: "?", code: "Digit7" }, "?"],
    ["an arrow with Shift", { key: "ArrowLeft", code: "ArrowLeft", shiftKey: true }, "Shift+ArrowLeft"],
    ["a letter with Shift", { key: "N", code: "KeyN", shiftKey: true }, "n"],
    ["Enter of the number pad", { key: "Enter", code: "NumpadEnter" }, "Enter"],
  ])("%s is a stroke", (_, press, stroke) => {
    expect(strokeOf(press)).toBe(stroke);
  });

  test.each([
    ["Ctrl+Z", { key: "z", code: "KeyZ", ctrlKey: true }],
    ["Cmd+R", { key: "r", code: "KeyR", metaKey: true }],
    ["Shift alone", { key: "Shift", code: "ShiftLeft" }],
    ["a dead key", { key: "Dead", code: "BracketLeft" }],
    ["Tab", { key: "Tab", code: "Tab" }],
    ["a letter being composed", { key: "n", code: "KeyN", isComposing: true }],
  ])("%s is none", (_, press) => {
    expect(strokeOf(press)).toBeNull();
  });

  it("in a text field belongs to the text", () => {
    expect(belongsTo(document.createElement("textarea"), "u")).toBe(true);
  });

  it.each([
    ["a button", "<button>", ["Enter", " "], ["ArrowLeft", "Shift+ArrowLeft", "u"]],
    ["a link", '<a href="/">', ["Enter", " "], ["ArrowUp", "u"]],
    ["a checkbox", '<input type="checkbox">', ["Enter", " "], ["ArrowUp", "u"]],
    ["a slider", '<input type="range">', ["Enter", "ArrowLeft", "Shift+ArrowLeft"], ["u"]],
    ["a button that opens a menu", '<button aria-haspopup="true">', ["Enter", "ArrowDown"], ["u"]],
    ["the page", "<p>", [], ["Enter", "ArrowLeft", "u"]],
  ])("leaves %s its own and nothing else", (_, html, own, others) => {
    const place = new DOMParser().parseFromString(html, "text/html");
    const element = place.body.firstElementChild;
    document.body.append(...(element ? [element] : []));
    expect(own.filter((stroke) => !belongsTo(element, stroke))).toEqual([]);
    expect(others.filter((stroke) => belongsTo(element, stroke))).toEqual([]);
    element?.remove();
  });
});

it("a key with Shift is named with it", () => {
  expect(keyCap(DEFAULT_KEYS, "panLeft")).toBe("⇧ ←");
  expect(keyCap(DEFAULT_KEYS, "turnLeft")).toBe("←");
});

describe("the keys", () => {
  it("mean one thing each", () => {
    const strokes = Object.values(DEFAULT_KEYS).flat();
    expect(new Set(strokes).size).toBe(strokes.length);
  });

  it("can be given to another action, which takes them away", () => {
    const keys = withKey(DEFAULT_KEYS, "accept", "n");
    expect(actionOf(keys, "n")).toBe("accept");
    expect(keys.normal).toEqual(["0"]);
    expect(actionOf(keys, "Enter")).toBeNull();
  });

  it("that were stored come back", () => {
    const keys = withKey(DEFAULT_KEYS, "skip", "x");
    expect(readKeymap(JSON.parse(JSON.stringify(keys)))).toEqual(keys);
  });

  it("of an older version keep new actions at their default, unless that is taken", () => {
    const keys = readKeymap({ undo: ["h"], skip: "broken" });
    expect(keys.undo).toEqual(["h"]);
    expect(keys.heat).toEqual([]);
    expect(keys.skip).toEqual(["s"]);
  });
});
