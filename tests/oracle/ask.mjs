// Reads cases, one JSON object a line, and writes the oracle's answer to each: Allowed, ExplicitlyDenied,
// ImplicitlyDenied, or Error: …
import { createInterface } from 'node:readline'
import { runSimulation } from '@cloud-copilot/iam-simulate'

const named = (policies, prefix) => policies.map((policy, n) => ({ name: `${prefix}${n}`, policy }))

const everything = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }]
}
const organisation = [{ orgIdentifier: 'o-root', policies: named([everything], 'FullAccess') }]

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line)
  const simulation = {
    request: {
      principal: asked.principal,
      action: asked.action,
      resource: { resource: asked.resource, accountId: asked.owner },
      contextVariables: asked.context
    },
    identityPolicies: named(asked.identity, 'identity'),
    serviceControlPolicies: organisation,
    resourceControlPolicies: []
  }
  if (asked.resourcePolicy) simulation.resourcePolicy = asked.resourcePolicy
  if (asked.boundary) simulation.permissionBoundaryPolicies = named([asked.boundary], 'boundary')
  if (asked.session) simulation.sessionPolicy = asked.session
  const answer = await runSimulation(simulation, {})
  const said = answer.resultType === 'error' ? `Error: ${JSON.stringify(answer.errors)}` : answer.overallResult
  process.stdout.write(said + '\n')
}
