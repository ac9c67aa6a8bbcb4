package iam

import (
	"slices"
	"strings"
)

// facts says on which resources an action can be allowed: the resource types of the Service Authorization Reference
// (https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html)
// as ARNs, with P for the partition and A for the account. An action with nil can only be allowed on "*".
var facts = map[string][]string{
	"account:GetAlternateContact": {"arn:P:account::A:account", "arn:P:account::*:account/o-*/*"},

	"autoscaling:AttachInstances":              scalingGroups,
	"autoscaling:DescribeAutoScalingGroups":    nil,
	"autoscaling:DescribeAutoScalingInstances": nil,
	"autoscaling:DetachInstances":              scalingGroups,

	"cloudtrail:DescribeTrails":    nil,
	"cloudtrail:GetEventSelectors": trails,
	"cloudtrail:PutEventSelectors": trails,
	"cloudtrail:GetTrail":          trails,
	"cloudtrail:ListTags":          trails,
	"cloudtrail:ListPublicKeys":    nil,
	"cloudtrail:LookupEvents":      nil,
	"cloudtrail:GetTrailStatus":    trails,
	"cloudtrail:StartLogging":      trails,
	"cloudtrail:StopLogging":       trails,
	"cloudtrail:UpdateTrail":       trails,

	"ec2:AssociateIamInstanceProfile":            {"arn:P:ec2:*:A:instance/*"},
	"ec2:AuthorizeSecurityGroupEgress":           groups,
	"ec2:AuthorizeSecurityGroupIngress":          groups,
	"ec2:CreateFlowLogs":                         {"arn:P:ec2:*:A:vpc-flow-log/*", "arn:P:ec2:*:A:vpc/*"},
	"ec2:CreateSecurityGroup":                    {"arn:P:ec2:*:A:security-group/*", "arn:P:ec2:*:A:vpc/*"},
	"ec2:CreateSnapshots":                        {"arn:P:ec2:*:A:instance/*", "arn:P:ec2:*:A:volume/*", "arn:P:ec2:*::snapshot/*"},
	"ec2:CreateTags":                             {"arn:P:ec2:*:A:security-group-rule/*"}, // for rules that are put back with their tags; see besides
	"ec2:DeleteFlowLogs":                         {"arn:P:ec2:*:A:vpc-flow-log/*"},
	"ec2:DeleteTags":                             {"arn:P:ec2:*:A:instance/*"}, // from what is no longer isolated
	"ec2:DescribeFlowLogs":                       nil,
	"ec2:DescribeIamInstanceProfileAssociations": nil,
	"ec2:DescribeInstanceAttribute":              {"arn:P:ec2:*:A:instance/*"},
	"ec2:DescribeInstances":                      nil,
	"ec2:DescribeNetworkInterfaces":              nil,
	"ec2:DescribeRegions":                        nil,
	"ec2:DescribeSecurityGroupRules":             nil,
	"ec2:DescribeSecurityGroups":                 nil,
	"ec2:DescribeSnapshots":                      nil,
	"ec2:DescribeVpcs":                           nil,
	"ec2:DisassociateIamInstanceProfile":         {"arn:P:ec2:*:A:instance/*"},
	"ec2:ModifyInstanceAttribute":                {"arn:P:ec2:*:A:instance/*"},
	// An interface is put into groups: AWS looks at all three.
	"ec2:ModifyNetworkInterfaceAttribute": {"arn:P:ec2:*:A:network-interface/*", "arn:P:ec2:*:A:security-group/*", "arn:P:ec2:*:A:instance/*"},
	"ec2:ModifySecurityGroupRules":        groups,
	"ec2:RevokeSecurityGroupEgress":       groups,
	"ec2:RevokeSecurityGroupIngress":      groups,

	"ecs:RunTask": {"arn:P:ecs:*:A:task-definition/*"},

	"elasticloadbalancing:DeregisterTargets":    targetGroups,
	"elasticloadbalancing:DescribeTargetGroups": nil,
	"elasticloadbalancing:DescribeTargetHealth": nil,
	"elasticloadbalancing:RegisterTargets":      targetGroups,

	"events:DescribeRule":        {"arn:P:events:*:A:rule/*"},
	"events:ListApiDestinations": nil,
	"events:ListRules":           nil,
	"events:ListTargetsByRule":   {"arn:P:events:*:A:rule/*"},
	"events:PutEvents":           {"arn:P:events:*:A:event-bus/*"},

	"firehose:PutRecord":      {"arn:P:firehose:*:A:deliverystream/*"},
	"firehose:PutRecordBatch": {"arn:P:firehose:*:A:deliverystream/*"},

	"iam:AttachGroupPolicy":              userGroups,
	"iam:AttachRolePolicy":               roles,
	"iam:AttachUserPolicy":               users,
	"iam:DeactivateMFADevice":            users,
	"iam:DeleteAccessKey":                users,
	"iam:DeleteAccountPasswordPolicy":    nil,
	"iam:DeleteGroupPolicy":              userGroups,
	"iam:DeleteLoginProfile":             users,
	"iam:DeleteRolePolicy":               roles,
	"iam:DeleteUser":                     users,
	"iam:DeleteUserPolicy":               users,
	"iam:DetachGroupPolicy":              userGroups,
	"iam:DetachRolePolicy":               roles,
	"iam:DetachUserPolicy":               users,
	"iam:GetAccessKeyLastUsed":           users,
	"iam:GetAccountPasswordPolicy":       nil,
	"iam:GetGroup":                       userGroups,
	"iam:GetGroupPolicy":                 userGroups,
	"iam:GetLoginProfile":                users,
	"iam:GetPolicy":                      managed,
	"iam:GetRole":                        roles,
	"iam:GetRolePolicy":                  roles,
	"iam:GetUser":                        users,
	"iam:GetUserPolicy":                  users,
	"iam:ListAccessKeys":                 users,
	"iam:ListAttachedGroupPolicies":      userGroups,
	"iam:ListAttachedRolePolicies":       roles,
	"iam:ListAttachedUserPolicies":       users,
	"iam:ListGroupsForUser":              users,
	"iam:ListMFADevices":                 users,
	"iam:ListPolicyVersions":             managed,
	"iam:ListSSHPublicKeys":              users,
	"iam:ListSigningCertificates":        users,
	"iam:ListServiceSpecificCredentials": users,
	"iam:ListUserPolicies":               users,
	"iam:PassRole":                       roles,
	"iam:PutGroupPolicy":                 userGroups,
	"iam:PutRolePolicy":                  roles,
	"iam:PutUserPolicy":                  users,
	"iam:RemoveUserFromGroup":            userGroups,
	"iam:SetDefaultPolicyVersion":        managed,
	"iam:SimulatePrincipalPolicy":        {"arn:P:iam::A:role/*", "arn:P:iam::A:user/*"},
	"iam:UpdateAccessKey":                users,
	"iam:UpdateAccountPasswordPolicy":    nil,
	"iam:UpdateAssumeRolePolicy":         roles,

	"kinesis:GetRecords":       streams,
	"kinesis:GetShardIterator": streams,
	"kinesis:ListShards":       streams,
	"kinesis:PutRecord":        streams,
	"kinesis:PutRecords":       streams,

	"lambda:AddPermission":             functions,
	"lambda:DeleteFunctionConcurrency": functions,
	"lambda:GetFunctionConcurrency":    functions,
	"lambda:GetFunctionConfiguration":  functions,
	"lambda:GetPolicy":                 functions,
	"lambda:InvokeFunction":            functions,
	"lambda:ListTags":                  functions,
	"lambda:PutFunctionConcurrency":    functions,
	"lambda:RemovePermission":          functions,

	"logs:CreateLogDelivery":   nil,
	"logs:DeleteLogDelivery":   nil,
	"logs:CreateLogStream":     {"arn:P:logs:*:A:log-group:*"},
	"logs:DescribeLogGroups":   {"arn:P:logs:*:A:log-group:*"},
	"logs:ListTagsForResource": {"arn:P:logs:*:A:log-group:*"},
	"logs:PutRetentionPolicy":  {"arn:P:logs:*:A:log-group:*"},
	"logs:FilterLogEvents":     {"arn:P:logs:*:A:log-group:*"},
	"logs:PutLogEvents":        {"arn:P:logs:*:A:log-group:*:log-stream:*"},

	"organizations:ListAccounts":        nil,
	"organizations:ListTagsForResource": {"arn:P:organizations::*:account/o-*/*"},

	"rds:DescribeDBInstances":          databases,
	"rds:DescribeDBSnapshotAttributes": databaseSnapshots,
	"rds:DescribeDBSnapshots":          {"arn:P:rds:*:A:db:*", "arn:P:rds:*:A:snapshot:*"},
	"rds:ModifyDBInstance":             databases,
	"rds:ModifyDBSnapshotAttribute":    databaseSnapshots,

	"s3:DeleteBucketPolicy":               buckets,
	"s3:GetAccountPublicAccessBlock":      nil,
	"s3:GetBucketAcl":                     buckets,
	"s3:GetBucketLocation":                buckets,
	"s3:GetBucketLogging":                 buckets,
	"s3:GetBucketNotification":            buckets,
	"s3:GetBucketObjectLockConfiguration": buckets,
	"s3:GetBucketPolicy":                  buckets,
	"s3:GetBucketPolicyStatus":            buckets,
	"s3:GetBucketPublicAccessBlock":       buckets,
	"s3:GetBucketTagging":                 buckets,
	"s3:GetBucketVersioning":              buckets,
	"s3:GetEncryptionConfiguration":       buckets,
	"s3:GetObject":                        {"arn:P:s3:::*/*"},
	"s3:ListBucket":                       buckets,
	"s3:PutAccountPublicAccessBlock":      nil,
	"s3:PutBucketAcl":                     buckets,
	"s3:PutBucketLogging":                 buckets,
	"s3:PutBucketPolicy":                  buckets,
	"s3:PutBucketPublicAccessBlock":       buckets,
	"s3:PutBucketVersioning":              buckets,
	"s3:PutEncryptionConfiguration":       buckets,

	"secretsmanager:DescribeSecret": storedSecrets,
	"secretsmanager:RotateSecret":   storedSecrets,

	"sns:GetTopicAttributes":  {"arn:P:sns:*:A:*"},
	"sns:ListTagsForResource": {"arn:P:sns:*:A:*"},
	"sns:Publish":             {"arn:P:sns:*:A:*"},
	"sns:SetTopicAttributes":  {"arn:P:sns:*:A:*"},

	"sqs:ChangeMessageVisibility": queues,
	"sqs:DeleteMessage":           queues,
	"sqs:GetQueueAttributes":      queues,
	"sqs:GetQueueUrl":             queues,
	"sqs:ListQueueTags":           queues,
	"sqs:ReceiveMessage":          queues,
	"sqs:SendMessage":             queues,
	"sqs:SetQueueAttributes":      queues,

	"ssm:SendCommand":              {"arn:P:ssm:*:A:document/*", "arn:P:ssm:*::document/*", "arn:P:ec2:*:A:instance/*", "arn:P:ssm:*:A:managed-instance/*"},
	"ssm:StartAutomationExecution": {"arn:P:ssm:*:A:automation-definition/*", "arn:P:ssm:*::automation-definition/*"},

	"states:StartExecution": {"arn:P:states:*:A:stateMachine:*"},

	"sts:AssumeRole": {"arn:P:iam::*:role/*"},

	"wafv2:GetIPSet":            ipSets,
	"wafv2:ListIPSets":          nil,
	"wafv2:ListTagsForResource": ipSets,
	"wafv2:UpdateIPSet":         ipSets,
}

