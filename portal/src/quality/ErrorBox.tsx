import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";

import type { Statistics } from "../api/types";
import { percent } from "../app/words";

/** How often each model is wrong in what it decides alone, from a random sample of that. */
export function ErrorBox({ audit }: { audit: Statistics["audit"] }) {
  return (
    <Container
      header={
        <Header variant="h2" description="From a random sample of the wafers that needed nobody">
          Error of what the model decided alone
        </Header>
      }
    >
      {audit.length > 0 ? (
        <SpaceBetween size="m">
          {audit.map(({ model, wafers, errors, rate, low, high }) => (
            <div key={model ?? ""}>
              <Box variant="awsui-key-label">{model ?? "A model without a name"}</Box>
              <Box fontSize="display-l" fontWeight="bold">
                {percent(rate, 1)}
              </Box>
              <Box>
                Surely (95 %) between {percent(low, 1)} and {percent(high, 1)}: {errors} wrong of {wafers} audited wafers.
              </Box>
            </div>
          ))}
        </SpaceBetween>
      ) : (
        <Box color="text-body-secondary">No audited wafer has been settled in this time: nothing can be said yet.</Box>
      )}
    </Container>
  );
}
