package iam

import (
	"slices"
	"strings"

	"riposte.dev/fault"
)

// Setup is what is enabled in one account, as plain facts. What is empty needs nothing.
type Setup struct {
	Partition string // default aws
	Account   string // 12 digits: the account of the role
	// Actions are the IAM actions that the enabled rules' playbooks need (action.Spec.Permissions).
	Actions []string

	// Sources.
	Queues    []string // ARNs of SQS queues that are read
	Buckets   []Bucket
	LogGroups []string // ARNs, with or without the final :*
	Streams   []string // ARNs of Kinesis streams that are read
	Lookup    bool     // CloudTrail's LookupEvents
	Keys      []string // ARNs of KMS keys that encrypt queues, buckets, streams or topics

	// Receivers.
	Topics    []string // ARNs of SNS topics for messages to people
	SMS       bool     // topics are not enough: text messages to numbers
	Targets   []string // ARNs of rule targets
	PassRoles []string // ARNs of the roles of ECS tasks that are run

	// Accounts.
	Members       []string // ARNs of the roles that are assumed; wildcards allowed
	Organizations bool     // riposte discovers accounts
	Principal     string   // ARN of riposte's role or user: what doctor simulates; "" any of the account
}

// Bucket is a bucket whose files are read.
type Bucket struct{ Name, Prefix string }

// Responder returns what riposte needs to listen, tell and respond. A target that riposte cannot send to is fault.Invalid.
func Responder(s Setup) ([]Need, error) {
	needs := slices.Concat(s.actions(func(string) bool { return true }, "respond"), s.sources(), s.accounts())
	receivers, err := s.receivers()
	return append(needs, receivers...), err
}

// Reader returns what `riposte doctor` and `riposte scan --aws` need: nothing that changes anything.
func Reader(s Setup) []Need {
	needs := s.actions(reads, "look before responding")
	for why, actions := range map[string][]string{
		"scan":   {"cloudtrail:LookupEvents", "ec2:DescribeRegions"},
		"doctor": {"cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus", "events:ListApiDestinations", "events:ListRules", "events:ListTargetsByRule"},
	} {
		needs = append(needs, s.on(actions, why)...)
	}
	if len(s.Queues) > 0 {
		needs = append(needs, Need{Actions: []string{"sqs:GetQueueAttributes", "sqs:GetQueueUrl"}, Resources: s.Queues, Why: "doctor"})
	}
	for _, b := range s.Buckets {
		needs = append(needs, Need{Actions: []string{"s3:ListBucket", "s3:GetBucketNotification"}, Resources: []string{s.bucket(b)}, Why: "doctor"})
	}
	simulate := Need{Actions: []string{"iam:SimulatePrincipalPolicy"}, Why: "doctor"}
	if simulate.Resources = []string{s.Principal}; s.Principal == "" {
		simulate.Resources = resourcesOf("iam:SimulatePrincipalPolicy", partition(s.Partition), s.Account)
	}
	return append(append(needs, simulate), s.accounts()...)
}

// on allows actions on all their resources in the account.
func (s Setup) on(actions []string, why string) []Need {
	needs := make([]Need, len(actions))
	for i, action := range actions {
		needs[i] = Need{Actions: []string{action}, Resources: resourcesOf(action, partition(s.Partition), s.Account), Why: why}
	}
	return needs
}

func (s Setup) actions(wanted func(string) bool, why string) []Need {
	return s.on(slices.DeleteFunc(slices.Clone(s.Actions), func(a string) bool { return !wanted(a) }), why)
}

func (s Setup) bucket(b Bucket) string { return "arn:" + partition(s.Partition) + ":s3:::" + b.Name }

