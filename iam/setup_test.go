package iam_test

import (
	"strings"
	"testing"

	"riposte.dev/action"
	"riposte.dev/action/cloudtrail"
	"riposte.dev/action/ec2"
	"riposte.dev/action/s3"
	"riposte.dev/iam"
	"riposte.dev/sandbox/policy"
)

const account = "111122223333"

func response(a action.Action) iam.Response {
	spec := a.Spec()
	r := iam.Response{Name: spec.Name, Permissions: spec.Permissions, Within: map[string]iam.Limit{}}
	for permission, limit := range spec.Within {
		r.Within[permission] = iam.Limit{Resources: limit.Resources, Conditions: limit.Conditions}
	}
	return r
}

func setup() iam.Setup {
	return iam.Setup{
		Account:   account,
		Responses: []iam.Response{response(cloudtrail.NewStartLogging(nil)), response(ec2.NewRevokeIngress(nil, ec2.Options{})), response(s3.NewBlockBucket(nil))},
		Queues:    []string{"arn:aws:sqs:eu-west-1:111122223333:events"}, Buckets: []iam.Bucket{{Name: "trail-logs", Prefix: "AWSLogs/"}},
		LogGroups: []string{"arn:aws:logs:eu-west-1:111122223333:log-group:trail"}, Streams: []string{"arn:aws:kinesis:eu-west-1:111122223333:stream/trail"},
		Lookup: true,
		Topics: []string{"arn:aws:sns:eu-west-1:111122223333:security"}, Anchors: []iam.Bucket{{Name: "vault", Prefix: "heads/"}},
		Targets: []iam.Need{
			{Actions: []string{"sqs:SendMessage"}, Resources: []string{"arn:aws:sqs:eu-west-1:111122223333:out"}, Why: "send to targets"},
			{Actions: []string{"newservice:Send"}, Resources: []string{"arn:aws:newservice:eu-west-1:111122223333:box/b"}, Why: "send to targets"},
			{
				Actions: []string{"iam:PassRole"}, Resources: []string{"arn:aws:iam::111122223333:role/task"}, Why: "run tasks",
				Conditions: iam.Conditions{"StringEquals": {"iam:PassedToService": {"ecs-tasks.amazonaws.com"}}},
			},
		},
		Calls: []iam.Need{
			{Actions: []string{"kms:EnableKey", "newservice:Call"}, Why: "calls of playbooks"},
			{Actions: []string{"lambda:InvokeFunction"}, Resources: []string{"arn:aws:lambda:eu-west-1:444455556666:function:f"}, Why: "calls of playbooks"},
		},
		Members: []string{"arn:aws:iam::*:role/riposte"}, Organizations: true, AccountTags: true,
		Principal: "arn:aws:iam::111122223333:role/riposte-engine",
	}
}

// allows asks the sandbox's policy evaluation, which knows nothing of this package.
func allows(t *testing.T, p iam.Policy, action, resource string, ctx policy.Context) bool {
	t.Helper()
	text, err := p.JSON()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := policy.Parse(text)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return policy.Evaluate([]*policy.Document{doc}, &policy.Request{Action: action, Resource: resource, AccountID: account, Context: ctx}) == policy.Allowed
}

