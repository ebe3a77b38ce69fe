/** Where somebody comes from. */
export interface Origin {
  readonly ip: string
  readonly userAgent: string
  /** The token of the device cookie, where the client showed one. */
  readonly deviceToken?: string
  /** The token of a device where no second factor is asked for, where the client showed one. */
  readonly rawRemembered?: string
  /** Language of mails that this leads to. */
  readonly language?: string
  /** The operator who acts as the account, and why. */
  readonly impersonator?: { readonly id: string; readonly reason: string }
}
