import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";

import { ErrorBox } from "../../src/quality/ErrorBox";

it("a new model's error stands beside the old one's, not in it", () => {
  const before = { model: "wafer-map@000001", wafers: 50, errors: 2, rate: 0.04, low: 0.011, high: 0.1346 };
  const now = { model: "wafer-map@000002", wafers: 8, errors: 0, rate: 0, low: 0, high: 0.3244 };

  render(<ErrorBox audit={[now, before]} />);

  expect(screen.getByText(/^Error of what the model decided alone$/)).toBeTruthy();
  expect(screen.getAllByText(/^wafer-map@/).map(({ textContent }) => textContent)).toEqual(["wafer-map@000002", "wafer-map@000001"]);
  expect(screen.getByText(/0 wrong of 8 audited wafers/)).toBeTruthy();
  expect(screen.getByText(/2 wrong of 50 audited wafers/)).toBeTruthy();
});

it("nothing audited, nothing said", () => {
  render(<ErrorBox audit={[]} />);
  expect(screen.getByText(/nothing can be said yet/)).toBeTruthy();
});
