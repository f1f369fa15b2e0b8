/** One way to the API: every call is typed by its OpenAPI document, carries the token, and throws what was refused. */

import createClient, { type Client } from "openapi-fetch";

import type { Tokens } from "../auth/tokens";
import type { paths } from "./schema";
import type { Problem } from "./types";

/** The API answered, and refused. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Partial<Problem>,
  ) {
    super(problem.message ?? `The API answered with ${status}.`);
  }
}

export type ApiClient = Client<paths>;

export function clientOf(base: string, tokens: Pick<Tokens, "token" | "instead">): ApiClient {
  return createClient<paths>({ baseUrl: new URL(base, window.location.origin).href.replace(/\/$/, ""), fetch: (request) => fetched(request, tokens) });
}

/** Send with the token; one that is refused is renewed once, whatever this machine's clock says of its age. */
async function fetched(request: Request, tokens: Pick<Tokens, "token" | "instead">): Promise<Response> {
  const again = request.clone();
  const token = await tokens.token();
  const answer = await fetch(bearing(request, token));
  return answer.status === 401 ? fetch(bearing(again, await tokens.instead(token))) : answer;
}

function bearing(request: Request, token: string): Request {
  request.headers.set("Authorization", `Bearer ${token}`);
  return request;
}

interface Answered<Data> {
  readonly data?: Data;
  readonly error?: unknown;
  readonly response: Response;
}

/** Return the body of an answer, or throw why there is none. */
export async function bodyOf<Data>(call: Promise<Answered<Data>>): Promise<Data> {
  const { data, error, response } = await call;
  if (data !== undefined) return data;
  throw new ApiError(response.status, typeof error === "object" && error !== null ? error : {});
}

/** Say in a person's words what went wrong. */
export function wordsFor(error: unknown): string {
  if (error instanceof ApiError) {
    if (error.status === 403) return `Your role does not allow this (${error.message}).`;
    if (error.status === 404) return "There is no such thing in your fabs.";
    if (error.status >= 500) return "The API has a problem of its own. It is asked again when you try again.";
    return error.message;
  }
  if (error instanceof TypeError) return "The API cannot be reached. Check the network; what you answered is kept.";
  return error instanceof Error ? error.message : String(error);
}

/** Tell whether trying again may help: the network, or the API's own fault. */
export function isPassing(error: unknown): boolean {
  return !(error instanceof ApiError) || error.status >= 500 || error.status === 429 || error.status === 401;
}
