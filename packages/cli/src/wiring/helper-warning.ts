/** What people see when a credential helper that is set up gave nothing. */
export function helperWarning(failure: Error): string {
  return `${failure.message}; going on without them`;
}
