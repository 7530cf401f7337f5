/** Keys that sign requests. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  readonly expiration?: Date | undefined;
}

/**
 * Gives the current credentials; `isFresh` asks for new ones because the server refused those of before.
 * @throws an error that says what was tried
 */
export type CredentialSource = (options?: { readonly isFresh?: boolean }) => Promise<S3Credentials>;
