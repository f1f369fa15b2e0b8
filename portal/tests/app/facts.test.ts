import { expect, test } from "vitest";

import { factsOf } from "../../src/app/factRows";

test.each<[string, unknown, unknown]>([
  ["a plain figure", { wafers: 42 }, [["Wafers", "42"]]],
  ["a long fraction is cut", { override_rate: 0.0312345 }, [["Override rate", "0.03123"]]],
  ["what is nested is named by its path", { devices: { runs: 2, silent: 1 } }, [["Devices, runs", "2"], ["Devices, silent", "1"]]],
  ["a list stays in one row", { levels: [1, 2] }, [["Levels", "1, 2"]]],
  ["a list of objects is numbered", { guards: [{ name: "a" }] }, [["Guards, 0, name", "a"]]],
  ["what is empty is left out", { levels: [], devices: {} }, []],
  ["yes, no and nothing", { a: true, b: false, c: null }, [["A", "yes"], ["B", "no"], ["C", "–"]]],
])("%s", (_, figures, facts) => {
  expect(factsOf(figures)).toEqual(facts);
});
