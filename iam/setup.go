package iam

import (
	"slices"
	"strings"
)

// Setup is what is enabled in one account, as plain facts. What is empty needs nothing.
type Setup struct {
	Partition string // default aws
	Account   string // 12 digits: the account of the role
	// Responses are the actions of the playbooks that enabled rules start.
	Responses []Response

	// Sources.
	Queues    []string // ARNs of SQS queues that are read
	Buckets   []Bucket
	LogGroups []string // ARNs, with or without the final :*
	Streams   []string // ARNs of Kinesis streams that are read
	Lookup    bool     // CloudTrail's LookupEvents

	// Receivers.
	Topics  []string // ARNs of SNS topics for messages to people
	Anchors []Bucket // in which heads of the audit record are kept, with Object Lock
	Targets []Need   // what sending to rule targets takes
	Calls   []Need   // what playbooks call by themselves; without resources: on those of the account

	// Accounts.
	Members       []string // ARNs of the roles that are assumed; wildcards allowed
	Organizations bool     // riposte discovers accounts
	AccountTags   bool     // rules except accounts by their tags
	Principal     string   // ARN of riposte's role or user: what doctor simulates; "" any of the account
}

// Response is an action of riposte's, as its specification describes it.
type Response struct {
	Name        string
	Permissions []string         // IAM actions
	Within      map[string]Limit // narrower than the permission's resource types; nil: none is
	PlanOnly    bool             // it is only planned: what changes nothing suffices
}

// Limit narrows a permission: resources as the facts write them, nil for all of these; conditions that hold for every call.
type Limit struct {
	Resources  []string
	Conditions Conditions
}

// Bucket is a bucket whose files are read.
type Bucket struct{ Name, Prefix string }

// Responder returns what riposte needs to listen, tell and respond.
func Responder(s Setup) []Need {
	needs := slices.Concat(s.responses("respond"), s.sources(), s.accounts(), s.Targets, s.calls())
	if len(s.Topics) > 0 {
		needs = append(needs, Need{Actions: []string{"sns:Publish"}, Resources: s.Topics, Why: "tell people"})
	}
	for _, b := range s.Anchors {
		needs = append(needs, Need{Actions: []string{"s3:PutObject", "s3:PutObjectRetention"}, Resources: []string{s.bucket(b) + "/" + b.Prefix + "riposte-audit-*"},
			Why: "keep heads of the audit record"})
	}
	return needs
}

// Reader returns what `riposte doctor`, `riposte scan --aws` and `riposte verify-trail` need: nothing that changes anything.
func Reader(s Setup) []Need {
	needs := Look(s)
	for why, actions := range map[string][]string{
		"verify": {"cloudtrail:ListPublicKeys", "ec2:DescribeRegions"},
		"scan":   {"cloudtrail:LookupEvents", "ec2:DescribeRegions"},
		"doctor": {"cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus", "events:ListApiDestinations", "events:ListRules", "events:ListTargetsByRule"},
	} {
		needs = append(needs, s.on(actions, why)...)
	}
	if len(s.Queues) > 0 {
		needs = append(needs, Need{Actions: []string{"sqs:GetQueueAttributes"}, Resources: s.Queues, Why: "doctor"})
	}
	for _, b := range s.Buckets {
		needs = append(needs, Need{Actions: []string{"s3:ListBucket", "s3:GetBucketNotification"}, Resources: []string{s.bucket(b)}, Why: "doctor"})
		needs = append(needs, Need{Actions: []string{"s3:GetBucketLocation", "s3:ListBucket"}, Resources: []string{s.bucket(b)}, Why: "verify"})
		needs = append(needs, Need{Actions: []string{"s3:GetObject"}, Resources: []string{s.bucket(b) + "/" + b.Prefix + "*"}, Why: "verify"})
	}
	for _, b := range s.Anchors {
		needs = append(needs, Need{Actions: []string{"s3:GetBucketObjectLockConfiguration", "s3:GetBucketPolicyStatus"}, Resources: []string{s.bucket(b)}, Why: "doctor"})
	}
	simulate := Need{Actions: []string{"iam:SimulatePrincipalPolicy"}, Why: "doctor"}
	if simulate.Resources = []string{s.Principal}; s.Principal == "" {
		simulate.Resources = resolved(facts["iam:SimulatePrincipalPolicy"], partition(s.Partition), s.Account)
	}
	return append(append(needs, simulate), s.accounts()...)
}

// Respond returns what the actions need, and nothing else of what is enabled.
func Respond(s Setup) []Need { return s.responses("respond") }

// Look returns what planning the actions needs: nothing that changes anything.
func Look(s Setup) []Need {
	planned := s
	planned.Responses = slices.Clone(s.Responses)
	for i := range planned.Responses {
		planned.Responses[i].PlanOnly = true
	}
	return planned.responses("look before responding")
}

func (s Setup) responses(why string) []Need {
	var needs []Need
	for _, r := range s.Responses {
		for _, permission := range r.Permissions {
			if r.PlanOnly && !reads(permission) {
				continue
			}
			needs = append(needs, s.within(permission, r.Within[permission], why))
		}
	}
	return needs
}

// calls allows what playbooks call; where they don't say on what, on everything of the account.
func (s Setup) calls() []Need {
	var needs []Need
	for _, n := range s.Calls {
		if len(n.Resources) > 0 {
			needs = append(needs, n)
			continue
		}
		for _, action := range n.Actions {
			// Buckets may be anybody's: a playbook may read those of other accounts that let it in.
			needs = append(needs, Need{
				Actions: []string{action}, Resources: resolved(facts[action], partition(s.Partition), s.Account), Conditions: n.Conditions, Why: n.Why,
			})
		}
	}
	return needs
}

// on allows actions on all their resources in the account.
func (s Setup) on(actions []string, why string) []Need {
	needs := make([]Need, len(actions))
	for i, action := range actions {
		needs[i] = s.within(action, Limit{}, why)
	}
	return needs
}

// within allows an action in the account, on fewer of its resources where the limit says so.
func (s Setup) within(action string, limit Limit, why string) Need {
	resources := facts[action]
	if limit.Resources != nil {
		resources = limit.Resources
	}
	need := Need{Actions: []string{action}, Resources: resolved(resources, partition(s.Partition), s.Account), Conditions: limit.Conditions, Why: why}
	if anybodys(resources) {
		need.Conditions = with(need.Conditions, "StringEqualsIfExists", "aws:ResourceAccount", s.Account)
	}
	return need
}

func (s Setup) bucket(b Bucket) string { return "arn:" + partition(s.Partition) + ":s3:::" + b.Name }

func (s Setup) sources() []Need {
	var needs []Need
	add := func(resources []string, why string, actions ...string) {
		if len(resources) > 0 {
			needs = append(needs, Need{Actions: actions, Resources: resources, Why: why})
		}
	}
	add(s.Queues, "read queues", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes")
	for _, b := range s.Buckets {
		add([]string{s.bucket(b) + "/" + b.Prefix + "*"}, "read log files", "s3:GetObject")
		add([]string{s.bucket(b)}, "read log files", "s3:ListBucket")
	}
	groups := slices.Clone(s.LogGroups)
	for i, arn := range groups {
		groups[i] = strings.TrimSuffix(arn, ":*") + ":*"
	}
	add(groups, "read log groups", "logs:FilterLogEvents")
	add(s.Streams, "read streams", "kinesis:ListShards", "kinesis:GetShardIterator", "kinesis:GetRecords")
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
	if s.Organizations && s.AccountTags {
		needs = append(needs, Need{Actions: []string{"organizations:ListTagsForResource"}, Why: "accounts"})
	}
	return needs
}
