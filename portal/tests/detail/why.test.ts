import { expect, test } from "vitest";

import { reasonsFor } from "../../src/detail/why";

const said = { label: "Loc", probability: 0.4, accept: 0.8, alert: 0.5 };
const because = (answer: Parameters<typeof reasonsFor>[0], rule: string) => reasonsFor(answer, "none", null).find((each) => each.rule === rule);

test.each([
  ["a doubtful defect is reviewed", { ...said, reason: "doubtful" }, "Reviewed", true, /40 % is below the 80 % that Loc needs/],
  ["a doubtful defect alerts nobody", { ...said, reason: "doubtful" }, "Alerted", false, /40 % does not reach 50 %/],
  ["a sure defect alerts", { ...said, probability: 0.9 }, "Alerted", true, /Loc is a defect, and 90 % reaches 50 %/],
  ["a sure defect is not reviewed", { ...said, probability: 0.9 }, "Reviewed", false, /90 % reaches the 80 %/],
  ["a normal wafer alerts nobody, however sure", { ...said, label: "none", probability: 0.99 }, "Alerted", false, /without a pattern alerts nobody/],
  ["an audited wafer was drawn", { ...said, probability: 0.9, reason: "audit" }, "Reviewed", true, /random audit sample/],
  ["a novel wafer says how novel", { ...said, probability: 0.9, reason: "novel", novelty: 3.141 }, "Reviewed", true, /novelty 3.14/],
])("%s", (_, answer, rule, applies, words) => {
  expect(because(answer, rule)).toMatchObject({ applies, because: expect.stringMatching(words) as string });
});