func TestResponderAllowsWhatIsNeededAndNoMore(t *testing.T) {
	p := iam.Merge(iam.Responder(setup()))
	if p.Size() > iam.ManagedLimit {
		t.Errorf("%d characters", p.Size())
	}
	const here = ":eu-west-1:111122223333:"
	tests := []struct {
		action, resource string
		context          policy.Context
		want             bool
	}{
		{"cloudtrail:StartLogging", "arn:aws:cloudtrail" + here + "trail/main", nil, true},
		{"cloudtrail:StartLogging", "arn:aws:cloudtrail:eu-west-1:444455556666:trail/main", nil, false},
		{"cloudtrail:DeleteTrail", "arn:aws:cloudtrail" + here + "trail/main", nil, false},
		{"cloudtrail:DescribeTrails", "*", nil, true},
		{"cloudtrail:LookupEvents", "*", nil, true},
		{"ec2:RevokeSecurityGroupIngress", "arn:aws:ec2" + here + "security-group/sg-1", nil, true},
		{"ec2:CreateTags", "arn:aws:ec2" + here + "security-group-rule/sgr-1", nil, true},
		{"ec2:CreateTags", "arn:aws:ec2" + here + "instance/i-1", nil, false},
		{"sqs:DeleteMessage", "arn:aws:sqs" + here + "events", nil, true},
		{"sqs:DeleteMessage", "arn:aws:sqs" + here + "out", nil, false},
		{"sqs:SendMessage", "arn:aws:sqs" + here + "out", nil, true},
		{"s3:GetObject", "arn:aws:s3:::trail-logs/AWSLogs/x.gz", nil, true},
		{"s3:GetObject", "arn:aws:s3:::trail-logs/other", nil, false},
		{"s3:PutObject", "arn:aws:s3:::trail-logs/AWSLogs/x.gz", nil, false},
		{"s3:PutObject", "arn:aws:s3:::vault/heads/riposte-audit-20261121T120000Z-7.json", nil, true},
		{"s3:PutObjectRetention", "arn:aws:s3:::vault/heads/riposte-audit-20261121T120000Z-7.json", nil, true},
		{"s3:PutObject", "arn:aws:s3:::vault/other", nil, false},
		{"s3:DeleteObject", "arn:aws:s3:::vault/heads/riposte-audit-20261121T120000Z-7.json", nil, false},
		{"logs:FilterLogEvents", "arn:aws:logs" + here + "log-group:trail:log-stream:", nil, true},
		{"kinesis:GetRecords", "arn:aws:kinesis" + here + "stream/trail", nil, true},
		{"sns:Publish", "arn:aws:sns" + here + "security", nil, true},
		{"sns:Publish", "arn:aws:sns" + here + "other", nil, false},
		{"newservice:Send", "arn:aws:newservice" + here + "box/b", nil, true},
		{"newservice:Send", "arn:aws:newservice" + here + "box/c", nil, false},
		{"iam:PassRole", "arn:aws:iam::111122223333:role/task", policy.Context{"iam:passedtoservice": {"ecs-tasks.amazonaws.com"}}, true},
		{"iam:PassRole", "arn:aws:iam::111122223333:role/task", nil, false},
		{"sts:AssumeRole", "arn:aws:iam::444455556666:role/riposte", nil, true},
		{"sts:AssumeRole", "arn:aws:iam::444455556666:role/admin", nil, false},
		{"organizations:ListAccounts", "*", nil, true},
		{"organizations:ListTagsForResource", "arn:aws:organizations::111122223333:account/o-example/444455556666", nil, true},
		{"iam:CreateUser", "*", nil, false},
		{"kms:EnableKey", "arn:aws:kms" + here + "key/k", nil, true},
		{"kms:EnableKey", "arn:aws:kms:eu-west-1:444455556666:key/k", nil, false},
		{"newservice:Call", "arn:aws:newservice:eu-west-1:444455556666:box/b", nil, true},
		{"lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:444455556666:function:f", nil, true},
		{"lambda:InvokeFunction", "arn:aws:lambda" + here + "function:f", nil, false},
		{"s3:PutBucketPublicAccessBlock", "arn:aws:s3:::any", policy.Context{"aws:resourceaccount": {account}}, true},
		{"s3:PutBucketPublicAccessBlock", "arn:aws:s3:::any", policy.Context{"aws:resourceaccount": {"444455556666"}}, false},
	}
	for _, tt := range tests {
		if got := allows(t, p, tt.action, tt.resource, tt.context); got != tt.want {
			t.Errorf("%s on %s %v: %v, want %v", tt.action, tt.resource, tt.context, got, tt.want)
		}
	}
}