// besides says on which further resources an action is needed where another one is allowed too: who isolates instances tags
// them, their snapshots, and the group that isolates.
var besides = map[string]struct {
	other     string
	resources []string
}{
	"ec2:CreateTags": {"ec2:CreateSnapshots", []string{"arn:P:ec2:*:A:instance/*", "arn:P:ec2:*:A:security-group/*", "arn:P:ec2:*::snapshot/*"}},
}

var (
	trails        = []string{"arn:P:cloudtrail:*:A:trail/*"}
	groups        = []string{"arn:P:ec2:*:A:security-group/*", "arn:P:ec2:*:A:security-group-rule/*"}
	streams       = []string{"arn:P:kinesis:*:A:stream/*"}
	queues        = []string{"arn:P:sqs:*:A:*"}
	buckets       = []string{"arn:P:s3:::*"}
	users         = []string{"arn:P:iam::A:user/*"}
	roles         = []string{"arn:P:iam::A:role/*"}
	userGroups    = []string{"arn:P:iam::A:group/*"}
	managed       = []string{"arn:P:iam::A:policy/*"}
	scalingGroups = []string{"arn:P:autoscaling:*:A:autoScalingGroup:*:autoScalingGroupName/*"}
	targetGroups  = []string{"arn:P:elasticloadbalancing:*:A:targetgroup/*/*"}

	functions         = []string{"arn:P:lambda:*:A:function:*"}
	databases         = []string{"arn:P:rds:*:A:db:*"}
	databaseSnapshots = []string{"arn:P:rds:*:A:snapshot:*"}
	storedSecrets     = []string{"arn:P:secretsmanager:*:A:secret:*"}

	ipSets = []string{"arn:P:wafv2:*:A:*/ipset/*/*"}
)

// onEverything reports whether it is known that an action can only be allowed on all resources.
func onEverything(action string) bool {
	resources, known := facts[action]
	return known && len(resources) == 0
}

// resourcesOf returns all resources of one account on which an action can be allowed beside others, nil for "*" and for an
// action that is not known here.
func resourcesOf(action, partition, account string, others ...string) []string {
	out := slices.Clone(facts[action])
	if more := besides[action]; slices.Contains(others, more.other) {
		out = append(out, more.resources...)
	}
	for i, arn := range out {
		out[i] = strings.Replace(strings.Replace(arn, ":P:", ":"+partition+":", 1), ":A:", ":"+account+":", 1)
	}
	return out
}

// reads reports whether an action changes nothing, by its verb.
func reads(action string) bool {
	_, name, _ := strings.Cut(action, ":")
	return slices.ContainsFunc([]string{"Describe", "Get", "List", "Lookup", "Simulate"}, func(verb string) bool { return strings.HasPrefix(name, verb) })
}
