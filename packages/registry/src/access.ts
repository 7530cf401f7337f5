/** What a request needs a right for. */
export interface Access {
  readonly repository: string;
  readonly right: 'pull' | 'push' | 'delete';
  /** The repository of the same registry that a blob is mounted from. */
  readonly from?: string | undefined;
}

const actions = { pull: 'pull', push: 'pull,push', delete: 'delete' } as const;

/**
 * The scope to request while the registry has not named one.
 * @see distribution v2.8 docs/spec/auth/scope.md
 */
export function scopeOf({ repository, right, from }: Access): string {
  const own = `repository:${repository}:${actions[right]}`;
  return from === undefined ? own : `${own} repository:${from}:pull`;
}
