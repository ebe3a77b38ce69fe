/** What may be done at the operator's door. It has nothing to do with the permissions of the application. */
export const OPERATOR_PERMISSIONS = ['audit:read', 'access:read', 'access:write'] as const

/** The roles of operators: `admin` may do everything there, an `auditor` sees everything and changes nothing. */
export const OPERATOR_ROLES = {
  admin: ['*'],
  auditor: ['audit:read', 'access:read'],
} as const satisfies Readonly<Record<string, readonly string[]>>
