/** The token of who is signed in, renewed shortly before it ends, by one request however many ask. */

import type { Session, SignIn } from "./signIn";

export class SignedOutError extends Error {}

const RENEW_BEFORE_MS = 60_000;

export class Tokens {
  private renewing: Promise<string> | null = null;

  constructor(
    private readonly signIn: SignIn,
    private session: Session,
    private readonly onEnd: () => void,
  ) {}

  /** Return a token that lasts a while yet. Throws SignedOutError when the person has to sign in again. */
  readonly token = (): Promise<string> => {
    if (this.session.expiresAtMs - Date.now() > RENEW_BEFORE_MS) return Promise.resolve(this.session.token);
    return this.renew();
  };

  /** Return another token than the one that was refused: this machine's clock may be wrong about its age. Throws SignedOutError. */
  readonly instead = (refused: string): Promise<string> => {
    return this.session.token === refused ? this.renew() : Promise.resolve(this.session.token);
  };

  private renew(): Promise<string> {
    return (this.renewing ??= this.renewed().finally(() => (this.renewing = null)));
  }

  private async renewed(): Promise<string> {
    const fresh = await this.signIn.refresh();
    if (!fresh) {
      this.onEnd();
      throw new SignedOutError("the session has ended");
    }
    this.session = fresh;
    return fresh.token;
  }
}