func (s Setup) sources() []Need {
	var needs []Need
	add := func(resources []string, why string, actions ...string) {
		if len(resources) > 0 {
			needs = append(needs, Need{Actions: actions, Resources: resources, Why: why})
		}
	}
	add(s.Queues, "read queues", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes", "sqs:GetQueueUrl")
	for _, b := range s.Buckets {
		add([]string{s.bucket(b) + "/" + b.Prefix + "*"}, "read log files", "s3:GetObject")
		add([]string{s.bucket(b)}, "read log files", "s3:ListBucket")
	}
	groups := slices.Clone(s.LogGroups)
	for i, arn := range groups {
		groups[i] = strings.TrimSuffix(arn, ":*") + ":*"
	}
	add(groups, "read log groups", "logs:FilterLogEvents")
	add(s.Streams, "read streams", "kinesis:DescribeStreamSummary", "kinesis:ListShards", "kinesis:GetShardIterator", "kinesis:GetRecords")
	add(s.Keys, "encrypted sources and receivers", "kms:Decrypt", "kms:GenerateDataKey")
	if s.Lookup {
		needs = append(needs, Need{Actions: []string{"cloudtrail:LookupEvents"}, Why: "read events"})
	}
	return needs
}

func (s Setup) accounts() []Need {
	needs := []Need{{Actions: []string{"ec2:DescribeRegions"}, Why: "accounts"}}
	if len(s.Members) > 0 {
		needs = append(needs, Need{Actions: []string{"sts:AssumeRole"}, Resources: s.Members, Why: "accounts"})
	}
	if s.Organizations {
		needs = append(needs, Need{Actions: []string{"organizations:ListAccounts"}, Why: "accounts"})
	}
	return needs
}

func (s Setup) receivers() ([]Need, error) {
	var needs []Need
	if len(s.Topics) > 0 {
		needs = append(needs, Need{Actions: []string{"sns:Publish"}, Resources: s.Topics, Why: "tell people"})
	}
	if s.SMS {
		// A text message has no topic: IAM knows no resource for it.
		needs = append(needs, Need{Actions: []string{"sns:Publish"}, Resources: []string{"*"}, Why: "text messages"})
	}
	for _, arn := range s.Targets {
		need, err := target(arn)
		if err != nil {
			return nil, err
		}
		needs = append(needs, need)
	}
	if len(s.PassRoles) > 0 {
		needs = append(needs, Need{
			Actions: []string{"iam:PassRole"}, Resources: s.PassRoles, Why: "run tasks",
			Conditions: Conditions{"StringEquals": {"iam:PassedToService": {"ecs-tasks.amazonaws.com"}}},
		})
	}
	return needs, nil
}

// target returns what it takes to send to a rule's target.
func target(arn string) (Need, error) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return Need{}, fault.New(fault.Invalid, "%q is not the ARN of a target", arn).WithHint("write arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE")
	}
	need := Need{Resources: []string{arn}, Why: "send to targets"}
	switch service, resource := parts[2], parts[5]; {
	case service == "sqs":
		need.Actions = []string{"sqs:SendMessage"}
	case service == "sns":
		need.Actions = []string{"sns:Publish"}
	case service == "lambda":
		need.Actions = []string{"lambda:InvokeFunction"}
	case service == "states":
		need.Actions = []string{"states:StartExecution"}
	case service == "events":
		need.Actions = []string{"events:PutEvents"}
	case service == "kinesis":
		need.Actions = []string{"kinesis:PutRecord", "kinesis:PutRecords"}
	case service == "firehose":
		need.Actions = []string{"firehose:PutRecord", "firehose:PutRecordBatch"}
	case service == "logs":
		group := strings.TrimSuffix(arn, ":*")
		need.Actions, need.Resources = []string{"logs:CreateLogStream", "logs:PutLogEvents"}, []string{group + ":*"}
	case service == "ecs" && strings.HasPrefix(resource, "cluster/"):
		need.Actions = []string{"ecs:RunTask"}
		need.Resources = []string{strings.Join(parts[:5], ":") + ":task-definition/*"}
		need.Conditions = Conditions{"ArnEquals": {"ecs:cluster": {arn}}}
	case service == "ssm" && strings.HasPrefix(resource, "automation-definition/"):
		need.Actions = []string{"ssm:StartAutomationExecution"}
	case service == "ssm":
		need.Actions = []string{"ssm:SendCommand"}
		need.Resources = append(need.Resources, "arn:"+parts[1]+":ec2:"+parts[3]+":*:instance/*", "arn:"+parts[1]+":ssm:"+parts[3]+":*:managed-instance/*")
	default:
		return Need{}, fault.New(fault.Invalid, "riposte cannot send to %s", arn).
			WithHint("use SNS, SQS, Lambda, Step Functions, an event bus, Kinesis, Firehose, CloudWatch Logs, SSM or ECS")
	}
	return need, nil
}
