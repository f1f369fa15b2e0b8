/** The token of who is signed in, renewed shortly before it ends, by one request however many ask. */

import type { Session, SignIn } from "./signIn";

export class SignedOutError extends Error {}

const RENEW_BEFORE_MS = 60_000;

export class Tokens {
  private renewing: Promise<Session | null> | null = null;

  constructor(
    private readonly signIn: SignIn,
    private session: Session,
    private readonly onEnd: () => void,
  ) {}

  /** Return a token that lasts a while yet. Throws SignedOutError when the person has to sign in again. */
  readonly token = async (): Promise<string> => {
    if (this.session.expiresAtMs - Date.now() > RENEW_BEFORE_MS) return this.session.token;
    this.renewing ??= this.signIn.refresh().finally(() => (this.renewing = null));
    const fresh = await this.renewing;
    if (!fresh) {
      this.onEnd();
      throw new SignedOutError("the session has ended");
    }
    this.session = fresh;
    return fresh.token;
  };
}
