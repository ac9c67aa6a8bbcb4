package iam_test

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"riposte.dev/iam"
)

func TestMergeIsMinimal(t *testing.T) {
	const a, b, all = "arn:aws:sqs:eu-west-1:111122223333:a", "arn:aws:sqs:eu-west-1:111122223333:b", "arn:aws:sqs:eu-west-1:111122223333:*"
	external := iam.Conditions{"StringEquals": {"sts:ExternalId": {"x1"}}}
	need := func(resource, why string, actions ...string) iam.Need {
		return iam.Need{Actions: actions, Resources: []string{resource}, Why: why}
	}
	statement := func(sid string, actions, resources []string) iam.Statement {
		return iam.Statement{Sid: sid, Effect: "Allow", Action: actions, Resource: resources}
	}
	receive, send := []string{"sqs:ReceiveMessage"}, []string{"sqs:SendMessage"}
	tests := []struct {
		name  string
		needs []iam.Need
		want  []iam.Statement
	}{
		{"nothing", nil, nil},
		{
			"the same twice", []iam.Need{need(a, "read", receive...), need(a, "read", receive...)},
			[]iam.Statement{statement("SqsRead", receive, []string{a})},
		},
		{
			"two resources", []iam.Need{need(b, "read", receive...), need(a, "doctor", receive...)},
			[]iam.Statement{statement("SqsDoctorAndRead", receive, []string{a, b})},
		},
		{
			"covered by a wildcard", []iam.Need{need(a, "read", receive...), need(all, "read", receive...)},
			[]iam.Statement{statement("SqsRead", receive, []string{all})},
		},
		{
			"other resources, other statement", []iam.Need{need(b, "read", "sqs:SendMessage"), need(a, "read", receive...)},
			[]iam.Statement{statement("SqsRead", receive, []string{a}), statement("SqsRead2", send, []string{b})},
		},
		{
			"same resources, one statement", []iam.Need{need(a, "send", send...), need(a, "read", receive...), need(a, "look", "sqs:GetQueueUrl")},
			[]iam.Statement{statement("SqsSeveral", []string{"sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:SendMessage"}, []string{a})},
		},
		{
			"services apart", []iam.Need{need("*", "scan", "ec2:DescribeRegions"), need("*", "scan", "cloudtrail:LookupEvents")},
			[]iam.Statement{statement("CloudtrailScan", []string{"cloudtrail:LookupEvents"}, []string{"*"}), statement("Ec2Scan", []string{"ec2:DescribeRegions"}, []string{"*"})},
		},
		{
			"no resource-level permission", []iam.Need{need("arn:aws:ec2:eu-west-1:111122223333:vpc/v", "look", "ec2:DescribeVpcs")},
			[]iam.Statement{statement("Ec2Look", []string{"ec2:DescribeVpcs"}, []string{"*"})},
		},
		{
			"a condition that does not matter",
			[]iam.Need{{Actions: receive, Resources: []string{a}, Conditions: external, Why: "read"}, need(all, "read", receive...)},
			[]iam.Statement{statement("SqsRead", receive, []string{all})},
		},
		{
			"a condition that matters",
			[]iam.Need{{Actions: receive, Resources: []string{a}, Conditions: external, Why: "read"}, need(b, "read", receive...)},
			[]iam.Statement{
				{Sid: "SqsRead", Effect: "Allow", Action: receive, Resource: []string{a}, Condition: external},
				statement("SqsRead2", receive, []string{b}),
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 5 { // the order of the needs doesn't matter
				rand.Shuffle(len(tt.needs), func(i, j int) { tt.needs[i], tt.needs[j] = tt.needs[j], tt.needs[i] })
				if d := cmp.Diff(tt.want, iam.Merge(tt.needs).Statement); d != "" {
					t.Fatalf("statements (-want +got)\n%s", d)
				}
			}
		})
	}
}
