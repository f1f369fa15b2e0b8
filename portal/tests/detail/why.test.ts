import { expect, test } from "vitest";

import { promiseFor, reasonsFor } from "../../src/detail/why";

const said = { label: "Loc", probability: 0.4, accept: 0.8, alert: 0.5 };
const because = (answer: Parameters<typeof reasonsFor>[0], rule: string) => reasonsFor(answer, "none", null).find((each) => each.rule === rule);

test.each([
  ["a doubtful defect is reviewed", { ...said, reason: "doubtful" }, "Reviewed", true, /40 % is below the 80 % that Loc needs/],
  ["a doubtful defect alerts nobody", { ...said, reason: "doubtful" }, "Alerted", false, /40 % does not reach 50 %/],
  ["a sure defect alerts", { ...said, probability: 0.9 }, "Alerted", true, /Loc is a defect, and 90 % reaches 50 %/],
  ["a sure defect is not reviewed", { ...said, probability: 0.9 }, "Reviewed", false, /90 % reaches the 80 %/],
  ["a normal wafer alerts nobody, however sure", { ...said, label: "none", probability: 0.99 }, "Alerted", false, /without a pattern alerts nobody/],
  ["an audited wafer was drawn", { ...said, probability: 0.9, reason: "audit" }, "Reviewed", true, /random audit sample/],
  ["a diverse wafer says why in words", { ...said, probability: 0.9, reason: "diverse" }, "Reviewed", true, /^Picked to cover what cameras see\.$/],
  ["a refused picture says why in words", { ...said, reason: "refused" }, "Reviewed", true, /^No picture of a wafer\.$/],
  ["a novel wafer says how novel", { ...said, probability: 0.9, reason: "novel", novelty: 3.141 }, "Reviewed", true, /novelty 3.14/],
])("%s", (_, answer, rule, applies, words) => {
  expect(because(answer, rule)).toMatchObject({ applies, because: expect.stringMatching(words) as string });
});

const PROMISE = {
  confidence: 0.95,
  thresholds: { none: { bound: 0.0196, observed: 0.0131, wafers: 1985 }, defects: { bound: 0.05, observed: 0.037, wafers: 1732 } },
};

test.each([
  ["none", /95 % confidence: at most 2.0 % of the wafers accepted as without a pattern are wrong \(1.3 % were, of 1985 wafers\)/],
  ["Scratch", /at most 5.0 % of the defects accepted without a person are wrong \(3.7 % were, of 1732 wafers\)/],
])("a threshold of %s says what it was certified for", (label, words) => {
  expect(promiseFor(PROMISE, label, "none")).toMatch(words);
});

test.each([{}, { confidence: 0.95 }, { thresholds: PROMISE.thresholds }, { confidence: 0.95, thresholds: { none: "sure" } }])("nothing is promised where nobody wrote it down: %o", (promise) => {
  expect(promiseFor(promise, "none", "none")).toBeNull();
});
