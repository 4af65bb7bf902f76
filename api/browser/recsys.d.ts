// Types of the calls of recsys.js.
export interface Recsys {
  /** The public key of the shop, `pk_…`. */
  load(key: string): void;
  /** What the visitor agreed to; an empty list: refused, and all that was kept goes. */
  consent(purposes: readonly "profiling"[] | boolean): void;
  /** Who signed in; `userHash` is HMAC-SHA256(secret, id), made by the shop's server. */
  identify(id: string, traits?: Record<string, string>, userHash?: string): void;
  page(properties?: Record<string, unknown>): void;
  track(event: string, properties?: Record<string, unknown>): void;
  /** Fill one placement, those of a selector, or all of the page. */
  place(target?: string | Element): void;
  /** Forget who it is: the next visitor of this device is another one. */
  reset(): void;
}

export interface ShownDetail {
  rung: string | null;
  recommendation_id: string;
}

export interface FallbackDetail {
  reason: "timeout" | "error" | "offline" | "empty";
}

declare global {
  interface Window {
    recsys: Recsys;
  }
  interface HTMLElementEventMap {
    "recsys:shown": CustomEvent<ShownDetail>;
    "recsys:fallback": CustomEvent<FallbackDetail>;
  }
}