func TestReaderChangesNothing(t *testing.T) {
	p := iam.Merge(iam.Reader(setup()))
	for _, s := range p.Statement {
		for _, action := range s.Action {
			_, verb, _ := strings.Cut(action, ":")
			ok := action == "sts:AssumeRole"
			for _, read := range []string{"Describe", "Get", "List", "Lookup", "Simulate"} {
				ok = ok || strings.HasPrefix(verb, read)
			}
			if !ok {
				t.Errorf("the reader may %s", action)
			}
		}
	}
	for action, resource := range map[string]string{
		"cloudtrail:LookupEvents": "*", "cloudtrail:ListPublicKeys": "*", "events:ListRules": "*", "ec2:DescribeSecurityGroups": "*",
		"events:ListTargetsByRule":    "arn:aws:events:us-east-1:111122223333:rule/r",
		"sqs:GetQueueAttributes":      "arn:aws:sqs:eu-west-1:111122223333:events",
		"s3:ListBucket":               "arn:aws:s3:::trail-logs",
		"s3:GetBucketNotification":    "arn:aws:s3:::trail-logs",
		"s3:GetBucketLocation":        "arn:aws:s3:::trail-logs",
		"s3:GetObject":                "arn:aws:s3:::trail-logs/AWSLogs/x.gz",
		"iam:SimulatePrincipalPolicy": "arn:aws:iam::111122223333:role/riposte-engine",
	} {
		if !allows(t, p, action, resource, nil) {
			t.Errorf("the reader may not %s on %s", action, resource)
		}
	}
}

func TestTagsGoOnlyWhereTheActionsPutThem(t *testing.T) {
	const instance, rule = "arn:aws:ec2:eu-west-1:111122223333:instance/i-1", "arn:aws:ec2:eu-west-1:111122223333:security-group-rule/sgr-1"
	for _, tt := range []struct {
		name   string
		action action.Action
		rule   bool
		want   bool
	}{
		{"rules alone", ec2.NewRevokeIngress(nil, ec2.Options{}), true, false},
		{"instances that are isolated", ec2.NewIsolate(nil), false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := iam.Merge(iam.Responder(iam.Setup{Account: "111122223333", Responses: []iam.Response{response(tt.action)}}))
			if got := allows(t, p, "ec2:CreateTags", instance, nil); got != tt.want {
				t.Errorf("tagging an instance is allowed: %v, want %v", got, tt.want)
			}
			if got := allows(t, p, "ec2:CreateTags", rule, nil); got != tt.rule {
				t.Errorf("tagging a rule is allowed: %v, want %v", got, tt.rule)
			}
		})
	}
}

func TestWhatIsOnlyPlannedChangesNothing(t *testing.T) {
	r := response(s3.NewBlockBucket(nil))
	r.PlanOnly = true
	p := iam.Merge(iam.Respond(iam.Setup{Account: account, Responses: []iam.Response{r}}))
	own := policy.Context{"aws:resourceaccount": {account}}
	if !allows(t, p, "s3:GetBucketPublicAccessBlock", "arn:aws:s3:::any", own) || allows(t, p, "s3:PutBucketPublicAccessBlock", "arn:aws:s3:::any", own) {
		t.Errorf("a plan may %+v, want it to read alone", p)
	}
}

func TestLimitsNarrow(t *testing.T) {
	p := iam.Merge(iam.Respond(iam.Setup{Account: account, Responses: []iam.Response{response(ec2.NewDetachProfile(nil)), response(ec2.NewCreateSnapshots(nil))}}))
	const here = ":eu-west-1:111122223333:"
	for _, tt := range []struct {
		action, resource string
		context          policy.Context
		want             bool
	}{
		{"iam:PassRole", "arn:aws:iam::111122223333:role/r", policy.Context{"iam:passedtoservice": {"ec2.amazonaws.com"}}, true},
		{"iam:PassRole", "arn:aws:iam::111122223333:role/r", policy.Context{"iam:passedtoservice": {"lambda.amazonaws.com"}}, false},
		{"ec2:CreateTags", "arn:aws:ec2:eu-west-1::snapshot/s", policy.Context{"ec2:createaction": {"CreateSnapshots"}}, true},
		{"ec2:CreateTags", "arn:aws:ec2:eu-west-1::snapshot/s", nil, false},
		{"ec2:CreateTags", "arn:aws:ec2" + here + "instance/i-1", policy.Context{"ec2:createaction": {"CreateSnapshots"}}, false},
	} {
		if got := allows(t, p, tt.action, tt.resource, tt.context); got != tt.want {
			t.Errorf("%s on %s %v: %v, want %v", tt.action, tt.resource, tt.context, got, tt.want)
		}
	}
}
