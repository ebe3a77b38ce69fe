import type { Report } from './lint.ts'
import type { PolicyStatement } from './policy-document.ts'

/** Keys that say who of a crowd is meant. */
const WHO =
  /^(aws:(Principal|Source(Account|Arn|OrgID|OrgPaths|Vpce?|Ip)$)|kms:(CallerAccount|ViaService)|sts:ExternalId|s3:DataAccessPoint|lambda:FunctionUrlAuthType)/i

/** Who a policy of a resource or a role trusts. */
export function lintTrust(statement: PolicyStatement, report: Report): void {
  const { effect, principals, isNotPrincipal, conditions, actions } = statement
  if (principals === undefined || effect === 'Deny') return
  if (isNotPrincipal)
    report(
      'trust',
      'error',
      statement,
      '`Allow` with `NotPrincipal` trusts everybody else, without a name too',
    )
  const limits = conditions.filter(({ operator }) => !/IfExists$|^Null$|Not/i.test(operator))
  const isLimited = limits.some(({ key, values }) => WHO.test(key) && !values.includes('*'))
  const isPublic = principals.some((one) => one === '*' || one === 'AWS:*')
  if (isPublic && !isLimited)
    report(
      'trust',
      'error',
      statement,
      'everybody is trusted, whatever account they are of; name who, or limit it by `aws:PrincipalOrgID`',
    )
  for (const principal of principals) {
    if (!principal.startsWith('Federated:')) continue
    const provider = principal.slice(10).split('oidc-provider/')[1]
    if (provider === undefined || !actions.some((one) => /AssumeRoleWithWebIdentity/i.test(one))) continue
    const of = (claim: string): boolean =>
      limits.some(
        ({ key, values }) =>
          key.toLowerCase() === `${provider.toLowerCase()}:${claim}` && !values.includes('*'),
      )
    if (!of('sub') && !isLimited)
      report(
        'trust',
        'error',
        statement,
        `everybody whom \`${provider}\` knows is trusted; say who by \`${provider}:sub\``,
      )
    else if (!of('aud'))
      report(
        'trust',
        'note',
        statement,
        `tokens that were made for others are taken; say for whom by \`${provider}:aud\``,
      )
    for (const { key, values } of limits)
      if (
        /:sub$/i.test(key) &&
        values.some((value) => /^(repo|project_path|organization):[^:/]*\*/.test(value))
      )
        report('trust', 'error', statement, `\`${values.join(', ')}\` means repositories of others as well`)
  }
}
