/** Everything the made-up cloud answers: the API, its pictures, the user pool, and where the page runs. */

import { http, HttpResponse } from "msw";

import type { Config } from "../auth/config";
import type { FakeCloud } from "./cloud";
import { figureHandlers } from "./figures";
import { lookHandlers } from "./look";
import { loopHandlers } from "./loop";
import { machineHandlers } from "./machines";
import { bulkHandlers } from "./many";
import { ownHandlers } from "./own";
import { paperHandlers } from "./papers";
import { PEOPLE, tokenFor } from "./people";
import { workHandlers } from "./work";

export const FAKE_CONFIG: Config = { api: "/api", sign_in: "password", client_id: "fake", endpoint: "/user-pool" };

export function handlersFor(cloud: FakeCloud) {
  const origin = window.location.origin;
  return [
    http.get(`${origin}/config.json`, () => HttpResponse.json(FAKE_CONFIG)),
    http.post(`${origin}/user-pool`, ({ request }) => signIn(request)),
    ...workHandlers(cloud),
    ...bulkHandlers(cloud),
    ...lookHandlers(cloud),
    ...figureHandlers(cloud),
    ...paperHandlers(cloud),
    ...ownHandlers(cloud),
    ...loopHandlers(cloud),
    ...machineHandlers(cloud),
  ];
}

async function signIn(request: Request) {
  const { AuthParameters: given } = (await request.json()) as { AuthParameters: Record<string, string> };
  const name = given.USERNAME ?? given.REFRESH_TOKEN?.replace("refresh ", "");
  const person = PEOPLE.find((each) => each.name === name);
  if (!person || given.PASSWORD === "wrong") return HttpResponse.json({ message: "Incorrect username or password." }, { status: 400 });
  return HttpResponse.json({ AuthenticationResult: { IdToken: tokenFor(person), RefreshToken: `refresh ${person.name}` } });
}
