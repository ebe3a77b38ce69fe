import { passesAnyRoleTo, reachOf } from './grants.ts'
import type { PolicyDocument, PolicyStatement } from './policy-document.ts'

/** A way from some permissions to more. */
export interface EscalationPath {
  readonly id: string
  /** Permissions that together are the way. `|` between those of which one is enough. */
  readonly needs: readonly string[]
  /** The service that a role is passed to; then `iam:PassRole` for roles that are not named is a part of the way. */
  readonly passesTo?: string
  /** What who has them can do, after "can". */
  readonly can: string
  /** Whether the way is open also where only the asker's own user can be changed. Default true. */
  readonly onSelf?: boolean
}

const path = (
  id: string,
  needs: string,
  can: string,
  more: Partial<EscalationPath> = {},
): EscalationPath => ({ id, needs: needs.split(' '), can, ...more })

/** The published ways (Rhino Security Labs 2018 and 2019, Bishop Fox 2021, and what newer services added). */
export const ESCALATION_PATHS: readonly EscalationPath[] = [
  path('create-policy-version', 'iam:CreatePolicyVersion', 'give any permission to every holder of a policy'),
  path(
    'set-default-policy-version',
    'iam:SetDefaultPolicyVersion',
    'bring back an older version of a policy',
  ),
  path('attach-user-policy', 'iam:AttachUserPolicy', 'attach AdministratorAccess to a user'),
  path('attach-group-policy', 'iam:AttachGroupPolicy', 'attach AdministratorAccess to a group'),
  path('attach-role-policy', 'iam:AttachRolePolicy', 'attach AdministratorAccess to a role'),
  path('put-user-policy', 'iam:PutUserPolicy', 'write any permission into a user'),
  path('put-group-policy', 'iam:PutGroupPolicy', 'write any permission into a group'),
  path('put-role-policy', 'iam:PutRolePolicy', 'write any permission into a role'),
  path('add-user-to-group', 'iam:AddUserToGroup', 'join a group with more permissions'),
  path('update-assume-role-policy', 'iam:UpdateAssumeRolePolicy', 'make a role trust somebody else'),
  path('create-access-key', 'iam:CreateAccessKey', 'make keys of another user', { onSelf: false }),
  path('create-login-profile', 'iam:CreateLoginProfile', 'give another user a password', { onSelf: false }),
  path('update-login-profile', 'iam:UpdateLoginProfile', 'change the password of another user', {
    onSelf: false,
  }),
  path(
    'service-credential',
    'iam:CreateServiceSpecificCredential|iam:ResetServiceSpecificCredential',
    'make credentials of another user',
    { onSelf: false },
  ),
  path('deactivate-mfa', 'iam:DeactivateMFADevice', 'take the second factor of another user away', {
    onSelf: false,
  }),
  path(
    'remove-boundary',
    'iam:DeleteUserPermissionsBoundary|iam:DeleteRolePermissionsBoundary',
    'remove what holds permissions down',
  ),
  path(
    'change-saml-provider',
    'iam:UpdateSAMLProvider|iam:CreateSAMLProvider',
    'sign in as anybody by a provider of their own',
  ),
  path(
    'change-oidc-provider',
    'iam:UpdateOpenIDConnectProviderThumbprint|iam:AddClientIDToOpenIDConnectProvider',
    'let tokens of others assume roles',
  ),
  path('assume-any-role', 'sts:AssumeRole', 'assume every role that trusts the account'),
  path('pass-role-ec2', 'ec2:RunInstances', 'start a machine with any role', {
    passesTo: 'ec2.amazonaws.com',
  }),
  path(
    'instance-profile',
    'ec2:AssociateIamInstanceProfile|ec2:ReplaceIamInstanceProfileAssociation',
    'give a running machine any role',
    { passesTo: 'ec2.amazonaws.com' },
  ),
  path(
    'instance-user-data',
    'ec2:ModifyInstanceAttribute ec2:StartInstances',
    'run code with the role of a machine',
  ),
  path('spot-instances', 'ec2:RequestSpotInstances', 'start a machine with any role', {
    passesTo: 'ec2.amazonaws.com',
  }),
  path(
    'launch-template',
    'ec2:CreateLaunchTemplateVersion ec2:ModifyLaunchTemplate',
    'change what new machines of a template run',
  ),
  path(
    'auto-scaling',
    'autoscaling:CreateLaunchConfiguration autoscaling:CreateAutoScalingGroup|autoscaling:UpdateAutoScalingGroup',
    'start machines with any role',
    { passesTo: 'ec2.amazonaws.com' },
  ),
  path('connect-to-instance', 'ec2-instance-connect:SendSSHPublicKey', 'use the role of any machine'),
  path('ssm-command', 'ssm:SendCommand', 'run commands with the role of any machine'),
  path('ssm-session', 'ssm:StartSession', 'open a shell with the role of any machine'),
  path(
    'pass-role-lambda-invoke',
    'lambda:CreateFunction lambda:InvokeFunction|lambda:AddPermission|lambda:CreateFunctionUrlConfig',
    'run code with any role',
    { passesTo: 'lambda.amazonaws.com' },
  ),
  path(
    'pass-role-lambda-event',
    'lambda:CreateFunction lambda:CreateEventSourceMapping',
    'run code with any role',
    { passesTo: 'lambda.amazonaws.com' },
  ),
  path('update-function-code', 'lambda:UpdateFunctionCode', 'run code with the role of any function'),
  path(
    'update-function-configuration',
    'lambda:UpdateFunctionConfiguration',
    'put a layer with code of their own under any function',
  ),
  path('pass-role-glue-endpoint', 'glue:CreateDevEndpoint', 'open a shell with any role', {
    passesTo: 'glue.amazonaws.com',
  }),
  path('update-glue-endpoint', 'glue:UpdateDevEndpoint', 'open a shell with the role of an endpoint'),
  path(
    'pass-role-glue-job',
    'glue:CreateJob|glue:UpdateJob glue:StartJobRun|glue:CreateTrigger',
    'run code with any role',
    {
      passesTo: 'glue.amazonaws.com',
    },
  ),
  path('pass-role-cloudformation', 'cloudformation:CreateStack', 'make anything that any role may', {
    passesTo: 'cloudformation.amazonaws.com',
  }),
  path('update-stack', 'cloudformation:UpdateStack', 'make anything that the role of a stack may'),
  path(
    'change-set',
    'cloudformation:CreateChangeSet cloudformation:ExecuteChangeSet',
    'make anything that the role of a stack may',
  ),
  path(
    'stack-set',
    'cloudformation:CreateStackSet cloudformation:CreateStackInstances',
    'make anything that any role may, in other accounts too',
    { passesTo: 'cloudformation.amazonaws.com' },
  ),
  path(
    'pass-role-data-pipeline',
    'datapipeline:CreatePipeline datapipeline:PutPipelineDefinition',
    'run commands with any role',
    { passesTo: 'datapipeline.amazonaws.com' },
  ),
  path(
    'pass-role-codebuild',
    'codebuild:CreateProject codebuild:StartBuild|codebuild:StartBuildBatch',
    'run code with any role',
    {
      passesTo: 'codebuild.amazonaws.com',
    },
  ),
  path(
    'update-codebuild',
    'codebuild:UpdateProject codebuild:StartBuild|codebuild:StartBuildBatch',
    'run code with the role of any project',
  ),
  path('pass-role-sagemaker-notebook', 'sagemaker:CreateNotebookInstance', 'open a notebook with any role', {
    passesTo: 'sagemaker.amazonaws.com',
  }),
  path(
    'sagemaker-notebook-url',
    'sagemaker:CreatePresignedNotebookInstanceUrl',
    'use the role of any notebook',
  ),
  path(
    'pass-role-sagemaker-job',
    'sagemaker:CreateTrainingJob|sagemaker:CreateProcessingJob',
    'run code with any role',
    { passesTo: 'sagemaker.amazonaws.com' },
  ),
  path(
    'pass-role-ecs',
    'ecs:RegisterTaskDefinition ecs:RunTask|ecs:StartTask|ecs:CreateService|ecs:UpdateService',
    'run a container with any role',
    {
      passesTo: 'ecs-tasks.amazonaws.com',
    },
  ),
  path('ecs-exec', 'ecs:ExecuteCommand', 'open a shell with the role of any task'),
  path('pass-role-batch', 'batch:RegisterJobDefinition batch:SubmitJob', 'run a container with any role', {
    passesTo: 'ecs-tasks.amazonaws.com',
  }),
  path('pass-role-app-runner', 'apprunner:CreateService', 'run a container with any role', {
    passesTo: 'tasks.apprunner.amazonaws.com',
  }),
  path('pass-role-emr', 'elasticmapreduce:RunJobFlow', 'run code with any role', {
    passesTo: 'ec2.amazonaws.com',
  }),
  path(
    'pass-role-step-functions',
    'states:CreateStateMachine|states:UpdateStateMachine states:StartExecution',
    'call anything with any role',
    {
      passesTo: 'states.amazonaws.com',
    },
  ),
  path(
    'pass-role-scheduler',
    'scheduler:CreateSchedule|scheduler:UpdateSchedule',
    'call anything with any role',
    {
      passesTo: 'scheduler.amazonaws.com',
    },
  ),
  path('pass-role-cognito', 'cognito-identity:SetIdentityPoolRoles', 'give any role to those who sign in', {
    passesTo: 'cognito-identity.amazonaws.com',
  }),
  path(
    'permission-set',
    'sso:PutInlinePolicyToPermissionSet|sso:AttachManagedPolicyToPermissionSet|sso:CreateAccountAssignment',
    'give any permission in any account of the organisation',
  ),
  path(
    'eks-access',
    'eks:CreateAccessEntry eks:AssociateAccessPolicy',
    'become an administrator of any cluster',
  ),
]

