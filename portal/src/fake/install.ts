/** The page without a cloud: its fetch is answered by the made-up one. For `npm run dev` and `npm run preview:fake`. */

import { getResponse } from "msw";

import { makeCloud } from "./cloud";
import { handlersFor } from "./handlers";

export function installFake(): void {
  const cloud = makeCloud();
  const handlers = handlersFor(cloud);
  const ordinary = window.fetch.bind(window);
  window.fetch = async (input, init) => {
    const request = new Request(input, init);
    return (await getResponse(handlers, request.clone())) ?? ordinary(request);
  };
  // To try a network that is gone, or pictures whose addresses have expired, from the console or a test.
  Object.assign(window, { fakeCloud: cloud });
}
