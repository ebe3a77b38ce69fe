/**
 * Policies to SQL conditions, so that a list holds exactly what single checks allow.
 *
 *     const filter = loadFilter({ policies, schema, mapping, dialect: 'postgres' })   // all that can go wrong goes wrong here
 *     const where = filter.accessibleBy({ principal, action, entities }, 'Document')  // AuthorizedWhere<'Document'>
 *     where.verdict                                                                   // 'all' | 'none' | 'some'
 *     const { text, parameters } = where.toSql()                                      // SELECT ... WHERE <text>
 *
 * Every boolean expression becomes two predicates: one that is TRUE exactly where the expression is true, one that
 * is TRUE exactly where it is false. Where neither is, Cedar has an error and the policy is left out. So nothing
 * that may be NULL is ever negated.
 *
 * Beneath it is `filter.plan`, for whoever needs another arrangement, such as row-level security:
 *
 *     const plan = filter.plan({
 *       action,                                                       // EntityUid, declared in the schema
 *       principal: { kind: 'expressions', type: 'User',               // or { kind: 'known', type } or { kind: 'row', type, alias }
 *         id: `(SELECT ringwall.principal() ->> 'id')`,
 *         attributes: { department: `(SELECT ringwall.principal() ->> 'department')`, groups: { array: `...::text[]` } },
 *         ancestors: { Team: `ARRAY(SELECT ...)` } },
 *       resource: { kind: 'row', type: 'Document' },                  // columns are written "documents"."owner_id"
 *       context: { kind: 'expressions', attributes: {} },             // known unless said
 *     })                                                              // throws RingwallError: policy, line and column, reason
 *     const condition = plan.bind()                                   // with what is known: { principal, resource, context, entities }
 *     condition.verdict                                               // 'all' | 'none' | 'some'
 *     condition.toSql({ literals: 'inline' }).text                    // values printed as quoted literals, for DDL
 *     condition.toSql({ firstParameter: 3 })                          // { text: '... $3 ...', parameters }
 */