/** A way that a policy leaves open. */
export interface OpenPath {
  readonly path: EscalationPath
  /** A statement that opens it. */
  readonly statement: PolicyStatement
  /** The permissions of it that the policy gives. */
  readonly actions: readonly string[]
}

/**
 * The ways that a policy of an identity leaves open: every permission of the way is given for resources that nobody named. A
 * permission for named resources is a choice, and not judged here.
 */
export function openPaths(policy: PolicyDocument): readonly OpenPath[] {
  return ESCALATION_PATHS.flatMap((path) => {
    const parts = path.needs.map((need) => openPart(policy, need.split('|'), path))
    const [first] = parts
    const passing = path.passesTo === undefined ? undefined : passesAnyRoleTo(policy, path.passesTo)
    const isOpen = parts.every((part) => part !== undefined) && (path.passesTo === undefined || passing)
    if (!isOpen || !first) return []
    const actions = parts.flatMap((part) => (part ? [part.action] : []))
    return [
      {
        path,
        statement: passing?.statement ?? first.statement,
        actions: passing ? ['iam:PassRole', ...actions] : actions,
      },
    ]
  })
}

function openPart(
  policy: PolicyDocument,
  choices: readonly string[],
  { passesTo, onSelf = true }: EscalationPath,
): { readonly action: string; readonly statement: PolicyStatement } | undefined {
  for (const action of choices) {
    // With any role to pass, one thing of one's own to run is enough.
    const reach = reachOf(policy, action).find(
      ({ on }) => passesTo !== undefined || on === 'all' || (on === 'own' && onSelf),
    )
    if (reach) return { action, statement: reach.statement }
  }
  return undefined
}
