/** What the page is told about where it runs, by /config.json: one build serves every cloud and the sandbox. */

export type Config = {
  /** Where the API answers: an address, or a path of the page's own origin. */
  readonly api: string;
} & (
  | {
      readonly sign_in: "hosted";
      readonly client_id: string;
      /** https://cognito-idp.<region>.amazonaws.com/<pool> */
      readonly issuer: string;
      /** https://<prefix>.auth.<region>.amazoncognito.com, where the hosted sign-in page is. */
      readonly domain: string;
    }
  | {
      readonly sign_in: "password";
      readonly client_id: string;
      /** Where the user pool's own API answers: the emulator's address. */
      readonly endpoint: string;
    }
);

export class ConfigError extends Error {}

const FIELDS = { hosted: ["client_id", "issuer", "domain"], password: ["client_id", "endpoint"] } as const;

export async function loadConfig(): Promise<Config> {
  const response = await fetch("/config.json", { cache: "no-cache" });
  if (!response.ok) throw new ConfigError(`/config.json: expected 200, got ${response.status}`);
  return readConfig(await response.json());
}

export function readConfig(body: unknown): Config {
  const config = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const kind = config.sign_in;
  if (kind !== "hosted" && kind !== "password") {
    throw new ConfigError(`/config.json: sign_in: expected "hosted" or "password", got ${JSON.stringify(kind)}`);
  }
  for (const field of ["api", ...FIELDS[kind]]) {
    if (typeof config[field] !== "string") {
      throw new ConfigError(`/config.json: ${field}: expected text, got ${JSON.stringify(config[field])}`);
    }
  }
  return config as unknown as Config;
}
